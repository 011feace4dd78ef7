"""What a session's first request shows that its user would want to change."""

from collections.abc import Iterable

from candela_tui.protocol.headers import header
from candela_tui.protocol.request import MessagesRequest

_TOOL_SEARCH_BETAS = ("advanced-tool-use-", "tool-search-tool-")
_FEW_TOOLS = 12


def on_first_request(headers: Iterable[tuple[str, str]], request: MessagesRequest) -> str | None:
    """Advice on a session, from the first request of its main agent; None: nothing to say.

    Claude Code takes a base URL other than Anthropic's for a gateway that may not know tool references, and then sends
    the schema of every tool with every request, unless ENABLE_TOOL_SEARCH=true tells it otherwise (observed with
    2.1.197: 24 tools and 76 KB instead of 9 tools and 48 KB).
    """
    headers = list(headers)
    if not (header(headers, "user-agent") or "").startswith("claude-cli/") or len(request.tools) <= _FEW_TOOLS:
        return None
    betas = header(headers, "anthropic-beta") or ""
    if any(beta in betas for beta in _TOOL_SEARCH_BETAS):
        return None
    return (
        f"Claude Code sends all {len(request.tools)} tools with every request: start it with `candela claude`, "
        "or set ENABLE_TOOL_SEARCH=true, and its requests shrink"
    )
