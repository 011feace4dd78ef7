"""Read JSON string literals of any length piece by piece."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

_PIECE = 16384
_LONGEST_ESCAPE = 12
"""A surrogate pair: ``\\ud83d\\ude00``."""
_COUNTED = 1 << 20


class LiteralPiece(NamedTuple):
    """A part of a literal."""

    start: int
    stop: int
    goes_on: bool
    """Whether its last line continues in the next piece."""


def decoded(literal: bytes, start: int, stop: int) -> str:
    """Return the decoded text of a part of a literal; a part that is not valid is returned as written."""
    piece = literal[start:stop]
    try:
        return msgspec.json.decode(b'"%s"' % piece, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return piece.decode("utf-8", "replace")


def beginning(literal: bytes, start: int, stop: int, most: int) -> int:
    """Return where to stop reading after at most this many bytes."""
    return stop if stop - start <= most else _safe_cut(literal, start, start + most)


def pieces(literal: bytes, start: int, end: int) -> Iterator[LiteralPiece]:
    """Cut a literal into pieces of some kilobytes, from behind its opening quote to before its closing quote.

    Cuts are made at newlines where possible; these belong to no piece. A newline at the very end does not begin another
    line.
    """
    if (last := _newline(literal, start, end)) >= 0 and last + 2 == end:
        end = last
    while True:
        if end - start <= _PIECE:
            yield LiteralPiece(start, end, False)
            return
        newline = _newline(literal, start, start + _PIECE)
        if newline >= 0:
            yield LiteralPiece(start, newline, False)
            start = newline + 2
        else:
            cut = _safe_cut(literal, start, start + _PIECE)
            yield LiteralPiece(start, cut, True)
            start = cut


class Newlines:
    """The number of lines in a part of a literal, counted in steps; None until it is counted."""

    def __init__(self, literal: bytes, start: int, end: int) -> None:
        self.lines: int | None = None
        self._literal, self._start, self._end = literal, start, end

    def count(self) -> Iterator[None]:
        """Count the lines, unless that is done."""
        if self.lines is not None:
            return
        literal, start, end = self._literal, self._start, self._end
        if (last := _newline(literal, start, end)) >= 0 and last + 2 == end:
            end = last
        total = 1 if end > start or self._end > self._start else 0
        while start < end:
            stop = min(end, start + _COUNTED)
            while stop < end and literal[stop - 1] == 0x5C:
                stop += 1
            total += _newlines(literal, start, stop)
            start = stop
            yield
        self.lines = total


def _newlines(literal: bytes, start: int, stop: int) -> int:
    # ``n`` after an odd number of backslashes is a newline. For a run of k backslashes, each of the k searches for 1,
    # 2, … k backslashes finds one match, so adding and subtracting in turn leaves 1 for an odd k and 0 for an even one.
    total, sign, backslashes = 0, 1, b"\\"
    while found := literal.count(backslashes + b"n", start, stop):
        total += sign * found
        sign = -sign
        backslashes += b"\\"
    return total


def _newline(literal: bytes, start: int, stop: int) -> int:
    """Return the last escaped newline between two offsets; -1 if there is none."""
    place = literal.rfind(b"\\n", start, stop)
    while place >= 0:
        before = place
        while before > start and literal[before - 1] == 0x5C:
            before -= 1
        if (place - before) % 2 == 0:
            return place
        place = literal.rfind(b"\\n", start, place)
    return -1


def _safe_cut(literal: bytes, start: int, stop: int) -> int:
    """Return the last offset up to ``stop`` that is not inside an escape or a character."""
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
