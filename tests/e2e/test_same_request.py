"""With ``candela claude`` the client sends what it would send without a proxy: nothing more, nothing less."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from candela_tui.protocol.claude_code.withheld import measured_for
from tests.e2e.candela import COMMAND, Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.connect_proxy import ConnectProxy
from tests.e2e.scenarios import is_messages, is_title, plain
from tests.standin import Provider, ReceivedRequest

pytestmark = pytest.mark.e2e


def _withheld(claude: Claude, kind: str) -> set[str]:
    """What the client sends to Anthropic's own host only, whatever it is told."""
    return {
        each.name for each in measured_for(claude.version).withheld if each.kind == kind and each.gives_back is None
    }


def _turn(provider: Provider) -> ReceivedRequest:
    [turn] = [request for request in provider.requests if is_messages(request) and not is_title(request)]
    return turn


def _betas(request: ReceivedRequest) -> list[str]:
    return [beta for beta in (request.header("anthropic-beta") or "").split(",") if beta]


def _header_names(request: ReceivedRequest) -> set[str]:
    """Without Connection, which is between two neighbours on the way."""
    return {name.lower() for name, _ in request.headers} - {"connection"}


def _said(request: ReceivedRequest, home: Path) -> dict[str, Any]:
    """The body without what belongs to one run only (ids, the home directory), and without what the client does at
    Anthropic's own host only: a checksum in its billing header, the previous message's id for the diagnosis of the
    cache, and how it marks and splits the system prompt for caches shared between users.
    """
    user = json.loads(request.json["metadata"]["user_id"])
    text = request.body.decode()
    for one_run in (user["session_id"], user["device_id"], home.name):
        text = text.replace(one_run, "-" * len(one_run))
    body: dict[str, Any] = json.loads(text, object_hook=_unmarked)
    billing, *instructions = [block["text"] for block in body["system"]]
    assert billing.startswith("x-anthropic-billing-header:")
    return {**body, "system": "\n\n".join(instructions), "diagnostics": None}


def _unmarked(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "cache_control"}


async def test_candela_claude_sends_the_same_request_as_without_a_proxy(claude: Claude, tmp_path: Path) -> None:
    project = tmp_path / "project"
    await asyncio.to_thread(project.mkdir)
    async with Provider() as provider, ConnectProxy("api.anthropic.com", provider.url) as proxy:
        provider.respond = plain()
        authority = tmp_path / "ca.pem"
        await asyncio.to_thread(authority.write_bytes, proxy.ca_pem)
        environment = clean_environment(tmp_path / "home-1", HTTPS_PROXY=proxy.url, NODE_EXTRA_CA_CERTS=str(authority))
        await run_claude(claude, "say hi", environment, project)
        straight = _turn(provider)
    async with Provider() as provider, Candela(tmp_path / "data", provider.url) as candela:
        provider.respond = plain()
        environment = {**candela.environment, **clean_environment(tmp_path / "home-2")}
        environment["PATH"] = f"{claude.directory}:{environment['PATH']}"
        await run_claude((COMMAND, "claude"), "say hi", environment, project)
        through = _turn(provider)
    assert [tool["name"] for tool in through.json["tools"]] == [tool["name"] for tool in straight.json["tools"]]
    sent, all_betas = _betas(through), _betas(straight)
    assert sent == [beta for beta in all_betas if beta in sent]
    assert {beta.rpartition("-20")[0] for beta in all_betas if beta not in sent} == _withheld(claude, "beta")
    assert _header_names(straight) - _header_names(through) == _withheld(claude, "header")
    assert _header_names(through) <= _header_names(straight)
    assert ("diagnostics" in straight.json) is bool(_withheld(claude, "field"))
    assert "diagnostics" not in through.json
    assert len(straight.json["system"]) - len(through.json["system"]) == len(_withheld(claude, "system"))
    assert _said(through, tmp_path / "home-2") == _said(straight, tmp_path / "home-1")
    # Otherwise this run proves nothing: the client may have stopped caring whose host it is.
    assert "ToolSearch" in [tool["name"] for tool in through.json["tools"]]
