"""The request's body as it crossed."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.ui.lines.lines import Lines, width_of_body
from candela_tui.ui.lines.spans import SpanLines, json_spans, spans_for, text_spans
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.page import Subject


class RawRequestPage:
    """JSON indented, or (``pretty`` False) the bytes' own lines."""

    title: ClassVar[str] = "Raw request"
    follows = False

    def __init__(self, subject: Subject, width: int, *, pretty: bool = True) -> None:
        self.lines: Lines = WrittenLines()
        self._subject = subject
        remembered = subject.preferences.now
        self._width = width_of_body(width, wrap=remembered.wrap, numbers=remembered.line_numbers)
        self._pretty = pretty

    async def open(self) -> Iterator[None]:
        """Get the body, and index it."""
        body = await self._subject.bodies.request()
        if not body:
            return _say(self.lines, "The request had no body." if body is not None else "The body is not recorded.")
        spans = spans_for(body) if self._pretty else text_spans
        lines = SpanLines(body, json=spans is json_spans)
        self.lines = lines
        return lines.index(spans(body, self._width))

    async def more(self) -> Iterator[None] | None:
        """It does not grow."""
        return None


def _say(lines: Lines, words: str) -> Iterator[None]:
    assert isinstance(lines, WrittenLines)
    lines.add()
    lines.add((f" {words}", "dim"))
    yield
