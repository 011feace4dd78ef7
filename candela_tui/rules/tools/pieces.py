"""A stream of events in the pieces that it came in: the bytes of each event, and its JSON."""

import re
import struct
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from candela_tui.protocol.bedrock.event_stream import CorruptFrame
from candela_tui.protocol.bedrock.events import BedrockEventDecoder, event_frame
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder, encoded

_END: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n|\Z)){2}")
_LONGEST_END: Final = len(b"\r\n\r\n")
_BLANK: Final = b"\n\n"
_NAMED: Final = re.compile(rb"event: ?([\w.]+)[\r\n]")
_LENGTH: Final = struct.Struct("!I")
JUDGED: Final = frozenset({b"content_block_start", b"message_delta"})
"""The events that are looked at while no call is held back."""
_ESCAPED: Final = rb"\u00"
"""How JSON can write a letter otherwise. No provider does."""
Holds = Callable[[], bool]


class Pieces(Protocol):
    """Splits a stream. No byte is lost or changed."""

    def feed(self, data: bytes, holds: Holds) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield each event that the bytes complete, with its name; b"" if only its JSON tells. The name is None if a
        part of it has passed already, and for events without the mark while no call is held back, as ``holds`` says:
        of these, which are most of a stream, many come together, unread."""

    def are_unmarked(self, data: bytes) -> bool:
        """Return whether bytes are whole events without the mark, and begin one: if no call is held back, they pass
        without ``feed``."""

    def has_mark(self, data: bytes) -> bool:
        """Return whether a part of the stream, or a whole document, may have the mark."""

    def data(self, piece: bytes) -> bytes | None:
        """Return the JSON of an event; None if it has none."""

    def early(self) -> bytes:
        """Return the bytes of an incomplete event that can pass already."""

    def rest(self) -> bytes:
        """Return the bytes that no event has used."""

    def framed(self, name: str, data: bytes) -> bytes:
        """Return an event in the form of this stream."""


class EventPieces:
    """Server-sent events."""

    def __init__(self, mark: bytes) -> None:
        """``mark`` is in the JSON of each event that begins a call, or that is changed once one was left out."""
        self._mark = mark
        self._kept = b""
        self._at = 0
        """Where the next event begins in what is kept."""
        self._searched = 0
        self._passed = 0
        """How many bytes of the incomplete event the client already has."""

    def feed(self, data: bytes, holds: Holds) -> Iterator[tuple[bytes, bytes | None]]:
        self._kept = self._kept[self._at :] + data
        self._at = 0
        # A blank line ends an event, and only carriage returns make other ones.
        usual = b"\r" not in self._kept
        marked_at = -1
        while True:
            if usual and not (self._passed or holds()):
                if marked_at < self._at:
                    marked_at = self._marked_at(self._at)
                last = self._kept.rfind(_BLANK, self._at, marked_at)
                if last >= 0:
                    begin, self._at = self._at, last + len(_BLANK)
                    yield self._kept[begin : self._at], None
            found = _END.search(self._kept, max(self._at, self._searched))
            if found is None:
                break
            piece, passed = self._kept[self._at : found.end()], self._passed
            self._at, self._passed = found.end(), 0
            yield (piece[passed:], None) if passed else (piece, self._name(piece))
        self._kept, self._at = self._kept[self._at :], 0
        self._searched = max(0, len(self._kept) - _LONGEST_END)

    def are_unmarked(self, data: bytes) -> bool:
        begins = not (self._kept or self._passed)
        return begins and data.endswith(_BLANK) and b"\r" not in data and not self.has_mark(data)

    def _marked_at(self, start: int) -> int:
        """Return where the first mark is from a place on, or the end."""
        found = self._kept.find(self._mark, start)
        end = found if found >= 0 else len(self._kept)
        # One character is found much faster than several.
        escape = self._kept.find(b"\\", start, end)
        escaped = self._kept.find(_ESCAPED, escape, end) if escape >= 0 else -1
        return escaped if escaped >= 0 else end

    def has_mark(self, data: bytes) -> bool:
        return self._mark in data or (b"\\" in data and _ESCAPED in data)

    @staticmethod
    def _name(piece: bytes) -> bytes:
        named = _NAMED.match(piece)
        return named[1] if named is not None else b""

    def data(self, piece: bytes) -> bytes | None:
        events = SSEDecoder().feed(piece)
        return events[-1].data if events else None

    def early(self) -> bytes:
        named = _NAMED.match(self._kept)
        if not self._passed and (named is None or named[1] in JUDGED):
            return b""
        early = self._kept[self._passed :]
        self._passed = len(self._kept)
        return early

    def rest(self) -> bytes:
        rest, self._kept = self._kept[self._at + self._passed :], b""
        self._at = self._passed = self._searched = 0
        return rest

    def framed(self, name: str, data: bytes) -> bytes:
        return encoded(ServerSentEvent(name, data))


class FramePieces:
    """Bedrock's frames."""

    def __init__(self, mark: bytes) -> None:
        """``mark`` is that of ``EventPieces``. An event's JSON is base64 within another JSON."""
        self._marks = (*base64_forms(mark), *base64_forms(_ESCAPED), _ESCAPED)
        self._kept = b""

    def feed(self, data: bytes, holds: Holds) -> Iterator[tuple[bytes, bytes | None]]:
        self._kept += data
        if not holds():
            plain = self._kept[: _whole_frames(self._kept)]
            if plain and not self.has_mark(plain):
                self._kept = self._kept[len(plain) :]
                yield plain, None
        while len(self._kept) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._kept)
            if length <= _LENGTH.size:
                raise CorruptFrame(f"a frame of {length} bytes")
            if len(self._kept) < length:
                return
            piece, self._kept = self._kept[:length], self._kept[length:]
            yield piece, b""

    def are_unmarked(self, data: bytes) -> bool:
        return not self._kept and _whole_frames(data) == len(data) and not self.has_mark(data)

    def has_mark(self, data: bytes) -> bool:
        return any(mark in data for mark in self._marks)

    def data(self, piece: bytes) -> bytes | None:
        events = BedrockEventDecoder().feed(piece)
        return events[-1].data if events else None

    def early(self) -> bytes:
        # A client does nothing with a part of a frame.
        return b""

    def rest(self) -> bytes:
        rest, self._kept = self._kept, b""
        return rest

    def framed(self, name: str, data: bytes) -> bytes:
        return event_frame(data)


def _whole_frames(data: bytes) -> int:
    """Return where the last whole frame ends."""
    at, end = 0, len(data)
    while at + _LENGTH.size <= end:
        (length,) = _LENGTH.unpack_from(data, at)
        if length <= _LENGTH.size or at + length > end:
            break
        at += length
    return at


def base64_forms(mark: bytes) -> tuple[bytes, ...]:
    """Return how the bytes look within base64, by the place at which they begin in a group of three: the characters
    that they alone decide."""
    forms = []
    for before in range(3):
        begin, end = -(-before * 8 // 6), (before + len(mark)) * 8 // 6
        forms.append(b64encode(bytes(before) + mark)[begin:end])
    return tuple(forms)
