"""Server-sent events, decoded as they arrive.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One dispatched event. ``name`` is empty where the stream gave none; ``data`` is its raw UTF-8."""

    name: str
    data: bytes


class SSEDecoder:
    """An incremental decoder: any chunking of a stream gives the same events.

    It works on bytes, so a chunk may end inside a UTF-8 character. Lines end in LF, CRLF or CR. As the
    specification says, an event that the stream breaks off before its empty line is not dispatched.
    """

    __slots__ = ("_buffer", "_data", "_name", "_scanned", "_started")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._data: list[bytes] = []
        self._name = ""
        self._started = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next bytes of the stream; return the events that they complete, in order."""
        buffer = self._buffer
        buffer += chunk
        if not self._started:
            if len(buffer) < 3 and b"\xef\xbb\xbf".startswith(buffer):
                return []
            if buffer.startswith(b"\xef\xbb\xbf"):
                del buffer[:3]
            self._started = True
        # The last byte may be a CR whose LF is still to come, so it waits for the next chunk.
        end = len(buffer) - 1 if buffer.endswith(b"\r") else len(buffer)
        cut = max(buffer.rfind(b"\n", self._scanned, end), buffer.rfind(b"\r", self._scanned, end)) + 1
        if cut == 0:
            self._scanned = end
            return []
        complete = bytes(buffer[:cut])
        del buffer[:cut]
        self._scanned = 0
        events: list[ServerSentEvent] = []
        for line in _lines(complete):
            if line:
                self._field(line)
            elif self._data:
                events.append(ServerSentEvent(self._name, b"\n".join(self._data)))
                self._data = []
                self._name = ""
            else:
                self._name = ""
        return events

    @property
    def pending(self) -> bool:
        """Whether the stream, should it end here, would break off inside an event."""
        return bool(self._buffer.strip(b"\r\n") or self._data or self._name)

    def _field(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")


def _lines(complete: bytes) -> list[bytes]:
    if b"\r" in complete:
        complete = complete.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = complete.split(b"\n")
    lines.pop()
    return lines
