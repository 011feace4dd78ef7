"""A response as it grows, block by block: only what is new is written."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from candela_tui.protocol.answer_decoder import TOOL_CALLS, ContentBlock, MessageFold
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.wrap import broken
from candela_tui.ui.screens.request.conversation.blocks import INDENT, Blocks
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
        self._end = 0

    def write(self, fold: MessageFold) -> Iterator[None]:
        """Bring the lines up to date."""
        self._lines.cut(self._end)
        last = max(self._blocks, default=-1)
        if any(self._blocks[index].pieces != len(fold.blocks[index].pieces) for index in self._blocks if index != last):
            # Blocks rarely grow in parallel; if they do, all are written again.
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
            yield from self._grow(written, fresh, "thinking" if block.type == "thinking" else "text")
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
            self._lines.add((f"{margin}→ ", "accent"), (str(name), "accent"), (f"   {call}", "faint"))

    def _whole(self, body: bytes) -> Iterator[None]:
        """Write a complete block as the Messages tab shows it."""
        lines = FoldedLines(self._width, DetailLevels(Preferences(), {}))
        folds = Blocks().block(body, "assistant", "block")
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


def _call(block: ContentBlock) -> bytes:
    """Return a tool call as a complete response would contain it."""
    arguments = block.text.encode("utf-8", "replace") or msgspec.json.encode(block.start.get("input"))
    head = {name: block.start.get(name) for name in ("type", "id", "name")}
    return msgspec.json.encode(head)[:-1] + b',"input":' + arguments + b"}"
