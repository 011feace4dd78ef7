"""The answer's body as it crossed: each event with its time, or the bytes' own lines."""

import re
from collections.abc import Iterator
from typing import ClassVar

from candela_tui.protocol.headers import header
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder
from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.lines.lines import Lines
from candela_tui.ui.lines.spans import SpanLines, coloured, json_spans, spans_for, text_spans
from candela_tui.ui.lines.wrap import wrapped
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.bodies import Undone
from candela_tui.ui.request.page import Subject

_TIME, _NAME = 12, 21
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')


class RawResponsePage:
    """Grows while the answer does. Its Content-Encoding is undone."""

    title: ClassVar[str] = "Raw response"

    def __init__(self, subject: Subject, width: int, *, pretty: bool = True) -> None:
        self._written = WrittenLines()
        self.lines: Lines = self._written
        self.follows = subject.exchange.live
        self._subject = subject
        self._width = width
        self._pretty = pretty
        self._undone: Undone | None = None
        self._events: SSEDecoder | None = None
        self._document: list[bytes] = []
        self._taken = 0
        self._ended = False

    async def open(self) -> Iterator[None]:
        """What has arrived."""
        return await self._steps()

    async def more(self) -> Iterator[None] | None:
        """What arrived since."""
        return None if self._ended else await self._steps()

    async def _steps(self) -> Iterator[None]:
        exchange = self._subject.exchange
        chunks, times = await self._subject.bodies.answer_after(self._taken)
        self._taken += len(chunks)
        self._ended = not exchange.live
        if self._undone is None and chunks:
            self._undone = Undone(exchange)
            if (header(exchange.response_headers, "content-type") or "").lower().startswith("text/event-stream"):
                self._events = SSEDecoder() if self._pretty else None
        return self._write(chunks, times)

    def _write(self, chunks: list[bytes], times: list[float]) -> Iterator[None]:
        undone = self._undone
        if undone is not None:
            for chunk, time in zip(chunks, times, strict=True):
                data = undone.feed(chunk)
                if self._events is None:
                    self._document.append(data)
                    continue
                for event in self._events.feed(data):
                    self._written.extend(event_lines(event, time, self._width))
                    yield
            if self._document and (self._ended or self._events is None):
                body = b"".join(self._document)
                spans = spans_for(body) if self._pretty else text_spans
                lines = SpanLines(body, json=spans is json_spans)
                self.lines = lines
                yield from lines.index(spans(body, self._width))
            if undone.trouble is not None and self._ended:
                self._written.add((f" The rest can't be decoded: {undone.trouble}", "warn"))
        if not len(self.lines):
            self._written.add()
            self._written.add((" Nothing of an answer has arrived." if self._ended else " ◌ waiting", "dim"))
            if not self._ended:
                yield
                self._written.cut(0)
        yield


def event_lines(event: ServerSentEvent, at_ms: float, width: int) -> Iterator[Line]:
    """One event: when it was complete, its name, its data."""
    data = event.data.decode("utf-8", "replace").replace("\n", "␊")
    json, in_string = data[:1] in ("{", "["), False
    for place, part in enumerate(wrapped(data, max(16, width - _TIME - _NAME - 3))):
        pieces = coloured(part, in_string=in_string, spaced=False) if json else [(part, "text")]
        in_string ^= len(_QUOTE.findall(part)) % 2 == 1
        time = "" if place else f"{at_ms / 1000:9.3f} s"
        name = "" if place else event.name or "message"
        yield ((fitted(time, _TIME), "dim"), (" ", "text"), (fitted(name, _NAME), "accent"), (" ", "text"), *pieces)
