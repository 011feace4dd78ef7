"""The conversation of a session as Markdown: what was said, the calls of tools and their results.

What was said keeps its Markdown, in a quotation. Long arguments and results are cut, which is said: an issue takes no
more. The other formats have all of it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from candela_tui.analysis import labels
from candela_tui.analysis.conversation import conversations
from candela_tui.analysis.labels import agent_name
from candela_tui.analysis.turns import Turn, turns
from candela_tui.exchange import Outcome
from candela_tui.ledger.names import agent_names
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.protocol.answer_decoder import TOOL_CALLS
from candela_tui.protocol.claude_code.reminders import split_reminders
from candela_tui.protocol.held_call import REFUSED
from candela_tui.protocol.rule_action import by_call
from candela_tui.reports.markdown_text import plain
from candela_tui.reports.page.blocks import block_of
from candela_tui.reports.reading import BodyReading
from candela_tui.store.history import Bodies
from candela_tui.text.terminal_safe import terminal_safe_lines

_ROLES = {"user": "User", "assistant": "Claude"}
_MOST_LINES, _MOST_CHARACTERS = 30, 3_000
"""The most of an argument or a result."""
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE = re.compile(r"(`+[^`]+`+)")
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])|!(?=\[)")
"""What would become HTML or a picture."""


def conversation_lines(read: SessionRequests, bodies: Bodies) -> Iterator[str]:
    """Yield the conversation of the main agent, then those of its sub-agents, line by line."""
    names = agent_names(read.session)
    reading = BodyReading(bodies)
    found, outside = conversations(read.exchanges)
    for conversation in sorted(found, key=lambda each: each.agent_id is not None):
        agent = read.session.agents.get(conversation.agent_id or "")
        told = f" · {plain(agent.description)}" if agent is not None and agent.description else ""
        name = agent_name(conversation.agent_id, names)
        yield ""
        yield "## Conversation" if conversation.agent_id is None else f"## Sub-agent {plain(name)}{told}"
        writer = _Writer()
        for turn in turns(conversation.calls, reading):
            yield from writer.turn(turn)
    if outside:
        yield ""
        yield f"Requests outside the conversation, such as for a title: {len(outside)}."


class _Writer:
    """Writes one conversation. It remembers tool calls, so that their results can name them."""

    def __init__(self) -> None:
        self._calls: dict[str, str] = {}
        self._speaker = ""
        self._noted = ""

    def turn(self, turn: Turn) -> Iterator[str]:
        """Yield what a request adds, and its answer."""
        if turn.unread is not None:
            yield from self._note(turn.unread.why)
        for message in turn.messages:
            for part in message.parts:
                yield from self._block(block_of(part), message.label)
        for block in turn.answer.blocks:
            yield from self._block(block, "assistant")
        last = turn.call.last
        for action in by_call(last.rules).values():
            yield from self._note(labels.ruled_call(action))
        error = turn.answer.error or last.error
        if error is not None:
            yield from self._note(f"✗ {error.type}: {error.message}")
        elif turn.answer.trouble is not None:
            yield from self._note(turn.answer.trouble)
        elif last.outcome is not Outcome.OK:
            yield from self._note(f"The answer has no end: {last.outcome.value}.")

    def _block(self, block: Any, role: str) -> Iterator[str]:
        if isinstance(block, str):
            block = {"type": "text", "text": block}
        kind = str(block.get("type")) if isinstance(block, dict) else "unknown"
        if kind == "text":
            for is_reminder, text in split_reminders(str(block.get("text"))):
                if not is_reminder and text.strip():
                    yield from self._says(_ROLES.get(role, role))
                    yield from quotation(text)
        elif kind in TOOL_CALLS:
            name = str(block.get("name"))
            self._calls[str(block.get("id"))] = name
            yield from self._says("Claude")
            sign = "✗" if name == REFUSED else "→"
            yield from _shown(f"{sign} {name}", _text_of(block.get("input")))
        elif kind.endswith("tool_result"):
            name = self._calls.get(str(block.get("tool_use_id")), "result")
            failed = block.get("is_error") is True
            yield from _shown(f"✗ {name} failed" if failed else f"← {name}", _text_of(block.get("content")))
        elif kind in ("thinking", "redacted_thinking"):
            yield from self._note(f"Thinking, {len(str(block.get('thinking', ''))):,} characters.")
        else:
            yield from self._note(f"Here is a block of type {kind}.")

    def _says(self, speaker: str) -> Iterator[str]:
        if speaker != self._speaker:
            self._speaker = speaker
            yield ""
            yield f"### {plain(speaker)}"

    def _note(self, words: str) -> Iterator[str]:
        if words == self._noted:
            return
        self._noted = words
        yield ""
        yield f"*{plain(words)}*"


def quotation(text: str) -> Iterator[str]:
    """Yield a text as a quotation. It keeps its Markdown, but becomes neither HTML nor a picture."""
    yield ""
    fence = ""
    for line in terminal_safe_lines(text.strip("\n")).split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if mark is not None and mark[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
        elif mark is not None:
            fence = mark[1]
        else:
            line = "".join(part if part.startswith("`") else _MARKUP.sub(_escaped, part) for part in _CODE.split(line))
        yield f"> {line}".rstrip()


def _escaped(found: re.Match[str]) -> str:
    return "&lt;" if found[0] == "<" else "\\!"


def _shown(title: str, text: str) -> Iterator[str]:
    """Yield a block of code with a title. A long text is cut."""
    text = text.rstrip("\n")
    lines = terminal_safe_lines(text[:_MOST_CHARACTERS]).split("\n")
    shown = lines[:_MOST_LINES]
    longest = max((len(run) for run in re.findall("`+", "\n".join(shown))), default=0)
    fence = "`" * max(3, longest + 1)
    yield ""
    yield f"**{plain(title)}**"
    if text:
        yield ""
        yield fence
        yield from shown
        yield fence
    left = len(text) - len("\n".join(text[:_MOST_CHARACTERS].split("\n")[:_MOST_LINES]))
    if left > 0:
        yield ""
        yield f"*{left:,} more characters*"


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else None
    if parts is not None and all(isinstance(part, dict) and part.get("type") == "text" for part in parts):
        return "\n".join(_texts(parts))
    try:
        return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError:
        return "This is nested too deeply to show."


def _texts(parts: Iterable[dict[str, Any]]) -> Iterator[str]:
    for part in parts:
        yield str(part.get("text"))
