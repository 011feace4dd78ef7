"""Advise the user on a client's setup, judging by its requests."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from candela_tui.claude_code.features import TOOL_SEARCH
from candela_tui.claude_code.models import ANTHROPIC_HOST, HAIKU_VARIABLE, haiku_of
from candela_tui.protocol.headers import header
from candela_tui.protocol.request import MessagesRequest
from candela_tui.protocol.user_agent import claude_code_version, client_of, is_claude_code

_TOOL_SEARCH_BETAS = ("advanced-tool-use-", "tool-search-tool-")
_FEW_TOOLS = 12


def on_first_request(headers: Iterable[tuple[str, str]], request: MessagesRequest) -> str | None:
    """Return advice on a session, from the first request of its main agent, or None.

    Claude Code before 2.1.304 assumes that a base URL other than Anthropic's is a gateway that may not know tool
    references, and sends the schema of every tool with every request, unless ENABLE_TOOL_SEARCH is true (2.1.197: 24
    tools and 76 kB instead of 9 tools and 48 kB). Later versions do so if it is false or auto (2.1.332: 21 tools and
    78 kB instead of 12 tools and 49 kB).
    """
    headers = list(headers)
    if not is_claude_code(client_of(headers)) or len(request.tools) <= _FEW_TOOLS:
        return None
    betas = header(headers, "anthropic-beta") or ""
    if any(beta in betas for beta in _TOOL_SEARCH_BETAS):
        return None
    return (
        f"Claude Code sends all {len(request.tools)} tools with every request: start it with `candela claude`, "
        f"or set {TOOL_SEARCH}=true, and its requests shrink"
    )


def on_title_request(client: str | None, model: str | None, url: str) -> str | None:
    """Return advice on a request for a title, or None.

    At a base URL other than Anthropic's, Claude Code asks the main model for titles; at Anthropic itself it asks its
    small one (2.1.197 and 2.1.332): the same words for many times the price.
    """
    version = claude_code_version(client)
    small = haiku_of(version) if version is not None else None
    if small is None or model is None or "haiku" in model or urlsplit(url).hostname != ANTHROPIC_HOST:
        return None
    return (
        f"Claude Code asks {model} for titles, where without a proxy it asks {small}: start it with `candela claude`, "
        f"or set {HAIKU_VARIABLE}={small}"
    )
