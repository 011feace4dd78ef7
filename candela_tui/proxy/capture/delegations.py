"""Read the tasks that an answer delegates to sub-agents."""

from collections.abc import Iterable

from candela_tui.exchange import Delegation
from candela_tui.protocol.answer_decoder import TOOL_CALLS, ContentBlock
from candela_tui.protocol.claude_code.user_text import first_words
from candela_tui.protocol.raw_json import decode_json

_DELEGATING = frozenset({"Agent", "Task"})
"""The client's tool that starts a sub-agent, and its name in earlier versions."""
_LONGEST_WORD = 200


def called_tools(blocks: Iterable[ContentBlock]) -> tuple[str, ...]:
    """Return the tools that the blocks call, each once, in the order of their first call."""
    names = (block.start.get("name") for block in blocks if block.type in TOOL_CALLS)
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))


def delegates(block: ContentBlock) -> bool:
    """Return whether the block calls the tool that starts a sub-agent."""
    return block.type == "tool_use" and block.start.get("name") in _DELEGATING


def delegation_of(block: ContentBlock) -> Delegation | None:
    """Return the task that a complete call hands over, or None if it has no prompt."""
    arguments = decode_json(block.text.encode("utf-8", "replace"))
    if not isinstance(arguments, dict):
        return None
    prompt = arguments.get("prompt")
    task = first_words(prompt) if isinstance(prompt, str) else None
    return (
        Delegation(task, _word(arguments.get("subagent_type")), _word(arguments.get("description"))) if task else None
    )


def _word(value: object) -> str | None:
    return " ".join(value.split())[:_LONGEST_WORD] or None if isinstance(value, str) else None
