"""Changed rules are in force without a restart: for new requests, and only if the file has no mistake."""

import asyncio
from pathlib import Path

import aiohttp

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.attach.server import LocalServer
from candela_tui.config import RulesSettings, Settings
from candela_tui.providers.identity import RouteName
from candela_tui.providers.upstream import ClientRequest
from candela_tui.rules.in_force import RuledUpstreams
from tests.proxy.running import BODY, RunningProxy
from tests.rules.budgets.making import context_of
from tests.rules.test_models import Passes
from tests.standin import Gate, Provider, message, text, tool_use

DENIED = '[rules.models]\ndeny = ["claude-opus-*"]\n'


async def status(proxy: RunningProxy) -> int:
    async with aiohttp.ClientSession() as client, client.post(f"{proxy.url}/v1/messages", data=BODY) as answer:
        await answer.read()
        return answer.status


def control_of(proxy: RunningProxy) -> Control:
    return Control(Client(LocalServer(proxy.port, proxy.paths.token)), lambda _: None)


async def test_a_file_that_changes_is_followed(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        assert await status(proxy) == 200
        proxy.paths.config.write_text(DENIED)
        await proxy.noticed("Requests from now on follow [rules] models.")
        assert await status(proxy) == 402
        proxy.paths.config.unlink()
        await proxy.noticed("Requests from now on follow no rule.")
        assert await status(proxy) == 200


async def test_a_rule_is_in_force_once_the_local_api_has_answered(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        control = control_of(proxy)
        assert (await asyncio.to_thread(control.rules)).file == str(proxy.paths.config)
        proxy.paths.config.write_text(DENIED)
        state = await asyncio.to_thread(control.read_rules)
        assert (state.file, state.trouble) == (str(proxy.paths.config), None)
        assert await status(proxy) == 402


async def test_a_mistake_leaves_the_rules_as_they_were_and_is_told_once(provider: Provider, tmp_path: Path) -> None:
    sections = {"rules": {"models": {"deny": ["claude-opus-*"]}}}
    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        control, config = control_of(proxy), proxy.paths.config
        config.write_text('[[rules.tools]]\nname = "x"\ndeny = ["Read", "Bash(git push"]\n')
        told = "The rules stay as they were, because config.toml can't be used."
        await proxy.noticed(told)
        for _ in range(2):
            trouble = (await asyncio.to_thread(control.read_rules)).trouble or ""
            assert trouble.startswith(f"{config}: rules.tools")
            assert "it is not a tool such as Bash" in trouble
            assert await status(proxy) == 402
        assert [notice for notice in proxy.notices if told in notice] == [f"{told}\n{trouble}"]
        config.write_text(DENIED)
        await proxy.noticed("has no mistake any more. Its rules are in force.")
        assert (await asyncio.to_thread(control.rules)).trouble is None
        assert await status(proxy) == 402


async def test_a_filter_with_a_mistake_leaves_the_rules_as_they_were(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        proxy.paths.config.write_text('[[rules.tools]]\ndeny = ["Read"]\nmatch = "agnet:x"\n')
        trouble = (await asyncio.to_thread(control_of(proxy).read_rules)).trouble or ""
        assert trouble.startswith(f"{proxy.paths.config}: rules.tools.0.match: the filter has a mistake")
        assert await status(proxy) == 200


async def test_a_request_in_flight_keeps_the_rules_that_it_began_with(provider: Provider, tmp_path: Path) -> None:
    gate = Gate()
    push = tool_use("Bash", {"command": "git push"})
    provider.answer(message(text("I push.", gate), push), message(push))
    no_pushes = {"tools": [{"name": "no pushes", "deny": ["Bash(git push *)"]}]}
    async with RunningProxy(provider.url, tmp_path, sections={"rules": no_pushes}) as proxy:
        async with aiohttp.ClientSession() as client, client.post(f"{proxy.url}/v1/messages", data=BODY) as answer:
            await gate.reached()
            proxy.paths.config.write_text("[rules]\n")
            await asyncio.to_thread(control_of(proxy).read_rules)
            gate.open()
            assert b'the rule \\"no pushes\\" denies' in await answer.read()
        async with aiohttp.ClientSession() as client, client.post(f"{proxy.url}/v1/messages", data=BODY) as answer:
            assert await answer.read() == provider.requests[1].sent


async def test_without_a_rule_a_request_gets_the_attempt_of_the_upstream_itself() -> None:
    upstream = Passes()
    ruled = RuledUpstreams({RouteName.DIRECT: upstream}, Settings(), context_of())
    ruled.apply(RulesSettings.model_validate({"models": {"deny": ["x"]}}))
    assert ruled.ruled
    ruled.apply(RulesSettings())
    assert not ruled.ruled
    asked = ClientRequest("POST", "/v1/messages", [], b"{}")
    assert await ruled.by_route[RouteName.DIRECT].attempt(asked) == await upstream.attempt(asked)
    await ruled.close()
    assert upstream.closed
