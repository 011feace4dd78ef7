"""How versions of Claude Code behave with a base URL other than Anthropic's (observed, unless a source is named)."""

from candela_tui.claude_code.installed import NEWEST_KNOWN, Version, written
from candela_tui.claude_code.models import haiku_of

TOOL_SEARCH = "ENABLE_TOOL_SEARCH"
HINT_HEADERS = "CLAUDE_CODE_GATEWAY_HINT_HEADERS"

TOOL_SEARCH_SINCE: Version = (2, 1, 304)
"""The first version with tool search on by default. 2.1.332 sends 12 tools and 49 kB, with or without
ENABLE_TOOL_SEARCH=true, while 2.1.303 sends all 20 tools. ``false`` and ``auto`` turn it off: 21 tools, 78 kB."""
HINT_HEADERS_SINCE: Version = (2, 1, 273)
"""The first version that sends hint headers if the variable is set
(https://code.claude.com/docs/en/llm-gateway-protocol)."""

_OFF = ("false", "0", "no", "off", "auto")


def turns_tool_search_off(value: str) -> bool:
    """Return whether a value of ENABLE_TOOL_SEARCH makes Claude Code send every tool's schema, unless there are very
    many tools."""
    return value.strip().lower().partition(":")[0] in _OFF


def tool_search_by_default(version: Version) -> bool:
    """Return whether a version uses tool search at candela's address if ENABLE_TOOL_SEARCH is not set."""
    return version >= TOOL_SEARCH_SINCE


def in_words(version: Version) -> str:
    """Return a text for the user that describes how a version behaves with candela."""
    said = []
    if version > NEWEST_KNOWN:
        said.append(f"It is newer than {written(NEWEST_KNOWN)}, the newest version that candela is tested with.")
    if tool_search_by_default(version):
        said.append(f"Through candela, it uses tool search unless {TOOL_SEARCH} is false or auto.")
    else:
        said.append(f"Through candela, it sends the schema of every tool unless {TOOL_SEARCH} is true.")
    if version >= HINT_HEADERS_SINCE:
        said.append(f"With {HINT_HEADERS}=1, it says what each request is for.")
    else:
        said.append(f"It does not say what a request is for ({written(HINT_HEADERS_SINCE)} and later can).")
    if (haiku := haiku_of(version)) is not None:
        said.append(f"Without candela, it uses {haiku} for titles.")
    said.append("`candela claude` sets both variables.")
    return " ".join(said)
