"""Tools that a request declares without loading them, and tools that a search loaded.

A tool with ``defer_loading`` is not in the prompt until a ``tool_reference`` in the conversation names it. Source:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool.
"""

from collections.abc import Iterator

from candela_tui.protocol.raw_json import decode_json

PLACEHOLDER = "DeferredToolPlaceholder"
"""A deferred tool that does nothing. Claude Code 2.1.332 declares it so that a search may find others later."""

_REFERENCE = b'"tool_reference"'


def referenced_tools(message: bytes) -> Iterator[str]:
    """Yield the names of the tools that a message's ``tool_reference`` blocks load.

    Quotes inside a JSON string are escaped, so text of the conversation never matches.
    """
    at = message.find(_REFERENCE)
    while at >= 0:
        block = decode_json(message[message.rfind(b"{", 0, at) : message.find(b"}", at) + 1])
        if (
            isinstance(block, dict)
            and block.get("type") == "tool_reference"
            and isinstance(block.get("tool_name"), str)
        ):
            yield block["tool_name"]
        at = message.find(_REFERENCE, at + 1)
