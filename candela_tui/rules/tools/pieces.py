"""A stream of events in the pieces that it came in: the bytes of each event, and its JSON."""

import re
import struct
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from candela_tui.protocol.bedrock.event_stream import CorruptFrame
from candela_tui.protocol.bedrock.events import BedrockEventDecoder, event_frame
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder, encoded

_END: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n|\Z)){2}")
_LONGEST_END: Final = len(b"\r\n\r\n")
_NAMED: Final = re.compile(rb"event: ?([\w.]+)[\r\n]")
_LENGTH: Final = struct.Struct("!I")
JUDGED: Final = frozenset({b"content_block_start", b"message_delta"})
"""The events that are looked at while no call is held back."""
_NOT_JUDGED: Final = re.compile(
    rb"(?>event: ?(?!(?:%b)\n)[\w.]+\n(?>data:.*\n)++\n)++" % b"|".join(map(re.escape, sorted(JUDGED)))
)
"""Whole events in the usual form, without a carriage return, that are none of those: most of a stream, which passes
many at a time."""
Holds = Callable[[], bool]


class Pieces(Protocol):
    """Splits a stream. No byte is lost or changed."""

    def feed(self, data: bytes, holds: Holds) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield each event that the bytes complete, with its name; b"" if only its JSON tells. The name is None if a
        part of it has passed already, and for events that need no look while no call is held back, as ``holds`` says:
        of these, several come together."""

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

    def __init__(self) -> None:
        self._kept = b""
        self._at = 0
        """Where the next event begins in what is kept."""
        self._searched = 0
        self._passed = 0
        """How many bytes of the incomplete event the client already has."""

    def feed(self, data: bytes, holds: Holds) -> Iterator[tuple[bytes, bytes | None]]:
        self._kept = self._kept[self._at :] + data
        self._at = 0
        usual = b"\r" not in self._kept
        while True:
            plain = _NOT_JUDGED.match(self._kept, self._at) if usual and not (self._passed or holds()) else None
            found = plain or _END.search(self._kept, max(self._at, self._searched))
            if found is None:
                break
            piece, passed = self._kept[self._at : found.end()], self._passed
            self._at, self._passed = found.end(), 0
            yield (piece[passed:], None) if plain or passed else (piece, self._name(piece))
        self._kept, self._at = self._kept[self._at :], 0
        self._searched = max(0, len(self._kept) - _LONGEST_END)

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

    def __init__(self) -> None:
        self._kept = b""

    def feed(self, data: bytes, holds: Holds) -> Iterator[tuple[bytes, bytes | None]]:
        self._kept += data
        while len(self._kept) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._kept)
            if length <= _LENGTH.size:
                raise CorruptFrame(f"a frame of {length} bytes")
            if len(self._kept) < length:
                return
            piece, self._kept = self._kept[:length], self._kept[length:]
            yield piece, b""

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
