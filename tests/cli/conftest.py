"""Fixtures of the command's tests."""

import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from candela_tui.exchange import Outcome
from candela_tui.protocol.errors import ApiError
from tests.cli.command import OTHER, Home
from tests.e2e.terminal import Terminal
from tests.reports.exchanges import exchange
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


@pytest.fixture
def recorded(home: Home) -> Home:
    """Two sessions, and one request that named none."""
    home.record(
        exchange(1, request_headers=(("User-Agent", "claude-cli"), ("x-api-key", "[redacted]"))),
        exchange(2, agent_id="agent-7"),
        exchange(
            3,
            session_id=OTHER,
            usage=None,
            cost=None,
            outcome=Outcome.ERROR,
            status=529,
            error=ApiError("overloaded_error", "Overloaded"),
        ),
        exchange(4, session_id=None),
        request=b'{"model": "claude-opus-4-8"}',
        response=b"event: message_stop\r\ndata: {}\r\n\r\n",
    )
    return home
