"""The answer's body as it crossed, on either side: each event with its time, or the bytes' own lines."""

import re
from collections.abc import Iterator
from typing import ClassVar

from candela_tui.protocol.answer_form import Form, form_of
from candela_tui.protocol.event_stream import Frame
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder
from candela_tui.ui import words
from candela_tui.ui.bodies import Side
from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.lines.lines import UNWRAPPED, Lines, width_of_body
from candela_tui.ui.lines.spans import SpanLines, coloured, json_spans, spans_for, text_spans
from candela_tui.ui.lines.wrap import wrapped
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.arriving import AnswerPage, Arrived
from candela_tui.ui.request.frames import FrameReader, frame_headers, frame_name, frame_texts
from candela_tui.ui.request.page import Subject

_NAME = 19
_HEAD = 21 + _NAME
"""Cells before the data: time, time since the event before, name."""
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')


class RawResponsePage(AnswerPage):
    """Grows while the answer does. Its Content-Encoding is undone."""

    title: ClassVar[str] = "Raw response"

    def __init__(self, subject: Subject, width: int, *, pretty: bool = True, side: Side = "client") -> None:
        remembered = subject.preferences.now
        super().__init__(subject, width if remembered.wrap else UNWRAPPED, side=side)
        self._body_width = width_of_body(width, wrap=remembered.wrap, numbers=remembered.line_numbers)
        self._pretty = pretty
        self.side = side
        self._written = WrittenLines()
        self.lines: Lines = self._written
        self._form: Form | None = None
        self._head = b""
        """The first bytes, as far as they were needed to tell the form."""
        self._events: SSEDecoder | FrameReader | None = None
        self._before_ms: float | None = None
        self._document: list[bytes] = []

    @property
    def framed(self) -> bool:
        """Whether the body is of frames, which its bytes don't show to anybody."""
        return isinstance(self._events, FrameReader)

    def _readable(self, arrived: Arrived) -> Iterator[tuple[bytes, float]]:
        at_ms = 0.0
        for chunk, at_ms in arrived:
            yield self._arriving.readable(chunk), at_ms
        if self._arriving.ended:
            yield self._arriving.last(), at_ms

    def _take(self, data: bytes) -> list[ServerSentEvent] | list[Frame]:
        """The events that the next bytes complete; what is not a stream is kept."""
        if self._form is None:
            data = self._head = self._head + data
            form = form_of(data, self._arriving.content_type)
            if form is None:
                return []
            self._begin(form)
        elif self._events is None:
            self._document.append(data)
        return self._events.feed(data) if self._events is not None else []

    def _begin(self, form: Form) -> None:
        self._form = form
        if form is Form.FRAMES:
            self._events = FrameReader()
        elif form is Form.EVENTS and self._pretty:
            self._events = SSEDecoder()
        elif self._head:
            self._document.append(self._head)

    def _write(self, arrived: Arrived) -> Iterator[None]:
        arriving = self._arriving
        for data, at_ms in self._readable(arrived):
            for event in self._take(data):
                if isinstance(event, Frame):
                    lines = frame_lines(event, at_ms, self._before_ms, self._width, headers=not self._pretty)
                else:
                    lines = event_lines(event, at_ms, self._before_ms, self._width)
                self._written.extend(lines)
                self._before_ms = at_ms
                yield
        if self._form is None and arriving.ended:
            self._begin(form_of(self._head, arriving.content_type, whole=True) or Form.TEXT)
        if self._document and (arrived or arriving.ended):
            body = b"".join(self._document)
            spans = spans_for(body) if self._pretty else text_spans
            lines_of_body = SpanLines(body, json=spans is json_spans)
            self.lines = lines_of_body
            yield from lines_of_body.index(spans(body, self._body_width))
        if arriving.trouble is not None and arriving.ended:
            self._written.add((f" The rest can't be decoded: {arriving.trouble}", "warn"))
        if isinstance(self._events, FrameReader) and self._events.trouble is not None and arriving.ended:
            self._written.add((f" The rest is no frame: {self._events.trouble}", "warn"))
        if not len(self.lines):
            self._written.add()
            self._written.add((" Nothing of an answer has arrived." if arriving.ended else " ◌ waiting", "dim"))
            if not arriving.ended:
                yield
                self._written.cut(0)
        yield


def event_lines(event: ServerSentEvent, at_ms: float, before_ms: float | None, width: int) -> Iterator[Line]:
    """One event: when it was complete, how long after the one before it, its name, its data."""
    return _lines(event.name or "message", event.data, at_ms, before_ms, width)


def frame_lines(
    frame: Frame, at_ms: float, before_ms: float | None, width: int, *, headers: bool = False
) -> Iterator[Line]:
    """One frame, in the form of an event: what it carries, and below it its ``headers``."""
    first, *others = frame_texts(frame)
    yield from _lines(frame_name(frame), first, at_ms, before_ms, width)
    notes = [text.decode("utf-8", "replace") for text in others]
    for note in [*notes, frame_headers(frame)] if headers else notes:
        for part in wrapped(note, max(16, width - _HEAD - 1)):
            yield ((" " * _HEAD, "text"), (part, "faint"))


def _lines(name: str, body: bytes, at_ms: float, before_ms: float | None, width: int) -> Iterator[Line]:
    data = body.decode("utf-8", "replace").replace("\n", "␊")
    json, in_string = data[:1] in ("{", "["), False
    since = "" if before_ms is None else f"+{words.duration(at_ms - before_ms)}"
    for place, part in enumerate(wrapped(data, max(16, width - _HEAD - 1))):
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
