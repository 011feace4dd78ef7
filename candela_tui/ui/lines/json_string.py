"""JSON string literals of any length, read piece by piece."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

_PIECE = 16384
_LONGEST_ESCAPE = 12
"""A surrogate pair: ``\\ud83d\\ude00``."""
_COUNTED = 1 << 20


class Piece(NamedTuple):
    """A part of a literal."""

    start: int
    stop: int
    goes_on: bool
    """Whether its last line goes on in the next piece."""


def decoded(literal: bytes, start: int, stop: int) -> str:
    """What a part of a literal says, as written where it is not valid."""
    piece = literal[start:stop]
    try:
        return msgspec.json.decode(b'"%s"' % piece, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return piece.decode("utf-8", "replace")


def beginning(literal: bytes, start: int, stop: int, most: int) -> int:
    """Where to stop reading after at most so many bytes."""
    return stop if stop - start <= most else _safe_cut(literal, start, start + most)


def pieces(literal: bytes, start: int, end: int) -> Iterator[Piece]:
    """Cut the part of a literal between two places (behind its quote, before its quote) into some kilobytes each.

    The cuts are newlines where there are any, which belong to no piece. A newline at the very end is no line more.
    """
    if (last := _newline(literal, start, end)) >= 0 and last + 2 == end:
        end = last
    while True:
        if end - start <= _PIECE:
            yield Piece(start, end, False)
            return
        newline = _newline(literal, start, start + _PIECE)
        if newline >= 0:
            yield Piece(start, newline, False)
            start = newline + 2
        else:
            cut = _safe_cut(literal, start, start + _PIECE)
            yield Piece(start, cut, True)
            start = cut


class Newlines:
    """How many lines a part of a literal has, counted in steps. None: not counted yet."""

    def __init__(self, literal: bytes, start: int, end: int) -> None:
        self.lines: int | None = None
        self._literal, self._start, self._end = literal, start, end

    def count(self) -> Iterator[None]:
        """Count, unless it is done."""
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
    # ``n`` behind an odd number of backslashes is a newline. Of a run of k, each of the k searches for 1, 2, … k
    # backslashes finds one, so that adding and subtracting in turns leaves 1 where k is odd and 0 where it is even.
    total, sign, backslashes = 0, 1, b"\\"
    while found := literal.count(backslashes + b"n", start, stop):
        total += sign * found
        sign = -sign
        backslashes += b"\\"
    return total


def _newline(literal: bytes, start: int, stop: int) -> int:
    """The last escaped newline that lies between two places; -1: there is none."""
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
