"""Where a chat's prompt is cached. OpenAI caches by itself; Claude caches up to the places that a request marks.

Source: https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

from collections.abc import Iterable, Iterator
from typing import Any

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.openai.conversation import Conversation

_EPHEMERAL = {"type": "ephemeral"}


def set_breakpoints(chat: Conversation, tools: Iterable[dict[str, Any]], notes: list[Adaptation]) -> None:
    """Mark the system prompt, which the tools belong to, and the newest user message. A chat with marks of its own
    keeps them alone: four is the most that Claude takes."""
    if any("cache_control" in block for block in (*tools, *_blocks(chat))):
        return
    ends = [chat.system] if chat.system else []
    ends += [turn["content"] for turn in chat.turns[::-1] if turn["role"] == "user"][:1]
    for blocks in ends:
        blocks[-1] = {**blocks[-1], "cache_control": _EPHEMERAL}
    if ends:
        notes.append(
            Adaptation("field", "cache_control", "set, so that the prompt is cached ([openai] in config.toml)")
        )


def _blocks(chat: Conversation) -> Iterator[dict[str, Any]]:
    yield from chat.system
    for turn in chat.turns:
        for block in turn["content"]:
            yield block
            if block["type"] == "tool_result":
                yield from block.get("content", ())
