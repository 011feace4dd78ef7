"""The real client waits for a request that is held, and goes on with what it is answered."""

import asyncio
from pathlib import Path

import pytest

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.attach.remote_history import RemoteHistory
from candela_tui.attach.server import LocalServer
from candela_tui.store.reader import StoreReader
from tests.e2e.candela import PATIENCE_S, Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.standin import Provider

pytestmark = pytest.mark.e2e

HELD_S = 5
"""Longer than any of the client's pauses before it sends a request again."""


async def test_the_client_waits_for_a_held_request_and_takes_the_answer_to_the_edited_one(
    claude: Claude, tmp_path: Path
) -> None:
    async with Provider() as provider, Candela(tmp_path / "data", provider.url) as candela:
        client = Client(LocalServer(candela.port, candela.data / "api-token"))
        control = Control(client, lambda _: None)
        await asyncio.to_thread(control.intercept, "kind:messages")
        environment = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=candela.url)
        project = tmp_path / "project"
        await asyncio.to_thread(project.mkdir)
        running = asyncio.create_task(run_claude(claude, "say hi", environment, project))
        async with asyncio.timeout(PATIENCE_S):
            while not (held := (await asyncio.to_thread(client.intercepts)).held):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        await asyncio.sleep(HELD_S)
        history = RemoteHistory(client, StoreReader(candela.data / "candela.db"))
        body = await asyncio.to_thread(history.request_body, held[0])
        assert body is not None
        edited = body.replace(b"say hi", b"say bye")
        assert edited != body
        assert await asyncio.to_thread(control.release, held[0], edited) is True
        run = await running
        await asyncio.to_thread(control.stop_intercepting)
        assert run.code == 0
        sent = [each.body for each in provider.requests if b"say " in each.body and each.method == "POST"]
        assert [b"say bye" in each for each in sent if len(each) > 20_000] == [True]
        [row] = [row for row in await candela.records("requests") if row["id"] == held[0]]
        assert row["outcome"] == "ok"
        assert row["held_ms"] >= HELD_S * 1000
        assert row["adapted"].startswith("edit messages[")
