"""Fixtures of the command's tests."""

import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.command import Home
from tests.e2e.terminal import Terminal
from tests.standin import Provider


@pytest.fixture
async def home(tmp_path: Path, provider: Provider) -> AsyncIterator[Home]:
    """A home whose provider is the stand-in. A background candela that a test leaves is ended."""
    fresh = Home(tmp_path, provider.url)
    yield fresh
    left = fresh.data / "candela.pid"
    if left.exists():
        await fresh.run("stop")
    if left.exists():
        os.kill(json.loads(left.read_text())["pid"], signal.SIGKILL)


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """A terminal of 120 columns and 36 lines."""
    async with Terminal(tmp_path / "tmux", 120, 36) as running:
        yield running
