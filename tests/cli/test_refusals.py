"""``candela providers`` about what models refused."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from candela_tui.attach.client import Client
from candela_tui.attach.server import LocalServer
from candela_tui.cli.commands.providers import providers
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.terminal.refusals import refusal_lines
from candela_tui.protocol.clouds.refusals import RefusedParts
from candela_tui.providers.identity import Provider
from tests.proxy.running import RunningProxy, running
from tests.standin import Provider as StandIn

OPUS, HAIKU = "us.anthropic.claude-opus-4-8", "claude-haiku-4-5@20251001"


@pytest.fixture
async def candela(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with StandIn() as provider, running(provider, tmp_path) as proxy:
        monkeypatch.setenv("CANDELA_PROXY__PORT", str(proxy.port))
        refusals = proxy.proxy.refusals
        strict = RefusedParts(fields=frozenset({"tools.custom.strict"}))
        refusals.memory(Provider.BEDROCK, counts=False).add(OPUS, strict, "strict: Extra inputs are not permitted")
        refusals.memory(Provider.VERTEX, counts=True).add(HAIKU, RefusedParts(unnamed=True), "invalid", ["a", "b"])
        yield proxy


async def run(candela: RunningProxy, *words: str) -> str:
    invocation = Invocation(candela.paths.config, candela.paths.data)
    ran = await asyncio.to_thread(CliRunner().invoke, providers, words, obj=invocation)
    assert ran.exit_code == 0, ran.output
    return ran.output


async def test_one_model_lists_what_it_refused_and_how_to_forget_it(candela: RunningProxy) -> None:
    listed = await run(candela, "claude-opus-4-8")
    assert "tools.custom.strict  messages" in listed
    assert "haiku" not in listed
    assert "`candela providers --forget [MODEL]` forgets them." in listed
    (refused,) = json.loads(await run(candela, "claude-opus-4-8", "--json"))["refused"]
    assert (refused["model"], refused["part"], refused["name"]) == (OPUS, "field", "tools.custom.strict")
    none = await run(candela, "claude-opus-5")
    assert none.endswith("\nThe running candela remembers no refusal by claude-opus-5.\n")


async def test_one_model_or_all_are_forgotten(candela: RunningProxy) -> None:
    assert await run(candela, "--forget", "claude-opus-4-8") == "Forgot 1 refusal by claude-opus-4-8.\n"
    assert await run(candela, "--forget") == "Forgot 2 refusals.\n"
    assert await run(candela, "--forget") == "Forgot 0 refusals.\n"


async def test_flags_that_are_only_suspected_are_marked(candela: RunningProxy) -> None:
    client = Client(LocalServer(candela.port, candela.paths.token))
    lines = refusal_lines(await asyncio.to_thread(client.refusals), None)
    assert len(lines) == 7
    for name, line in zip(("tools.custom.strict", "a?", "b?"), lines[2:5], strict=True):
        assert name in line.split()
    assert lines[-2].startswith("? may be the flag")
    assert refusal_lines((), None) == []
