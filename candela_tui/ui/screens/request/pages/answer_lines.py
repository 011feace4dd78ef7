"""A response as it grows, block by block: only what is new is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import msgspec

from candela_tui.protocol.answer_decoder import TOOL_CALLS, ContentBlock, MessageFold
from candela_tui.protocol.held_call import are_held_words
from candela_tui.protocol.rule_action import RuleAction, by_call
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.wrap import broken
from candela_tui.ui.screens.request.conversation.blocks import INDENT, Blocks, call_look
from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.folding.detail_levels import DetailLevels
from candela_tui.ui.widgets.text_view.folding.folded_lines import FoldedLines
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_DELTAS = {"text", "thinking", *TOOL_CALLS}


@dataclass(slots=True)
class _Written:
    begin: int
    """The first line of the block."""
    settled: int
    """The line up to which the text is final."""
    pieces: int = 0
    """The pieces of the block already written."""
    tail: str = ""
    """The text of the line that still grows."""
    lost: str | None = None
    """The characters dropped between the growing line and the line that it continues; None if it starts a new line."""
    done: bool = False


def block_section(number: int) -> str:
    """Return the name of the section that a block of the answer is in, by its number from 0."""
    return f"block {number}"


class AnswerLines:
    """Write the blocks of a message into lines of a given width."""

    def __init__(self, lines: WrittenLines, width: int) -> None:
        self._lines = lines
        self._width = width
        self._blocks: dict[int, _Written] = {}
        self._ruled: dict[str, RuleAction] = {}
        self._end = 0

    def write(self, fold: MessageFold, rules: Iterable[RuleAction] = ()) -> Iterator[None]:
        """Bring the lines up to date. ``rules`` is what rules did about the exchange."""
        self._lines.cut(self._end)
        last = max(self._blocks, default=-1)
        before, self._ruled = self._ruled, by_call(rules)
        if self._ruled != before or any(
            self._blocks[index].pieces != len(fold.blocks[index].pieces) for index in self._blocks if index != last
        ):
            # Blocks rarely grow in parallel, and rules rarely do something; if so, all are written again.
            self._lines.cut(0)
            self._blocks.clear()
        for index, block in sorted(fold.blocks.items()):
            yield from self._block(index, block)
        self._end = len(self._lines)

    def _block(self, index: int, block: ContentBlock) -> Iterator[None]:
        written = self._blocks.get(index)
        if written is None:
            if len(self._lines):
                self._lines.add()
            begin = len(self._lines)
            self._lines.begin_section(block_section(len(self._blocks)))
            self._head(block)
            written = self._blocks[index] = _Written(begin, len(self._lines))
        if written.done:
            return
        if block.type not in _DELTAS:
            yield from self._whole(msgspec.json.encode(block.start))
            written.done = True
            return
        fresh = "".join(block.pieces[written.pieces :])
        written.pieces = len(block.pieces)
        if fresh:
            yield from self._grow(written, fresh, _style(block))
        if block.done:
            written.done = True
            if block.type in TOOL_CALLS and index == max(self._blocks):
                self._lines.cut(written.begin)
                yield from self._whole(_call(block))
        yield

    def _head(self, block: ContentBlock) -> None:
        margin = " " * INDENT
        if block.type == "thinking":
            self._lines.add((f"{margin}∴ thinking", "thinking"))
        elif block.type in TOOL_CALLS:
            name, call = block.start.get("name"), block.start.get("id")
            sign, style = call_look(str(name), self._ruled.get(str(call)))
            self._lines.add((f"{margin}{sign} ", style), (str(name), style), (f"   {call}", "faint"))

    def held_calls(self, fold: MessageFold) -> Iterator[None]:
        """Add the calls of the provider's answer that the client did not get, below what was written."""
        held = [
            block
            for _, block in sorted(fold.blocks.items())
            if block.type in TOOL_CALLS
            and (action := self._ruled.get(str(block.start.get("id")))) is not None
            and action.held_back
        ]
        if not held:
            return
        self._lines.add()
        self._lines.add((" The provider's answer had instead:", "dim"))
        for block in held:
            self._lines.add()
            yield from self._whole(_call(block))

    def _whole(self, body: bytes) -> Iterator[None]:
        """Write a complete block as the Messages tab shows it."""
        lines = FoldedLines(self._width, DetailLevels(Preferences(), {}))
        folds = Blocks(self._ruled).block(body, "assistant", "block")
        yield from lines.add(None if fold is None else replace(fold, kind="", gap=0) for fold in folds)
        for number in range(len(lines)):
            self._lines.add(*lines.line(number))
            yield

    def _grow(self, written: _Written, fresh: str, style: str) -> Iterator[None]:
        *complete, tail = (written.tail + fresh).split("\n")
        self._lines.cut(written.settled)
        for text in complete:
            self._write(written, text, style)
            written.lost = None
            yield
        written.tail = self._write(written, tail, style)
        written.settled = len(self._lines) - 1

    def _write(self, written: _Written, text: str, style: str) -> str:
        """Append text to the growing line; return the text of the last line."""
        text = terminal_safe(text)
        begin = end = 0
        for start, stop in broken(text, self._width - INDENT - 1):
            if start:
                written.lost = text[end:start]
            line: Line = ((" " * INDENT, "text"), (text[start:stop], style))
            if written.lost is None:
                self._lines.add(*line)
            else:
                self._lines.add_wrapped(written.lost, INDENT, *line)
            begin, end = start, stop
        return text[begin:]


def _style(block: ContentBlock) -> str:
    if block.type == "thinking":
        return "thinking"
    # Such words come in one piece.
    return "bad" if len(block.pieces) == 1 and are_held_words(block.pieces[0]) else "text"


def _call(block: ContentBlock) -> bytes:
    """Return a tool call as a complete response would contain it."""
    arguments = block.text.encode("utf-8", "replace") or msgspec.json.encode(block.start.get("input"))
    head = {name: block.start.get(name) for name in ("type", "id", "name")}
    return msgspec.json.encode(head)[:-1] + b',"input":' + arguments + b"}"
