"""The lines of events, each with its time: of server-sent events, and of Bedrock frames in the same form."""

import re
from array import array
from collections.abc import Iterator

from candela_tui.protocol.bedrock.event_stream import Frame
from candela_tui.protocol.sse import ServerSentEvent
from candela_tui.text import times
from candela_tui.text.cells import fitted
from candela_tui.text.wrap import wrapped
from candela_tui.ui.screens.request.pages.bedrock_frames import frame_headers, frame_name, frame_texts
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.span_lines import coloured
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_NAME = 19
_HEAD = 21 + _NAME
"""Cells before the data: time, time since the previous event, name."""
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')
_ROW_BITS = 24


class EventLines(WrittenLines):
    """Lines, most of which are of events. Of an event only its data is kept, and its lines are made when they are
    needed: an answer may have hundreds of thousands, and few of them are looked at."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._width = width
        self._names: list[str] = []
        self._data: list[bytes] = []
        self._times = array("d")
        self._made: tuple[int, list[Line]] = (-1, [])
        """The event whose lines were needed last, and its lines."""

    def add_event(self, event: ServerSentEvent, at_ms: float) -> None:
        """Add the lines of an event that arrived at this time."""
        number = len(self._data)
        self._names.append(event.name or "message")
        self._data.append(event.data)
        self._times.append(at_ms)
        rows = sum(1 for _ in wrapped(_data_text(event.data), _room(self._width)))
        self._entries += [number << _ROW_BITS | row for row in range(rows)]

    def line(self, number: int) -> Line:
        """Return the pieces to draw on a line."""
        entry = self._entries[number]
        return super().line(number) if isinstance(entry, tuple) else self._of_event(entry)

    def text(self, number: int) -> str:
        """Return the text of a line, for search and copying."""
        entry = self._entries[number]
        return super().text(number) if isinstance(entry, tuple) else "".join(part for part, _ in self._of_event(entry))

    def _of_event(self, entry: int) -> Line:
        number, row = entry >> _ROW_BITS, entry & ((1 << _ROW_BITS) - 1)
        if self._made[0] != number:
            before_ms = self._times[number - 1] if number else None
            lines = _lines(self._names[number], self._data[number], self._times[number], before_ms, self._width)
            self._made = (number, list(lines))
        return self._made[1][row]


def frame_lines(
    frame: Frame, at_ms: float, before_ms: float | None, width: int, *, headers: bool = False
) -> Iterator[Line]:
    """Yield the lines of one frame, in the form of an event; its headers below if ``headers`` is set."""
    first, *others = frame_texts(frame)
    yield from _lines(frame_name(frame), first, at_ms, before_ms, width)
    notes = [text.decode("utf-8", "replace") for text in others]
    for note in [*notes, frame_headers(frame)] if headers else notes:
        for part in wrapped(note, _room(width)):
            yield ((" " * _HEAD, "text"), (part, "faint"))


def _lines(name: str, body: bytes, at_ms: float, before_ms: float | None, width: int) -> Iterator[Line]:
    data = _data_text(body)
    json, in_string = data[:1] in ("{", "["), False
    since = "" if before_ms is None else f"+{times.duration(at_ms - before_ms)}"
    for place, part in enumerate(wrapped(data, _room(width))):
        pieces = coloured(part, in_string=in_string, spaced=False) if json else [(part, "text")]
        in_string ^= len(_QUOTE.findall(part)) % 2 == 1
        if place:
            yield ((" " * _HEAD, "text"), *pieces)
        else:
            yield (
                (f"{at_ms / 1000:9.3f} s", "dim"),
                (f"{since:>7}  ", "faint" if since == "+0ms" else "text"),
                (f"{fitted(name, _NAME)} ", "accent"),
                *pieces,
            )


def _data_text(body: bytes) -> str:
    return body.decode("utf-8", "replace").replace("\n", "␊")


def _room(width: int) -> int:
    """Return the cells that the data of an event has in a line."""
    return max(16, width - _HEAD - 1)
