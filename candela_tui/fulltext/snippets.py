"""The lines around what was found, short enough for a list."""

import re
from dataclasses import dataclass
from typing import Final

from candela_tui.fulltext.query import Query
from candela_tui.text.terminal_safe import terminal_safe

_LENGTH: Final = 160
"""Characters of a snippet."""
_BEFORE: Final = 40
"""Characters of it before the first match."""
_MOST_MATCHES: Final = 40
"""How many matches of each term are looked at to choose a snippet."""
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of a text in one line, safe for a terminal."""

    text: str
    marks: tuple[tuple[int, int], ...]
    """Where the terms are in it."""
    found: str
    """The first match as the text has it."""


def snippet(text: str, query: Query) -> Snippet:
    """Return the stretch of a text that has the most terms of a query."""
    spans = sorted(
        (match.start(), match.end(), number)
        for number, term in enumerate(query.terms)
        for match, _ in zip(term.pattern.finditer(text), range(_MOST_MATCHES), strict=False)
        if match.end() > match.start()
    )
    if not spans:
        return Snippet(_line(text[:_LENGTH]) + ("…" if len(text) > _LENGTH else ""), (), "")
    room = _LENGTH - _BEFORE
    best = max(spans, key=lambda span: (len({n for at, _, n in spans if span[0] <= at < span[0] + room}), -span[0]))
    start, end = max(0, best[0] - _BEFORE), min(len(text), best[0] + room)
    start = _word_start(text, start, best[0])
    out = "…" if start > 0 else ""
    marks, at = [], start
    for begin, stop, _ in spans:
        if begin < at or begin >= end:
            continue
        out = _joined(out, _line(text[at:begin]))
        marks.append((len(out), len(out) + len(_line(text[begin:stop]))))
        out += _line(text[begin:stop])
        at = stop
    out = _joined(out, _line(text[at : max(at, end)]))
    return Snippet(out.rstrip() + ("…" if end < len(text) else ""), tuple(marks), text[best[0] : best[1]])


def _word_start(text: str, start: int, latest: int) -> int:
    """Return the beginning of the first whole word from a position on."""
    if start == 0:
        return 0
    blank = _BLANK.search(text, start, latest)
    return blank.end() if blank is not None else start


def _joined(before: str, after: str) -> str:
    return before + (after.lstrip() if not before or before.endswith((" ", "…")) else after)


def _line(text: str) -> str:
    return terminal_safe(_BLANK.sub(" ", text))
