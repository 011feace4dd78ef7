"""An answer as it grows, block by block: only what is new is written."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from candela_tui.protocol.messages import TOOL_CALLS, ContentBlock, MessageFold
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.folded import FoldedLines
from candela_tui.ui.lines.levels import Levels
from candela_tui.ui.lines.wrap import broken
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.plain import plain
from candela_tui.ui.preferences import Preferences
from candela_tui.ui.request.blocks import INDENT, Blocks

_DELTAS = {"text", "thinking", *TOOL_CALLS}


@dataclass(slots=True)
class _Written:
    begin: int
    """The line that the block begins on."""
    settled: int
    """Lines up to which its text is final."""
    pieces: int = 0
    """Pieces of the block that are written."""
    tail: str = ""
    """The text of the line that still grows."""
    lost: str | None = None
    """What was between the growing line and the one that it goes on with; None: it begins anew."""
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
            begin = len(self._lines)
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
        """A block that will not grow, as the conversation shows it."""
        lines = FoldedLines(self._width, Levels(Preferences(), {}))
        folds = Blocks().block(body, "assistant", "block")
        yield from lines.add(None if fold is None else replace(fold, kind="", gap=0) for fold in folds)
        for number in range(len(lines)):
            self._lines.add(*lines.line(number))
            yield

    def _grow(self, written: _Written, fresh: str, ink: str) -> Iterator[None]:
        *complete, tail = (written.tail + fresh).split("\n")
        self._lines.cut(written.settled)
        for text in complete:
            self._write(written, text, ink)
            written.lost = None
            yield
        written.tail = self._write(written, tail, ink)
        written.settled = len(self._lines) - 1

    def _write(self, written: _Written, text: str, ink: str) -> str:
        """Write what goes on with the tail; return what its last line says."""
        text = plain(text)
        begin = end = 0
        for start, stop in broken(text, self._width - INDENT - 1):
            if start:
                written.lost = text[end:start]
            line: Line = ((" " * INDENT, "text"), (text[start:stop], ink))
            if written.lost is None:
                self._lines.add(*line)
            else:
                self._lines.go_on(written.lost, INDENT, *line)
            begin, end = start, stop
        return text[begin:]


def _call(block: ContentBlock) -> bytes:
    """A tool's call as a whole answer would have it."""
    arguments = block.text.encode("utf-8", "replace") or msgspec.json.encode(block.start.get("input"))
    head = {name: block.start.get(name) for name in ("type", "id", "name")}
    return msgspec.json.encode(head)[:-1] + b',"input":' + arguments + b"}"
