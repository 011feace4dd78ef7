from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.proxy.running import RunningProxy, running
from tests.standin import Provider


@pytest.fixture
async def candela(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    async with running(provider, tmp_path) as proxy:
        yield proxy


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that changes nothing by itself and undoes no compression."""
    async with aiohttp.ClientSession(
        auto_decompress=False, skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
    ) as session:
        yield session
