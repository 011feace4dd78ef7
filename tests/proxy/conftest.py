import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.proxy.running import RunningProxy, running
from tests.standin import Provider
from tests.standin.bedrock import Bedrock
from tests.standin.vertex import Vertex


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


@pytest.fixture
async def vertex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vertex]:
    """A stand-in for Vertex AI, with the environment of a user who has its service account."""
    for name in ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT", "CLOUD_ML_REGION"):
        monkeypatch.delenv(name, raising=False)
    async with Vertex() as running:
        for name, value in running.environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
async def over_vertex(vertex: Vertex, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """candela towards it."""
    async with running(vertex, tmp_path, sections={"vertex": {"base_url": vertex.url}}) as proxy:
        yield proxy


@pytest.fixture
async def bedrock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bedrock]:
    """A stand-in for Bedrock, with the environment of a user whose profile has keys for it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    async with Bedrock() as running:
        for name, value in running.environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
async def over_bedrock(bedrock: Bedrock, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """candela towards it."""
    async with running(bedrock, tmp_path, sections={"aws": {"base_url": bedrock.url}}) as proxy:
        yield proxy
