"""Frames of ``application/vnd.amazon.eventstream``, decoded as they arrive.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html. A frame is its length and the length of
its headers, a CRC of these two, headers, payload, and a CRC of everything before; numbers are big-endian.
"""

import struct
from binascii import crc32
from dataclasses import dataclass

EVENT_STREAM = "application/vnd.amazon.eventstream"
"""The content type."""

HeaderValue = bool | int | bytes | str
"""A timestamp is in milliseconds since 1970, a UUID its 16 bytes."""

_PRELUDE = struct.Struct("!III")
_CRC = struct.Struct("!I")
_LEAST = _PRELUDE.size + _CRC.size
# What Amazon's own SDKs take at most (botocore 1.44, eventstream.py).
_MOST_HEADERS = 128 * 1024
_MOST_PAYLOAD = 24 * 1024 * 1024

_FIXED = {2: struct.Struct("!b"), 3: struct.Struct("!h"), 4: struct.Struct("!i"), 5: struct.Struct("!q")}
_FIXED[8] = _FIXED[5]
_LENGTH = struct.Struct("!H")
_BYTES, _STRING, _UUID = 6, 7, 9


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of the stream."""

    headers: dict[str, HeaderValue]
    payload: bytes

    def text(self, name: str) -> str:
        """A header that is a string; empty where there is none."""
        value = self.headers.get(name)
        return value if isinstance(value, str) else ""


class CorruptFrame(ValueError):
    """What arrived is no frame; ``str()`` says why. Where the next one begins can't be known any more."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.frames: list[Frame] = []
        """Those that came whole before it, in the same call."""


class FrameDecoder:
    """An incremental decoder: any chunking of a stream gives the same frames.

    It keeps what has arrived of one frame and no more, whatever length the frame claims. A frame that the stream
    breaks off before its end is not given.
    """

    __slots__ = ("_corrupt", "_rest")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._corrupt = ""

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; return the frames that they complete. Raises CorruptFrame, from then on always."""
        if self._corrupt:
            raise CorruptFrame(self._corrupt)
        self._rest += chunk
        frames: list[Frame] = []
        at = 0
        try:
            while (end := self._end_of_frame(at)) is not None:
                frames.append(_frame(bytes(memoryview(self._rest)[at:end])))
                at = end
        except CorruptFrame as corrupt:
            self._corrupt = str(corrupt)
            self._rest = bytearray()
            corrupt.frames = frames
            raise
        if at:
            del self._rest[:at]
        return frames

    def _end_of_frame(self, start: int) -> int | None:
        """Where the frame that starts there ends; None: it has not come whole."""
        if len(self._rest) - start < _PRELUDE.size:
            return None
        total, headers, crc = _PRELUDE.unpack_from(self._rest, start)
        if crc32(memoryview(self._rest)[start : start + 8]) != crc:
            raise CorruptFrame("the checksum of a frame's lengths is wrong")
        if total < _LEAST + headers:
            raise CorruptFrame(f"a frame of {total} bytes can't have {headers} bytes of headers")
        if headers > _MOST_HEADERS or total - _LEAST - headers > _MOST_PAYLOAD:
            raise CorruptFrame(f"a frame claims {total} bytes, {headers} of them headers: more than Amazon's limits")
        end: int = start + total
        return end if len(self._rest) >= end else None


def _frame(frame: bytes) -> Frame:
    (crc,) = _CRC.unpack_from(frame, len(frame) - _CRC.size)
    if crc32(memoryview(frame)[: -_CRC.size]) != crc:
        raise CorruptFrame("the checksum of a frame is wrong")
    end = _PRELUDE.size + int.from_bytes(frame[4:8], "big")
    try:
        headers = _headers(frame[_PRELUDE.size : end])
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise CorruptFrame(f"the headers of a frame can't be read: {error}") from error
    return Frame(headers, frame[end : -_CRC.size])


def _headers(data: bytes) -> dict[str, HeaderValue]:
    headers: dict[str, HeaderValue] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        name = data[at + 1 : name_end].decode()
        kind = data[name_end]
        at = name_end + 1
        value: HeaderValue
        if kind in (_STRING, _BYTES):
            start = at + _LENGTH.size
            at = start + _LENGTH.unpack_from(data, at)[0]
            value = data[start:at].decode() if kind == _STRING else data[start:at]
        elif kind in _FIXED:
            value = _FIXED[kind].unpack_from(data, at)[0]
            at += _FIXED[kind].size
        elif kind == _UUID:
            value = data[at : at + 16]
            at += 16
        elif kind <= 1:
            value = kind == 0
        else:
            raise CorruptFrame(f"a frame has a header of the unknown type {kind}")
        if name in headers:
            raise CorruptFrame(f"a frame has the header {name!r} twice")
        headers[name] = value
    if at != len(data):
        raise CorruptFrame("the headers of a frame are longer than it says")
    return headers
