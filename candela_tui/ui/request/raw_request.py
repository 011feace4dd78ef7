"""The request's body as it crossed, on either side."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.ui.bodies import Side
from candela_tui.ui.lines.lines import Lines, width_of_body
from candela_tui.ui.lines.spans import SpanLines, json_spans, spans_for, text_spans
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.page import Subject


class RawRequestPage:
    """JSON indented, or (``pretty`` False) the bytes' own lines."""

    title: ClassVar[str] = "Raw request"
    follows = False

    def __init__(self, subject: Subject, width: int, *, pretty: bool = True, side: Side = "client") -> None:
        self.lines: Lines = WrittenLines()
        self._subject = subject
        remembered = subject.preferences.now
        self._width = width_of_body(width, wrap=remembered.wrap, numbers=remembered.line_numbers)
        self._pretty = pretty
        self.side = side
        self._body: bytes | None = None

    async def open(self) -> Iterator[None]:
        """Get the body, and index it."""
        body = self._body = await self._subject.request_body(self.side)
        if not body:
            self.lines = WrittenLines()
            return _say(self.lines, self._why_none(body))
        spans = spans_for(body) if self._pretty else text_spans
        lines = SpanLines(body, json=spans is json_spans)
        self.lines = lines
        return lines.index(spans(body, self._width))

    def _why_none(self, body: bytes | None) -> str:
        if body is not None:
            return "The request had no body."
        if self.side == "client":
            return "The body is not recorded."
        return "Unchanged: the provider got the client's own bytes, which s shows."

    async def more(self) -> Iterator[None] | None:
        """It does not grow, but candela may send another one while it is live."""
        if self.side == "client" or not self._subject.exchange.live:
            return None
        return await self.open() if await self._subject.request_body(self.side) is not self._body else None


def _say(lines: Lines, words: str) -> Iterator[None]:
    assert isinstance(lines, WrittenLines)
    lines.add()
    lines.add((f" {words}", "dim"))
    yield
