"""``candela replay`` sends a recorded request again through the running candela, after asking."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from candela_tui.cli.commands.replay import replay
from candela_tui.cli.invocation import Invocation
from tests.proxy.running import RunningProxy, WireClient, running
from tests.standin import Provider, message, text


@pytest.fixture
async def candela(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunningProxy]:
    """A proxy that has stored one request."""
    provider.answer(message(text("one")), message(text("two"), model="claude-haiku-4-5", output_tokens=7))
    async with running(provider, tmp_path) as proxy:
        monkeypatch.setenv("CANDELA_PROXY__PORT", str(proxy.port))
        async with WireClient(proxy.port) as client:
            await client.post()
            await client.until(b"0\r\n\r\n")
        await proxy.stored((await proxy.exchange()).id)
        yield proxy


async def run(candela: RunningProxy, *words: str) -> Result:
    invocation = Invocation(candela.paths.config, candela.paths.data)
    return await asyncio.to_thread(CliRunner().invoke, replay, words, obj=invocation)


async def test_the_answers_are_compared(candela: RunningProxy, provider: Provider) -> None:
    first = (await candela.exchange()).id
    ran = await run(candela, first[:12], "--model", "claude-haiku-4-5", "--yes")
    assert ran.exit_code == 0, ran.output
    assert provider.requests[1].json["model"] == "claude-haiku-4-5"
    rows = {line[:14].strip(): line[14:].split() for line in ran.output.splitlines()}
    assert rows["model"] == ["claude-opus-4-8", "claude-haiku-4-5"]
    assert rows["output tokens"] == ["15", "7"]


async def test_the_new_request_is_printed_as_json(candela: RunningProxy) -> None:
    first = (await candela.exchange()).id
    ran = await run(candela, first, "--yes", "--json")
    record: dict[str, Any] = json.loads(ran.output)
    assert (record["replayed"], record["outcome"]) == (first, "ok")


async def test_without_yes_and_a_terminal_nothing_is_sent(candela: RunningProxy, provider: Provider) -> None:
    ran = await run(candela, (await candela.exchange()).id)
    assert (ran.exit_code, len(provider.requests)) == (2, 1)
    assert "Give --yes" in ran.output


async def test_an_unknown_request_is_named(candela: RunningProxy) -> None:
    ran = await run(candela, "ffff", "--yes")
    assert ran.exit_code == 1
    assert "No recorded request has an id that begins with 'ffff'." in ran.output


async def test_without_a_running_candela_it_says_how_to_start_one(candela: RunningProxy) -> None:
    first = (await candela.exchange()).id
    await candela.stop(0)
    ran = await run(candela, first, "--yes")
    assert ran.exit_code == 1
    assert "Start one with `candela start`." in ran.output
