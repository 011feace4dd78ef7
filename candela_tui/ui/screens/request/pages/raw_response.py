"""The response body as it crossed, on either side: each event with its time, or the original lines."""

import re
from collections.abc import Iterator
from typing import ClassVar

from candela_tui.protocol.answer_form import AnswerForm, form_of
from candela_tui.protocol.bedrock.event_stream import Frame
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder
from candela_tui.text import times
from candela_tui.text.cells import fitted
from candela_tui.text.wrap import wrapped
from candela_tui.ui.screens.request.pages.answer_page import AnswerPage, TimedChunks
from candela_tui.ui.screens.request.pages.bedrock_frames import FrameReader, frame_headers, frame_name, frame_texts
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.state.traffic_side import TrafficSide
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.lines import UNWRAPPED, Lines, width_of_body
from candela_tui.ui.widgets.text_view.span_lines import SpanLines, coloured
from candela_tui.ui.widgets.text_view.spans import json_spans, spans_for, text_spans
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_NAME = 19
_HEAD = 21 + _NAME
"""Cells before the data: time, time since the previous event, name."""
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')


class RawResponsePage(AnswerPage):
    """The Raw response tab. Grows with the response, with its Content-Encoding undone."""

    title: ClassVar[str] = "Raw response"

    def __init__(self, request: ShownRequest, width: int, *, pretty: bool = True, side: TrafficSide = "client") -> None:
        remembered = request.preferences.now
        super().__init__(request, width if remembered.wrap else UNWRAPPED, side=side)
        self._body_width = width_of_body(width, wrap=remembered.wrap, numbers=remembered.line_numbers)
        self._pretty = pretty
        self.side = side
        self._written = WrittenLines()
        self.lines: Lines = self._written
        self._form: AnswerForm | None = None
        self._head = b""
        """The first bytes, kept until the form of the body is known."""
        self._events: SSEDecoder | FrameReader | None = None
        self._before_ms: float | None = None
        self._document: list[bytes] = []

    @property
    def framed(self) -> bool:
        """Whether the body consists of Bedrock frames, which are unreadable as raw bytes."""
        return isinstance(self._events, FrameReader)

    def _readable(self, arrived: TimedChunks) -> Iterator[tuple[bytes, float]]:
        at_ms = 0.0
        for chunk, at_ms in arrived:
            yield self._incoming.readable(chunk), at_ms
        if self._incoming.ended:
            yield self._incoming.last(), at_ms

    def _take(self, data: bytes) -> list[ServerSentEvent] | list[Frame]:
        """Return the events that the next bytes complete; keep the bytes if the body is not a stream."""
        if self._form is None:
            data = self._head = self._head + data
            form = form_of(data, self._incoming.content_type)
            if form is None:
                return []
            self._begin(form)
        elif self._events is None:
            self._document.append(data)
        return self._events.feed(data) if self._events is not None else []

    def _begin(self, form: AnswerForm) -> None:
        self._form = form
        if form is AnswerForm.FRAMES:
            self._events = FrameReader()
        elif form is AnswerForm.EVENTS and self._pretty:
            self._events = SSEDecoder()
        elif self._head:
            self._document.append(self._head)

    def _write(self, arrived: TimedChunks) -> Iterator[None]:
        incoming = self._incoming
        for data, at_ms in self._readable(arrived):
            for event in self._take(data):
                if isinstance(event, Frame):
                    lines = frame_lines(event, at_ms, self._before_ms, self._width, headers=not self._pretty)
                else:
                    lines = event_lines(event, at_ms, self._before_ms, self._width)
                self._written.extend(lines)
                self._before_ms = at_ms
                yield
        if self._form is None and incoming.ended:
            self._begin(form_of(self._head, incoming.content_type, whole=True) or AnswerForm.TEXT)
        if self._document and (arrived or incoming.ended):
            body = b"".join(self._document)
            spans = spans_for(body) if self._pretty else text_spans
            lines_of_body = SpanLines(body, json=spans is json_spans)
            self.lines = lines_of_body
            yield from lines_of_body.index(spans(body, self._body_width))
        if incoming.trouble is not None and incoming.ended:
            self._written.add((f" The rest can't be decoded: {incoming.trouble}", "warn"))
        if isinstance(self._events, FrameReader) and self._events.trouble is not None and incoming.ended:
            self._written.add((f" The rest is not a valid frame: {self._events.trouble}", "warn"))
        if not len(self.lines):
            self._written.add()
            self._written.add((" No response was received." if incoming.ended else " ◌ waiting", "dim"))
            if not incoming.ended:
                yield
                self._written.cut(0)
        yield


def event_lines(event: ServerSentEvent, at_ms: float, before_ms: float | None, width: int) -> Iterator[Line]:
    """Return the lines of one event: its time, the time since the previous one, its name and its data."""
    return _lines(event.name or "message", event.data, at_ms, before_ms, width)


def frame_lines(
    frame: Frame, at_ms: float, before_ms: float | None, width: int, *, headers: bool = False
) -> Iterator[Line]:
    """Yield the lines of one frame, in the form of an event; its headers below if ``headers`` is set."""
    first, *others = frame_texts(frame)
    yield from _lines(frame_name(frame), first, at_ms, before_ms, width)
    notes = [text.decode("utf-8", "replace") for text in others]
    for note in [*notes, frame_headers(frame)] if headers else notes:
        for part in wrapped(note, max(16, width - _HEAD - 1)):
            yield ((" " * _HEAD, "text"), (part, "faint"))


def _lines(name: str, body: bytes, at_ms: float, before_ms: float | None, width: int) -> Iterator[Line]:
    data = body.decode("utf-8", "replace").replace("\n", "␊")
    json, in_string = data[:1] in ("{", "["), False
    since = "" if before_ms is None else f"+{times.duration(at_ms - before_ms)}"
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
