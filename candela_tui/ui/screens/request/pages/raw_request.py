"""The request body as it crossed, on either side."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.analysis.labels import missing_body
from candela_tui.analysis.traffic_side import TrafficSide
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.widgets.text_view.lines import Lines, width_of_body
from candela_tui.ui.widgets.text_view.span_lines import SpanLines
from candela_tui.ui.widgets.text_view.spans import json_spans, spans_for, text_spans
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines


class RawRequestPage:
    """The Raw request tab: indented JSON, or the original lines if ``pretty`` is False."""

    title: ClassVar[str] = "Raw request"
    key: ClassVar[str] = "7"
    follows = False

    def __init__(self, request: ShownRequest, width: int, *, pretty: bool = True, side: TrafficSide = "client") -> None:
        self.lines: Lines = WrittenLines()
        self._request = request
        remembered = request.preferences.now
        self._width = width_of_body(width, wrap=remembered.wrap, numbers=remembered.line_numbers)
        self._pretty = pretty
        self.side = side
        self._body: bytes | None = None

    async def open(self) -> Iterator[None]:
        """Load the body and index it."""
        body = self._body = await self._request.request_body(self.side)
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
            return missing_body(self._request.exchange)
        return "The provider received the client's bytes unchanged. Press s to see them."

    async def more(self) -> Iterator[None] | None:
        """Load the body again if candela sent the provider another one; the client's body does not change."""
        if self.side == "client" or not self._request.exchange.live:
            return None
        return await self.open() if await self._request.request_body(self.side) is not self._body else None


def _say(lines: Lines, words: str) -> Iterator[None]:
    assert isinstance(lines, WrittenLines)
    lines.add()
    lines.add((f" {words}", "dim"))
    yield
