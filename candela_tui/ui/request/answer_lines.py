"""An answer as it grows, block by block: only what is new is written."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from candela_tui.protocol.messages import ContentBlock, MessageFold
from candela_tui.ui.lines.spans import json_lines
from candela_tui.ui.lines.wrap import wrapped
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.blocks import INDENT, block_lines

_DELTAS = {"text", "thinking", "tool_use", "server_tool_use", "mcp_tool_use"}


@dataclass(slots=True)
class _Written:
    pieces: int = 0
    """Pieces of the block that are written."""
    begin: int = 0
    """The line that its text begins on."""
    settled: int = 0
    """Lines up to which the block's text is final."""
    tail: str = ""
    """The text of the line that still grows."""
    done: bool = False


class AnswerLines:
    """Writes the blocks of a fold into lines of a width."""

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
            # Blocks that grow side by side are not the rule; then all are written anew.
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
            self._head(block)
            written = self._blocks[index] = _Written(begin=len(self._lines), settled=len(self._lines))
        if written.done:
            return
        if block.type not in _DELTAS:
            self._lines.extend(block_lines(msgspec.json.encode(block.start), self._width))
            written.done = True
            return
        fresh = "".join(block.pieces[written.pieces :])
        written.pieces = len(block.pieces)
        if fresh:
            yield from self._grow(written, fresh, "thinking" if block.type == "thinking" else "text")
        if block.done:
            written.done = True
            if block.type.endswith("tool_use") and index == max(self._blocks):
                self._lines.cut(written.begin)
                whole = block.text.encode("utf-8", "replace") or msgspec.json.encode(block.start.get("input"))
                for line in json_lines(whole, self._width, INDENT + 2):
                    self._lines.add(*line)
                    yield
        yield

    def _head(self, block: ContentBlock) -> None:
        margin = " " * INDENT
        if block.type == "thinking":
            self._lines.add((f"{margin}∴ thinking", "thinking"))
        elif block.type.endswith("tool_use"):
            name, call = block.start.get("name"), block.start.get("id")
            self._lines.add((f"{margin}▸ ", "accent"), (str(name), "accent"), (f"   {call}", "faint"))

    def _grow(self, written: _Written, fresh: str, ink: str) -> Iterator[None]:
        margin, room = " " * INDENT, self._width - INDENT - 1
        *complete, tail = (written.tail + fresh).split("\n")
        self._lines.cut(written.settled)
        for text in complete:
            for part in wrapped(text, room):
                self._lines.add((margin, "text"), (part, ink))
            yield
        parts = list(wrapped(tail, room))
        for part in parts:
            self._lines.add((margin, "text"), (part, ink))
        written.tail = parts[-1]
        written.settled = len(self._lines) - 1
