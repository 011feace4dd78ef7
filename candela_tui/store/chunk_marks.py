"""Where the chunks of a response end, and when they came, in few bytes.

Compressed after ``_FORM``: the number of chunks, the length of the ends, the bytes of a step; the ends; the steps.

Chunks mostly end where an event does, so an end is the number of events since the last one, or 0 and the chunk's size.
A step is the microseconds since the previous chunk. First come the lowest bytes of all steps, then the next: their high
bytes are alike, so that they compress to almost nothing.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import zstandard

_LEVEL = 3
_FORM = b"\x01"
"""The first byte. What the first schemas stored begins as zstd does."""
_HEAD = struct.Struct("<IIB")
_US_PER_MS = 1000
_EVENT_END = b"\n\n"


def pack_marks(body: bytes, chunks: Sequence[bytes], times: Sequence[float]) -> bytes:
    """Pack the ends and times (ms, kept to the microsecond) of the chunks that a body consists of."""
    ticks = [round(time * _US_PER_MS) for time in times]
    steps = [_zigzag(after - before) for before, after in pairwise([0, *ticks])]
    width = max(1, (max(steps, default=0).bit_length() + 7) // 8)
    ends = bytes(_varints(_coded_ends(body, chunks)))
    planes = struct.pack(f"<{len(steps)}Q", *steps)
    data = [_HEAD.pack(len(chunks), len(ends), width), ends, *(planes[place::8] for place in range(width))]
    return _FORM + zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(b"".join(data))


def unpack_marks(body: bytes, marks: bytes) -> tuple[list[int], list[float]]:
    """Return where the chunks end in the body, and their times (ms). Raises ValueError for damaged marks."""
    try:
        read = _ends_and_steps if marks.startswith(_FORM) else _first_ends_and_steps
        ends, steps = read(body, marks)
    except (zstandard.ZstdError, struct.error) as error:
        raise ValueError(str(error)) from error
    if len(ends) != len(steps):
        raise ValueError("has other times than chunks")
    return ends, [tick / _US_PER_MS for tick in accumulate(steps)]


def _ends_and_steps(body: bytes, marks: bytes) -> tuple[list[int], list[int]]:
    data = zstandard.ZstdDecompressor().decompress(marks[len(_FORM) :])
    count, length, width = _HEAD.unpack_from(data)
    ends_at = _HEAD.size + length
    if len(data) != ends_at + width * count:
        raise ValueError("has marks of another length")
    planes = bytearray(8 * count)
    for place in range(width):
        planes[place::8] = data[ends_at + place * count : ends_at + (place + 1) * count]
    ends = _decoded_ends(body, _read_varints(data[_HEAD.size : ends_at]))
    return ends, [_unzigzag(step) for step in struct.unpack(f"<{count}Q", planes)]


_BYTES_PER_CHUNK = struct.calcsize("<Iq")


def _first_ends_and_steps(_body: bytes, marks: bytes) -> tuple[list[int], list[int]]:
    """Read what the first schemas stored: a uint32 size for each chunk, then an int64 step for each."""
    data = zstandard.ZstdDecompressor().decompress(marks)
    count = len(data) // _BYTES_PER_CHUNK
    numbers = struct.unpack(f"<{count}I{count}q", data)
    return list(accumulate(numbers[:count])), list(numbers[count:])


def _coded_ends(body: bytes, chunks: Sequence[bytes]) -> Iterator[int]:
    event_ends = _event_ends(body)
    next_event, at = next(event_ends, None), 0
    for chunk in chunks:
        at += len(chunk)
        events, last = 0, None
        while next_event is not None and next_event <= at:
            events, last, next_event = events + 1, next_event, next(event_ends, None)
        if last == at:
            yield events
        else:
            yield 0
            yield len(chunk)


def _decoded_ends(body: bytes, codes: Iterator[int]) -> list[int]:
    event_ends = _event_ends(body)
    next_event, at = next(event_ends, None), 0
    ends = []
    for code in codes:
        for _ in range(code):
            if next_event is None:
                raise ValueError("has fewer events than its chunks")
            at, next_event = next_event, next(event_ends, None)
        if not code:
            size = next(codes, None)
            if size is None:
                raise ValueError("has a chunk without an end")
            at += size
            while next_event is not None and next_event <= at:
                next_event = next(event_ends, None)
        ends.append(at)
    return ends


def _event_ends(body: bytes) -> Iterator[int]:
    at = 0
    while (found := body.find(_EVENT_END, at)) >= 0:
        at = found + len(_EVENT_END)
        yield at


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _unzigzag(number: int) -> int:
    return -((number + 1) >> 1) if number & 1 else number >> 1


def _varints(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        left = number
        while left > 0x7F:
            yield left & 0x7F | 0x80
            left >>= 7
        yield left


def _read_varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0
