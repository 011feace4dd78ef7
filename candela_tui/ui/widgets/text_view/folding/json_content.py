"""Content made from a JSON value."""

from collections.abc import Iterator

from candela_tui.text import amounts
from candela_tui.ui.widgets.text_view.folding.content import LinesUnit, Unit, UnitLayout
from candela_tui.ui.widgets.text_view.span_lines import SpanLines
from candela_tui.ui.widgets.text_view.spans import json_spans

_SPANS = 200
_MOST_JSON_LINES = 20_000


class JsonContent:
    """The content of a JSON value."""

    def __init__(self, body: bytes, start: int = 0, stop: int | None = None, *, indent: int = 0) -> None:
        self._body = body
        self._start = start
        self._stop = len(body) if stop is None else stop
        self._indent = indent

    def units(self, width: int) -> Iterator[Unit | None]:
        """Yield units of about ``_SPANS`` lines."""
        spans = SpanLines(self._body, json=True)
        found = json_spans(self._body, width - self._indent, self._start, self._stop)
        for total, span in enumerate(found):
            if len(spans) >= _SPANS and not span.goes_on:
                yield JsonUnit(spans, self._indent)
                spans = SpanLines(self._body, json=True)
                if total >= _MOST_JSON_LINES:
                    yield LinesUnit(((f"… beyond {total:,} lines: see Raw request", "warn"),))
                    return
            spans.take(span)
            yield None
        if len(spans):
            yield JsonUnit(spans, self._indent)

    def count(self) -> Iterator[None]:
        """Do nothing: the size is known."""
        return iter(())

    def amount(self) -> str:
        """Return the size in bytes."""
        return amounts.size(self._stop - self._start)

    def more(self, lines: int) -> str:
        """Return the size in bytes."""
        return f"more of {self.amount()}"


class JsonUnit:
    """A few hundred lines of a JSON value."""

    __slots__ = ("_indent", "_spans")
    goes_on = False

    def __init__(self, spans: SpanLines, indent: int) -> None:
        self._spans = spans
        self._indent = indent

    def text(self) -> str:
        """Return the text as it is drawn, but without line wraps."""
        return self._laid_out()[0]

    def height(self, width: int) -> int:
        """Return the number of spans, which were made for the width."""
        return len(self._spans)

    def layout(self, width: int) -> UnitLayout:
        """Return the lines in JSON's colours."""
        text, bounds = self._laid_out()
        margin = (" " * self._indent, "text")
        return UnitLayout(text, bounds, [(margin, *self._spans.line(number)) for number in range(len(self._spans))])

    def _laid_out(self) -> tuple[str, list[tuple[int, int]]]:
        spans, parts, bounds, length = self._spans, [], [], 0
        for number in range(len(spans)):
            drawn = "".join(part for part, _ in spans.line(number))
            if number and spans.soft_wrap(number) is None:
                parts.append("\n")
                length += 1
            elif number:
                drawn = drawn[spans.indent(number) :]
            parts.append(drawn)
            bounds.append((length, length + len(drawn)))
            length += len(drawn)
        return "".join(parts), bounds
