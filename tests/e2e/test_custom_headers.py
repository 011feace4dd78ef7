"""The user's own header fields (ANTHROPIC_CUSTOM_HEADERS) reach the provider with the bytes that the client sends."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.candela import Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.standin import Provider

pytestmark = pytest.mark.e2e


async def test_a_name_beyond_ascii_reaches_the_provider_as_the_client_writes_it(claude: Claude, tmp_path: Path) -> None:
    async with Provider() as straight, Provider() as provider, Candela(tmp_path / "data", provider.url) as candela:
        for name, base_url in (("straight", straight.url), ("through", candela.url)):
            environment = clean_environment(
                tmp_path / name / "home",
                ANTHROPIC_BASE_URL=base_url,
                ANTHROPIC_CUSTOM_HEADERS="X-User: André",
                LANG="C.UTF-8",
            )
            await asyncio.to_thread((tmp_path / name / "project").mkdir)
            run = await run_claude(claude, "say hi", environment, tmp_path / name / "project")
            assert run.code == 0
        sent = {request.header("x-user") for request in straight.requests if request.method == "POST"}
        # 2.1.332 writes Latin-1, 2.1.197 UTF-8, which the stand-in reads as Latin-1, too.
        assert sent in ({"André"}, {"AndrÃ©"})
        assert {request.header("x-user") for request in provider.requests if request.method == "POST"} == sent
