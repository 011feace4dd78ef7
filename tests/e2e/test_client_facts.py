"""What candela says of Claude Code's variables is what the client does, in each version that is here."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from candela_tui.claude_code.features import (
    HINT_HEADERS,
    HINT_HEADERS_SINCE,
    TOOL_SEARCH,
    tool_search_by_default,
    turns_tool_search_off,
)
from candela_tui.claude_code.models import ANTHROPIC_HOST, haiku_of
from candela_tui.claude_code.variables import BASE_URL, is_base_url, is_socket, is_switch, leads_past_for_certain
from candela_tui.cli.claude.environment import RouteOptions, changes
from candela_tui.providers.identity import RouteName, route_of
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.claude_variables import variables_of
from tests.e2e.connect_proxy import ConnectProxy
from tests.e2e.scenarios import is_messages, plain
from tests.standin import Provider, ReceivedRequest

pytestmark = pytest.mark.e2e

_AT_ONCE = 3

LEAD_PAST = {
    "ANTHROPIC_UNIX_SOCKET",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_VERTEX",
}
SUSPECT = {
    # Where a provider answers, once its switch is on.
    "ANTHROPIC_AWS_BASE_URL",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_BEDROCK_MANTLE_BASE_URL",
    "ANTHROPIC_FOUNDRY_BASE_URL",
    "ANTHROPIC_GOOGLE_CLOUD_BASE_URL",
    "ANTHROPIC_VERTEX_BASE_URL",
    # For a session inside another one's runner.
    "CLAUDE_CODE_RUNNER_MODEL_SOCKET",
    # Together with a login to a gateway.
    "CLAUDE_CODE_USE_GATEWAY",
}
HARMLESS = {
    BASE_URL,
    "CLAUDE_CODE_CCR_WORKER_SOCKET",
    # Read for what the client's sandbox runs, not for its own requests.
    "CLAUDE_CODE_HTTPS_PROXY",
    "CLAUDE_CODE_HTTP_PROXY",
    "CLAUDE_CODE_MESSAGING_SOCKET",
    "CLAUDE_CODE_SKIP_ANTHROPIC_AWS_AUTH",
    "CLAUDE_CODE_SKIP_ANTHROPIC_GOOGLE_CLOUD_AUTH",
    "CLAUDE_CODE_SKIP_BEDROCK_AUTH",
    "CLAUDE_CODE_SKIP_FOUNDRY_AUTH",
    "CLAUDE_CODE_SKIP_MANTLE_AUTH",
    "CLAUDE_CODE_SKIP_VERTEX_AUTH",
    "CLAUDE_CODE_USE_CCR_V2",
    "CLAUDE_CODE_USE_COWORK_PLUGINS",
    "CLAUDE_CODE_USE_NATIVE_FILE_SEARCH",
    "CLAUDE_CODE_USE_POWERSHELL_TOOL",
}
CLOUD_OF_A_SWITCH = {
    "AWS_REGION": "us-east-1",
    "CLOUD_ML_REGION": "global",
    "ANTHROPIC_VERTEX_PROJECT_ID": "p",
    "ANTHROPIC_GOOGLE_CLOUD_PROJECT": "p",
    "ANTHROPIC_GOOGLE_CLOUD_WORKSPACE_ID": "w",
    "ANTHROPIC_AWS_WORKSPACE_ID": "w",
}


def test_its_program_has_no_variable_that_is_not_known_here(claude: Claude) -> None:
    assert claude.known_version
    assert variables_of(Path(claude.path)) - LEAD_PAST - SUSPECT - HARMLESS == set()


@pytest.mark.parametrize("name", sorted(LEAD_PAST | SUSPECT | HARMLESS))
def test_each_variable_is_taken_for_what_it_is(name: str) -> None:
    assert leads_past_for_certain(name) is (name in LEAD_PAST)
    suspect = (is_switch(name) or is_socket(name) or is_base_url(name)) and name != BASE_URL
    assert suspect is (name not in HARMLESS)


async def _asked(
    claude: Claude, folder: Path, environ: Mapping[str, str], provider: Provider, *words: str
) -> list[ReceivedRequest]:
    """The messages that a run asks of a provider."""
    folder.mkdir(parents=True)
    already = len(provider.requests)
    environment = clean_environment(folder / "home", CLAUDE_CODE_MAX_RETRIES="0") | environ
    await run_claude(claude, "say hi", environment, folder, *words)
    return [request for request in provider.requests[already:] if is_messages(request)]


async def test_what_leads_past_the_base_url_does(claude: Claude, tmp_path: Path) -> None:
    names = sorted(LEAD_PAST & variables_of(Path(claude.path)))
    assert claude.known_version
    slots = asyncio.Semaphore(_AT_ONCE)

    async def reached(name: str) -> bool:
        async with slots, Provider() as provider, Provider() as elsewhere:
            provider.respond = elsewhere.respond = plain()
            bases = {each: elsewhere.url for each in SUSPECT if is_base_url(each)}
            skipped = {name.replace("_USE_", "_SKIP_") + "_AUTH": "1"}
            value = str(tmp_path / "no.sock") if is_socket(name) else "1"
            environ = {**bases, **skipped, **CLOUD_OF_A_SWITCH, BASE_URL: provider.url, name: value}
            return bool(await _asked(claude, tmp_path / name, environ, provider))

    arrived = await asyncio.gather(*map(reached, names))
    assert [name for name, there in zip(names, arrived, strict=True) if there] == []


async def test_nothing_leads_past_candela_once_its_environment_is_set(claude: Claude, tmp_path: Path) -> None:
    async with Provider() as provider, Provider() as elsewhere:
        provider.respond = elsewhere.respond = plain()
        switches = dict.fromkeys((name for name in LEAD_PAST | SUSPECT if is_switch(name)), "1")
        sockets = dict.fromkeys((name for name in LEAD_PAST | SUSPECT if is_socket(name)), str(tmp_path / "no.sock"))
        bases = dict.fromkeys((name for name in SUSPECT if is_base_url(name)), elsewhere.url)
        proxies = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), elsewhere.url)
        shell = {**switches, **sockets, **bases, **proxies, BASE_URL: elsewhere.url}
        port = urlsplit(provider.url).port
        assert port is not None
        made = changes(RouteOptions(route_of(RouteName.DIRECT)), port, shell)
        assert await _asked(claude, tmp_path / "shell", made.applied_to(shell), provider)

        # The form of settings.json can't unset: it makes them empty, which does not help against a socket.
        shell = {name: value for name, value in shell.items() if not is_socket(name)}
        settings = tmp_path / "settings" / "home" / ".claude" / "settings.json"
        await asyncio.to_thread(settings.parent.mkdir, parents=True)
        await asyncio.to_thread(settings.write_text, json.dumps({"env": made.as_settings()}))
        environment = clean_environment(settings.parents[1], CLAUDE_CODE_MAX_RETRIES="0") | shell
        await run_claude(claude, "say hi", environment, settings.parents[2])
        assert sum(map(is_messages, provider.requests)) == 2
        assert not any(map(is_messages, elsewhere.requests))


@pytest.mark.parametrize("value", [None, "true", "auto"])
async def test_tool_search_and_hint_headers(claude: Claude, tmp_path: Path, value: str | None) -> None:
    version = claude.known_version
    searches = tool_search_by_default(version) if value is None else not turns_tool_search_off(value)
    async with Provider() as provider:
        provider.respond = plain()
        environ = {BASE_URL: provider.url, HINT_HEADERS: "1"} | ({TOOL_SEARCH: value} if value else {})
        [request] = await _asked(claude, tmp_path / "run", environ, provider)
    assert ("ToolSearch" in [tool["name"] for tool in request.json["tools"]]) is searches
    assert (request.header("x-claude-code-request-class") == "main") is (version >= HINT_HEADERS_SINCE)


async def test_the_small_model_is_the_one_of_the_table(claude: Claude, tmp_path: Path) -> None:
    version = claude.known_version
    async with Provider() as provider, ConnectProxy(ANTHROPIC_HOST, provider.url) as proxy:
        provider.respond = plain()
        authority = tmp_path / "ca.pem"
        await asyncio.to_thread(authority.write_bytes, proxy.ca_pem)
        environ = {"HTTPS_PROXY": proxy.url, "NODE_EXTRA_CA_CERTS": str(authority)}
        [request] = await _asked(claude, tmp_path / "run", environ, provider, "--model", "haiku")
    assert request.json["model"] == haiku_of(version)
