"""Server-sent events, decoded as they arrive.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import re

import msgspec

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")


class ServerSentEvent(msgspec.Struct, frozen=True):
    """One dispatched event. ``name`` is empty if the stream gave none; ``data`` is raw UTF-8."""

    name: str
    data: bytes


def encoded(event: ServerSentEvent) -> bytes:
    """Return the bytes of an event; line ends within its data may become other line ends."""
    data = event.data
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(_LINE_END.split(data))
    name = event.name
    if not name or "\n" in name or "\r" in name:
        return b"data: %b\n\n" % data
    return b"event: %b\ndata: %b\n\n" % (name.encode("utf-8", "replace"), data)


class SSEDecoder:
    """An incremental decoder: the events do not depend on how the stream is split into chunks.

    It works on bytes, so a chunk may end inside a UTF-8 character. Lines end in LF, CRLF or CR. As the
    specification says, an event without its final empty line is not dispatched.
    """

    __slots__ = ("_after_cr", "_data", "_head", "_name", "_partial")

    def __init__(self) -> None:
        self._head: bytes | None = b""
        """The first bytes, while they may still become a byte order mark; None afterwards."""
        self._after_cr = False
        self._partial: list[bytes] = []
        """The pieces of an incomplete line."""
        self._data: list[bytes] = []
        self._name = ""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next bytes of the stream, and return the events that they complete, in order."""
        if self._head is not None:
            chunk = self._head + chunk
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._head = chunk
                return []
            self._head = None
            chunk = chunk.removeprefix(_BOM)
        if self._after_cr and chunk:
            self._after_cr = False
            # The CR ended its line at once; this LF belongs to the same CRLF.
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        complete, end, rest = chunk.rpartition(b"\n")
        if end and self._partial:
            complete = b"".join(self._partial) + complete
            self._partial = []
        if rest:
            self._partial.append(rest)
        return self._lines(complete) if end else []

    def _lines(self, complete: bytes) -> list[ServerSentEvent]:
        events = []
        for line in complete.split(b"\n"):
            if not line:
                if self._data:
                    data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                    events.append(ServerSentEvent(self._name, data))
                    self._data = []
                self._name = ""
                continue
            field, _, value = line.partition(b":")
            if field == b"data":
                self._data.append(value.removeprefix(b" "))
            elif field == b"event":
                self._name = value.removeprefix(b" ").decode("utf-8", "replace")
        return events
