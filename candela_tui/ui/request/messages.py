"""The conversation that the request carried."""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from candela_tui.protocol.request import MessagesRequest, decode_request
from candela_tui.ui import words
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.spans import json_lines
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.blocks import content_lines
from candela_tui.ui.request.page import Subject


class RequestPage:
    """What the pages on parts of the request share: they write the lines of the decoded request once."""

    follows = False

    def __init__(self, subject: Subject, width: int) -> None:
        self.lines = WrittenLines()
        self._subject = subject
        self._width = width

    async def open(self) -> Iterator[None]:
        """Get the body; its parts are decoded as they are written."""
        body = await self._subject.bodies.request()
        request = decode_request(body) if body else None
        if request is None:
            words = (
                "The body is not recorded." if body is None else "The body is not a Messages request: see Raw request."
            )
            return self._write(iter([(), ((f" {words}", "dim"),)]))
        return self._write(self.parts(request, self._width))

    async def more(self) -> Iterator[None] | None:
        """It does not grow."""
        return None

    def parts(self, request: MessagesRequest, width: int) -> Iterator[Line]:
        """The lines of the part that the page is on."""
        raise NotImplementedError

    def _write(self, lines: Iterator[Line]) -> Iterator[None]:
        for line in lines:
            self.lines.add(*line)
            yield


class MessagesPage(RequestPage):
    """Each message with its role."""

    title: ClassVar[str] = "Messages"

    def parts(self, request: MessagesRequest, width: int) -> Iterator[Line]:
        """Message by message."""
        for number, raw in enumerate(request.messages, 1):
            yield from message_lines(bytes(raw), number, width)
        if not request.messages:
            yield ((" The request has no messages.", "dim"),)


class _Message(msgspec.Struct):
    role: str = "?"
    content: msgspec.Raw = msgspec.Raw(b"null")


_MESSAGE = msgspec.json.Decoder(_Message)
_ROLE_INKS = {"user": "link", "assistant": "accent", "system": "thinking"}


def message_lines(body: bytes, number: int, width: int) -> Iterator[Line]:
    """A message: a rule with its role, number and size; its content."""
    try:
        message = _MESSAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield rule(f"message {number}", "", "warn", width)
        yield from json_lines(body, width, 3)
        yield ()
        return
    yield rule(message.role, f"{number} · {words.size(len(body))}", _ROLE_INKS.get(message.role, "text"), width)
    yield from content_lines(message.content, width)
    yield ()


def rule(name: str, note: str, ink: str, width: int) -> Line:
    """A line across, with a name at its beginning and a note at its end."""
    name = name[:40]
    return (
        ("── ", "faint"),
        (name, ink),
        (" " + "─" * max(3, width - len(name) - len(note) - 7) + " ", "faint"),
        (note, "dim"),
    )
