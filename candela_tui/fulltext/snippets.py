"""The lines around what was found, short enough for a list."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

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
    """The match in it that is rarest in the text, as the text has it and to the end of its line; empty if there is
    none."""


def snippet(text: str, query: Query) -> Snippet:
    """Return the stretch of a text around the rarest terms of a query."""
    spans = _spans(text, query, 0, len(text))
    if not spans:
        return Snippet(_line(text[:_LENGTH]) + ("…" if len(text) > _LENGTH else ""), (), "")
    matches = Counter(span.term for span in spans)
    room = _LENGTH - _BEFORE

    def worth(first: _Span) -> float:
        return sum(1 / matches[term] for term in {s.term for s in spans if first.start <= s.start < first.start + room})

    best = max(spans, key=lambda span: (worth(span), -span.start))
    start = _word_start(text, max(0, best.start - _BEFORE), best.start)
    end = min(len(text), best.start + room)
    # Near the end of a text with many matches there are some that were not looked at.
    within = _spans(text, query, start, end)
    rarest = min(within or [best], key=lambda span: (matches[span.term], span.start - span.stop))
    line, marks = _marked(text, within, start, end)
    return Snippet(line, marks, text[rarest.start : rarest.stop].split("\n", 1)[0])


class _Span(NamedTuple):
    start: int
    stop: int
    term: int


def _spans(text: str, query: Query, start: int, end: int) -> list[_Span]:
    """Return where a part of a text has the terms, in order."""
    return sorted(
        _Span(*match.span(), number)
        for number, term in enumerate(query.terms)
        for match in islice(term.pattern.finditer(text, start, end), _MOST_MATCHES)
        if match.end() > match.start()
    )


def _marked(text: str, spans: list[_Span], start: int, end: int) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return a part of a text in one line, and where the spans are in it."""
    line, at = "…" if start > 0 else "", start
    marks = []
    for span in spans:
        if span.start < at:
            continue
        line = _joined(line, _line(text[at : span.start]))
        found = _line(text[span.start : span.stop])
        marks.append((len(line), len(line) + len(found)))
        line += found
        at = span.stop
    line = _joined(line, _line(text[at:end])).rstrip()
    return line + ("…" if end < len(text) else ""), tuple(marks)


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
