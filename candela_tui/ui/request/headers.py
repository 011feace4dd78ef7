"""The header fields of the request and its answer, on both sides where they differ, as recorded: redacted."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import REDACTED, Headers
from candela_tui.ui import words
from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.lines.wrap import wrapped
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.page import Subject


class HeadersPage:
    """Written anew when the answer's fields arrive."""

    title: ClassVar[str] = "Headers"
    follows = False

    def __init__(self, subject: Subject, width: int) -> None:
        self.lines = WrittenLines()
        self._subject = subject
        self._width = width
        self._shown: tuple[Headers, ...] = ()

    async def open(self) -> Iterator[None]:
        """Nothing to wait for."""
        return self._write()

    async def more(self) -> Iterator[None] | None:
        """Only where the answer began."""
        return self._write() if _sets(self._subject.exchange) != self._shown else None

    def _write(self) -> Iterator[None]:
        exchange = self._subject.exchange
        self._shown = _sets(exchange)
        self.lines.cut(0)
        self.lines.extend(header_lines(exchange, self._width))
        yield


def _sets(exchange: Exchange) -> tuple[Headers, ...]:
    return (
        exchange.request_headers,
        exchange.provider_request_headers,
        exchange.provider_response_headers,
        exchange.response_headers,
    )


def header_lines(exchange: Exchange, width: int) -> list[Line]:
    """All sets of fields, in the order in which they crossed."""
    provider = words.provider(exchange.provider)
    sent, answered = exchange.provider_request_headers, exchange.provider_response_headers
    lines = _set("Request", f"{exchange.method} {exchange.path}", exchange.request_headers, width)
    if sent:
        lines += _set(f"Request to {provider}", f"{exchange.method} {exchange.url}", sent, width)
    if answered or exchange.provider_status is not None:
        lines += _set(f"Response of {provider}", _status(exchange.provider_status), answered, width)
    title = "Response to the client" if answered else "Response"
    return lines + _set(title, _status(exchange.status), exchange.response_headers, width)


def _set(title: str, note: str, headers: Headers, width: int) -> list[Line]:
    return [(), ((f" {title}", "heading"), (f"   {note}" if note else "", "dim")), *_fields(headers, width)]


def _status(status: int | None) -> str:
    return str(status) if status is not None else ""


def _fields(headers: Headers, width: int) -> Iterator[Line]:
    if not headers:
        yield (("   none recorded", "dim"),)
        return
    column = min(max(len(name) for name, _ in headers), 44, max(12, width // 3))
    for name, value in headers:
        ink = "faint" if REDACTED in value else "text"
        label = f"   {name}"
        if len(name) > column:
            yield ((label, "link"),)
            label = ""
        for place, part in enumerate(_lines_of(value, max(16, width - column - 6))):
            yield ((fitted("" if place else label, column + 3), "link"), ("  ", "text"), (part, ink))


def _lines_of(value: str, room: int) -> Iterator[str]:
    """A long list goes on below behind one of its commas: each of its members stays in one piece."""
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
