"""Body compression: zstd, alone, with a dictionary or as a patch against another body; and the chunks of a response."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import zstandard

from candela_tui.store.chunk_marks import pack_marks, unpack_marks
from candela_tui.store.dictionaries import Dictionary, loaded

_LEVEL = 3
_FAR_LEVEL = 12
_FAR = 1_000_000
"""Size in bytes of a base from which level 3 no longer finds matches at its beginning: a patch against 2 MB is then
20% of the body, against 10 MB 45%. Level 12 finds all of it: 0.1% and 0.03% in 0.02 and 0.13 s, of 64 MB 0.07% in 0.7 s
(level 3 needs 2 ms for 1 MB, level 12 9 ms). Long-distance matching does not help: zstd does not apply it to a
dictionary."""
_MOST_WINDOW_LOG = 27
"""128 MB: enough for a body of 64 MB and its base. Larger bodies are compressed alone."""
_SHORT_LEVEL = 6
"""For what is packed with a dictionary: 4% smaller than level 3 for 0.1 ms more of 25 kB. Level 12: 9% for 2 ms."""


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


def pack_with(dictionary: Dictionary, data: bytes) -> bytes:
    """Compress header fields or a response. ``unpack`` finds the dictionary by the first byte, which zstd never begins
    with; the frame has a checksum of its own."""
    compressor = zstandard.ZstdCompressor(level=_SHORT_LEVEL, dict_data=loaded(dictionary), write_checksum=True)
    return bytes([dictionary]) + compressor.compress(data)


def unpack(data: bytes, size: int, base: bytes | None = None) -> bytes:
    """Undo ``pack``, ``pack_with`` (no base) or ``pack_patch``. Raises DamagedBody if zstd detects damage; check the
    digest too."""
    frame, dictionary = data, None if base is None else _dictionary(base)
    if base is None and not data.startswith(zstandard.FRAME_HEADER):
        frame, dictionary = _with_dictionary(data)
    try:
        # Check the size before memory is allocated for it.
        if zstandard.frame_content_size(frame) != size:
            raise DamagedBody(f"is not of {size} bytes")
        return _decompressor(dictionary).decompress(frame)
    except zstandard.ZstdError as error:
        raise DamagedBody(str(error)) from error


def unpack_short(data: bytes, most: int) -> bytes:
    """Undo ``pack_with`` for what has no size of its own, up to so many bytes. Raises DamagedBody."""
    frame, dictionary = _with_dictionary(data)
    try:
        if not 0 <= zstandard.frame_content_size(frame) <= most:
            raise DamagedBody(f"is not of up to {most} bytes")
        return _decompressor(dictionary).decompress(frame)
    except zstandard.ZstdError as error:
        raise DamagedBody(str(error)) from error


def _with_dictionary(data: bytes) -> tuple[bytes, zstandard.ZstdCompressionDict]:
    try:
        return data[1:], loaded(Dictionary(data[0]))
    except (IndexError, ValueError) as error:
        raise DamagedBody("is packed in no known way") from error


def _decompressor(dictionary: zstandard.ZstdCompressionDict | None) -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=1 << _MOST_WINDOW_LOG)


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a response, as it is stored."""

    size: int
    digest: bytes
    data: bytes
    chunks: bytes
    """Where the chunks end, and when they came; see ``chunk_marks``."""


def pack_part(chunks: Sequence[bytes], times: Sequence[float]) -> Part:
    """Pack chunks and their times (ms, kept to the microsecond)."""
    body = b"".join(chunks)
    return Part(len(body), digest(body), pack_with(Dictionary.RESPONSE, body), pack_marks(body, chunks, times))


def unpack_part(part: Part) -> tuple[list[bytes], list[float]]:
    """Return the chunks and their times (ms). Raises DamagedBody."""
    body = unpack_part_body(part)
    try:
        ends, times = unpack_marks(body, part.chunks)
    except ValueError as error:
        raise DamagedBody(str(error)) from error
    if (ends[-1] if ends else 0) != len(body):
        raise DamagedBody("has other chunks than bytes")
    return [body[start:end] for start, end in pairwise([0, *ends])], times


def unpack_part_body(part: Part) -> bytes:
    """Return the bytes without the chunk boundaries. Raises DamagedBody."""
    body = unpack(part.data, part.size)
    if digest(body) != part.digest:
        raise DamagedBody("does not match its hash")
    return body
