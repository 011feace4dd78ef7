import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.proxy.running import RunningProxy, running
from tests.standin import Provider
from tests.standin.aws import AwsProvider
from tests.standin.aws_messages import ClaudeAws, Mantle
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
    async with Bedrock() as running:
        _as_user_of(running, tmp_path, monkeypatch)
        yield running


@pytest.fixture
async def over_bedrock(bedrock: Bedrock, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """candela towards it."""
    async with running(bedrock, tmp_path, sections={"aws": {"base_url": bedrock.url}}) as proxy:
        yield proxy


@pytest.fixture
async def mantle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mantle]:
    """A stand-in for Bedrock's Messages endpoint, with the environment of a user whose profile has keys for it."""
    async with Mantle() as running:
        _as_user_of(running, tmp_path, monkeypatch)
        yield running


@pytest.fixture
async def claude_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClaudeAws]:
    """A stand-in for Claude Platform on AWS, with the environment of a user whose profile has keys for it."""
    async with ClaudeAws() as running:
        _as_user_of(running, tmp_path, monkeypatch)
        yield running


def _as_user_of(place: AwsProvider, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)
    for name, value in place.environment(folder).items():
        monkeypatch.setenv(name, value)
