"""JSON string literals of any length, decoded slice by slice."""

from collections.abc import Iterator

import msgspec

_SLICE = 65536
_LONGEST_ESCAPE = 12
"""A surrogate pair: ``\\ud83d\\ude00``."""


def string_slices(literal: bytes) -> Iterator[str]:
    """Decode a literal (with its quotes). What is not valid is shown as written, not raised."""
    start, end = 1, max(1, len(literal) - 1)
    while start < end:
        stop = end if end - start <= _SLICE else _safe_cut(literal, start, start + _SLICE)
        piece = literal[start:stop]
        try:
            yield msgspec.json.decode(b'"%s"' % piece, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield piece.decode("utf-8", "replace")
        start = stop


def _safe_cut(literal: bytes, start: int, stop: int) -> int:
    """The last place up to ``stop`` that is inside neither an escape nor a character."""
    # A space is never part of an escape.
    space = literal.rfind(b" ", start, stop)
    if space > start:
        return space + 1
    for cut in range(stop, max(start, stop - 4096), -1):
        between_characters = literal[cut] & 0xC0 != 0x80
        if between_characters and b"\\" not in literal[max(start, cut - _LONGEST_ESCAPE) : cut]:
            return cut
        begins_escape = literal[cut] == 0x5C and literal[cut - 1] != 0x5C
        low_surrogate = literal[cut + 1 : cut + 3].lower() in (b"ud",) and literal[cut + 3 : cut + 4].lower() in (
            b"c",
            b"d",
            b"e",
            b"f",
        )
        if begins_escape and not low_surrogate:
            return cut
    return stop
