"""Frames of ``application/vnd.amazon.eventstream``, decoded as they arrive.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html. A frame consists of its length, the
length of its headers, a CRC of these two, the headers, the payload, and a CRC of everything before. Numbers are
big-endian.
"""

import struct
from binascii import crc32
from collections.abc import Mapping
from dataclasses import dataclass

EVENT_STREAM = "application/vnd.amazon.eventstream"
"""The content type of such a stream."""

HeaderValue = bool | int | bytes | str
"""The value of a frame's header. Timestamps are milliseconds since 1970, UUIDs their 16 bytes."""

_PRELUDE = struct.Struct("!III")
_CRC = struct.Struct("!I")
_LEAST = _PRELUDE.size + _CRC.size
# The limits of Amazon's own SDKs (botocore 1.44, eventstream.py).
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
        """Return a string header, or "" if there is none."""
        value = self.headers.get(name)
        return value if isinstance(value, str) else ""


class CorruptFrame(ValueError):
    """The bytes are not a frame; ``str()`` says why. The beginning of the next frame is unknown then."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.frames: list[Frame] = []
        """The whole frames before it, from the same call."""


class FrameDecoder:
    """An incremental decoder: the frames do not depend on how the stream is split into chunks.

    It keeps what has arrived of one frame and no more, whatever length the frame claims. An incomplete frame at the
    end of the stream is dropped.
    """

    __slots__ = ("_corrupt", "_rest")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._corrupt = ""

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes, and return the frames that they complete. Raises CorruptFrame, then also ever after."""
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
        """Return the end of the frame that starts here, or None if it is incomplete."""
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


def encoded_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return the bytes of a frame whose headers are all strings."""
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    head = b"".join(
        bytes((len(name),)) + name + bytes((_STRING,)) + _LENGTH.pack(len(value)) + value for name, value in fields
    )
    lengths = _PRELUDE.pack(_LEAST + len(head) + len(payload), len(head), 0)[: -_CRC.size]
    frame = lengths + _CRC.pack(crc32(lengths)) + head + payload
    return frame + _CRC.pack(crc32(frame))
