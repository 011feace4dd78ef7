"""Body compression: zstd, alone or as a patch against another body, and the boundaries between chunks."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import zstandard

_LEVEL = 3
_FAR_LEVEL = 12
_FAR = 1_000_000
"""Size in bytes of a base from which level 3 no longer finds matches at its beginning: a patch against 2 MB is then
20% of the body, against 10 MB 45%. Level 12 finds all of it: 0.1% and 0.03% in 0.02 and 0.13 s, of 64 MB 0.07% in 0.7 s
(level 3 needs 2 ms for 1 MB, level 12 9 ms). Long-distance matching does not help: zstd does not apply it to a
dictionary."""
_MOST_WINDOW_LOG = 27
"""128 MB: enough for a body of 64 MB and its base. Larger bodies are compressed alone."""
_US_PER_MS = 1000


class DamagedBody(Exception):
    """The stored bytes differ from those that were written."""


def digest(body: bytes) -> bytes:
    """Return the digest that a body is checked against when it is read."""
    return hashlib.blake2b(body, digest_size=16).digest()


def pack(body: bytes) -> bytes:
    """Compress a body on its own."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(body)


def pack_patch(body: bytes, base: bytes) -> bytes | None:
    """Compress a body against an earlier one. Return None if the two are too large for one window."""
    window_log = max(zstandard.WINDOWLOG_MIN, (len(body) + len(base) - 1).bit_length())
    if window_log > _MOST_WINDOW_LOG:
        return None
    level = _LEVEL if len(base) <= _FAR else _FAR_LEVEL
    parameters = zstandard.ZstdCompressionParameters.from_level(level, window_log=window_log, enable_ldm=True)
    return zstandard.ZstdCompressor(dict_data=_dictionary(base), compression_params=parameters).compress(body)


def unpack(data: bytes, size: int, base: bytes | None = None) -> bytes:
    """Undo ``pack`` (no base) or ``pack_patch``. Raises DamagedBody if zstd detects damage; check the digest too."""
    window = 1 << _MOST_WINDOW_LOG
    if base is None:
        decompressor = zstandard.ZstdDecompressor(max_window_size=window)
    else:
        decompressor = zstandard.ZstdDecompressor(dict_data=_dictionary(base), max_window_size=window)
    try:
        # Check the size before memory is allocated for it.
        if zstandard.frame_content_size(data) != size:
            raise DamagedBody(f"is not of {size} bytes")
        return decompressor.decompress(data)
    except zstandard.ZstdError as error:
        raise DamagedBody(str(error)) from error


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a response, as it is stored."""

    size: int
    digest: bytes
    data: bytes
    chunks: bytes
    """zstd of a uint32 size per chunk, followed by an int64 per chunk: microseconds since the previous chunk."""


def pack_part(chunks: Sequence[bytes], times: Sequence[float]) -> Part:
    """Pack chunks and their times (ms, kept to the microsecond)."""
    body = b"".join(chunks)
    ticks = [round(time * _US_PER_MS) for time in times]
    steps = [after - before for before, after in pairwise([0, *ticks])]
    marks = struct.pack(f"<{len(chunks)}I{len(steps)}q", *map(len, chunks), *steps)
    return Part(len(body), digest(body), pack(body), pack(marks))


_BYTES_PER_CHUNK = struct.calcsize("<Iq")


def unpack_part(part: Part) -> tuple[list[bytes], list[float]]:
    """Return the chunks and their times (ms). Raises DamagedBody."""
    body = unpack_part_body(part)
    try:
        marks = zstandard.ZstdDecompressor().decompress(part.chunks)
        count = len(marks) // _BYTES_PER_CHUNK
        numbers = struct.unpack(f"<{count}I{count}q", marks)
    except (zstandard.ZstdError, struct.error) as error:
        raise DamagedBody(str(error)) from error
    ends = list(accumulate(numbers[:count], initial=0))
    if ends[-1] != len(body):
        raise DamagedBody("has other chunks than bytes")
    chunks = [body[start:end] for start, end in pairwise(ends)]
    return chunks, [tick / _US_PER_MS for tick in accumulate(numbers[count:])]


def unpack_part_body(part: Part) -> bytes:
    """Return the bytes without the chunk boundaries. Raises DamagedBody."""
    body = unpack(part.data, part.size)
    if digest(body) != part.digest:
        raise DamagedBody("does not match its hash")
    return body
