"""Divides a text into pieces to index, with secrets redacted.

A piece is small enough to be processed in about a millisecond, because the interpreter runs nothing else meanwhile.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from candela_tui.redaction import redact_text

_LONGEST: Final = 16_000
"""Characters of a piece."""
_ROOM_FOR_CUT: Final = 4_000
"""Characters before the end of a piece within which it may be cut at a line, a space or another separator."""
_BLOB = re.compile(r"[A-Za-z0-9_+/=-]{200,}")
"""What has no words in it, such as base64. Each would take more room in the index than in the text."""
_WITHOUT_CUT = re.compile(r"[^\w.+/=~-]")
_TERMINAL_CODE = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
"""Control sequences and operating system commands (ECMA-48, 5.4 and 8.3.89)."""
_PRIVATE_KEY: Final = "PRIVATE KEY-----"


def pieces(text: str) -> Iterator[str]:
    """Yield the pieces of a text in order. No secret is divided between two, so that each is recognised."""
    text = _readable(text)
    return (redact_text(text[start:end]) for start, end in _spans(text))


def piece(text: str, number: int) -> str:
    """Return one piece of a text, counted from 0; empty if there is none."""
    text = _readable(text)
    start, end = next(islice(_spans(text), number, None), (0, 0))
    return redact_text(text[start:end])


def without_blobs(text: str) -> str:
    """Return a piece without long runs of characters that are not words."""
    return _BLOB.sub(" ", text)


def _readable(text: str) -> str:
    """Return a text without the codes that colour a terminal, whose letters stick to the words, and without private
    keys: they are the only form of secret that has several lines."""
    if "\x1b" in text:
        text = _TERMINAL_CODE.sub("", text)
    return redact_text(text) if _PRIVATE_KEY in text else text


def _spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = _end_of_piece(text, start)
        yield start, end
        start = end


def _end_of_piece(text: str, start: int) -> int:
    end = start + _LONGEST
    if end >= len(text):
        return len(text)
    earliest = end - _ROOM_FOR_CUT
    line = text.rfind("\n", earliest, end)
    if line >= 0:
        return line + 1
    space = text.rfind(" ", earliest, end)
    if space >= 0:
        return space + 1
    return max((match.end() for match in _WITHOUT_CUT.finditer(text, earliest, end)), default=end)
