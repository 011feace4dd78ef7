"""The header fields of the request and its response, on both sides if they differ, as recorded: redacted."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.analysis import labels
from candela_tui.exchange import Exchange, Kept
from candela_tui.protocol.headers import Headers
from candela_tui.redaction import REDACTED
from candela_tui.text.cells import fitted
from candela_tui.text.wrap import wrapped
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines


class HeadersPage:
    """The Headers tab. Written again when the response's fields arrive."""

    title: ClassVar[str] = "Headers"
    key: ClassVar[str] = "6"
    follows = False

    def __init__(self, request: ShownRequest, width: int) -> None:
        self.lines = WrittenLines()
        self._request = request
        self._width = width
        self._shown: tuple[Headers | None, ...] = ()

    async def open(self) -> Iterator[None]:
        """Write the fields."""
        return self._write()

    async def more(self) -> Iterator[None] | None:
        """Write the fields again if the response has started."""
        return self._write() if _sets(self._request.exchange) != self._shown else None

    def _write(self) -> Iterator[None]:
        exchange = self._request.exchange
        self._shown = _sets(exchange)
        self.lines.cut(0)
        self.lines.extend(header_lines(exchange, self._width))
        yield


def _sets(exchange: Exchange) -> tuple[Headers | None, ...]:
    return (
        exchange.request_headers,
        exchange.provider_request_headers,
        exchange.provider_response_headers,
        exchange.response_headers,
    )


def header_lines(exchange: Exchange, width: int) -> list[Line]:
    """Return all sets of fields, in the order in which they crossed."""
    if exchange.kept is Kept.NONE and exchange.request_headers is None:
        return [(), ((f" {labels.missing_headers(exchange)}", "dim"),)]
    provider = labels.provider(exchange.provider)
    sent, answered = exchange.provider_request_headers, exchange.provider_response_headers
    lines = _set("Request", f"{exchange.method} {exchange.path}", exchange.request_headers, width)
    if sent:
        lines += _set(f"Request to {provider}", f"{exchange.method} {exchange.url}", sent, width)
    if answered or exchange.provider_status is not None:
        lines += _set(f"Response from {provider}", _status(exchange.provider_status), answered, width)
    title = "Response to the client" if answered else "Response"
    return lines + _set(title, _status(exchange.status), exchange.response_headers, width)


def _set(title: str, note: str, headers: Headers | None, width: int) -> list[Line]:
    return [(), ((f" {title}", "heading"), (f"   {note}" if note else "", "dim")), *_fields(headers, width)]


def _status(status: int | None) -> str:
    return str(status) if status is not None else ""


def _fields(headers: Headers | None, width: int) -> Iterator[Line]:
    if not headers:
        yield (("   not loaded" if headers is None else "   none recorded", "dim"),)
        return
    column = min(max(len(name) for name, _ in headers), 44, max(12, width // 3))
    for name, value in headers:
        style = "faint" if REDACTED in value else "text"
        label = f"   {name}"
        if len(name) > column:
            yield ((label, "link"),)
            label = ""
        for place, part in enumerate(_lines_of(value, max(16, width - column - 6))):
            yield ((fitted("" if place else label, column + 3), "link"), ("  ", "text"), (part, style))


def _lines_of(value: str, room: int) -> Iterator[str]:
    """Yield the lines of a value. A long list breaks after commas, so that its items stay whole."""
    if len(value) <= room or "," not in value:
        yield from wrapped(value, room)
        return
    line = ""
    for member in value.replace(",", ",\0").split("\0"):
        if line and len(line) + len(member) > room:
            yield from wrapped(line, room)
            line = ""
        line += member
    yield from wrapped(line, room)
