"""The response body as it crossed, on either side: each event with its time, or the original lines."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.analysis.labels import missing_body
from candela_tui.analysis.traffic_side import TrafficSide
from candela_tui.exchange import Kept
from candela_tui.protocol.answer_form import AnswerForm, form_of
from candela_tui.protocol.bedrock.event_stream import Frame
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder
from candela_tui.ui.screens.request.pages.answer_page import AnswerPage, TimedChunks
from candela_tui.ui.screens.request.pages.bedrock_frames import FrameReader
from candela_tui.ui.screens.request.pages.event_lines import EventLines, frame_lines
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.widgets.text_view.lines import UNWRAPPED, Lines, width_of_body
from candela_tui.ui.widgets.text_view.span_lines import SpanLines
from candela_tui.ui.widgets.text_view.spans import json_spans, spans_for, text_spans


class RawResponsePage(AnswerPage):
    """The Raw response tab. Grows with the response, with its Content-Encoding undone."""

    title: ClassVar[str] = "Raw response"
    key: ClassVar[str] = "8"

    def __init__(self, request: ShownRequest, width: int, *, pretty: bool = True, side: TrafficSide = "client") -> None:
        remembered = request.preferences.now
        super().__init__(request, width if remembered.wrap else UNWRAPPED, side=side)
        self._body_width = width_of_body(width, wrap=remembered.wrap, numbers=remembered.line_numbers)
        self._pretty = pretty
        self.side = side
        self._written = EventLines(self._width)
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

    def _why_none(self) -> str:
        exchange = self._request.exchange
        kept = exchange.kept is Kept.FULL or not exchange.response_bytes
        return " No response was received." if kept else f" {missing_body(exchange)}"

    def _write(self, arrived: TimedChunks) -> Iterator[None]:
        incoming = self._incoming
        for data, at_ms in self._readable(arrived):
            for event in self._take(data):
                if isinstance(event, Frame):
                    headers = not self._pretty
                    self._written.extend(frame_lines(event, at_ms, self._before_ms, self._width, headers=headers))
                    self._before_ms = at_ms
                else:
                    self._written.add_event(event, at_ms)
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
            self._written.add((self._why_none() if incoming.ended else " ◌ waiting", "dim"))
            if not incoming.ended:
                yield
                self._written.cut(0)
        yield
