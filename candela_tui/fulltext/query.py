"""What the user wants to find: words that must all be in a text, and phrases in quotes that must be in it exactly.

Nothing else has a meaning, so that code can be searched as it is written: ``--force``, ``a AND b`` and ``foo(*args)``
are words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from candela_tui.fulltext.words import has_word, indexed_words, is_word_edge

_TERM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)|(")', re.DOTALL)
_ESCAPED = re.compile(r"\\([\"\\])")
_WORD = re.compile(r"[^\W_]+")
_SHORT: Final = 2
"""A word of up to this many letters is found as a whole word. Nearly every text has words that begin with it."""


class QueryError(ValueError):
    """A query can't be searched for. ``str()`` says why, and what to write instead."""


@dataclass(frozen=True)
class Term:
    """A word, or a phrase in quotes."""

    text: str
    exact: bool

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Where a text has the term. A word matches with other separators in it: ``read-me`` also finds ``read me``."""
        if self.exact:
            return re.compile(_whole(self.text, r"\s+".join(map(re.escape, self.text.split()))), re.IGNORECASE)
        words = _WORD.findall(self.text)
        if not words:
            return re.compile(re.escape(self.text), re.IGNORECASE)
        return re.compile(r"[\W_]*".join(map(re.escape, words)), re.IGNORECASE)

    @property
    def expression(self) -> str:
        """The term in FTS5's own language; empty if the index has no word of it."""
        if not has_word(self.text):
            return ""
        # A byte of the command line that is not text, and NUL, are in no text that was indexed.
        readable = self.text.encode("utf-8", "replace").decode().replace("\0", " ")
        words = indexed_words(readable).replace('"', '""')
        last = _WORD.findall(self.text)[-1]
        prefix = not self.exact and len(last) > _SHORT and self.text[-1:].isalnum()
        return f'"{words}"{"*" if prefix else ""}'

    def is_in(self, text: str) -> bool:
        """Return whether a text that the index found has the term."""
        return not self.needs_check or self.pattern.search(text) is not None

    @property
    def needs_check(self) -> bool:
        """Whether the index finds more than the term: it has no separators."""
        return self.exact or not has_word(self.text)


@dataclass(frozen=True, slots=True)
class Query:
    """All terms must be in a text."""

    terms: tuple[Term, ...]

    @property
    def expression(self) -> str:
        """The query in FTS5's own language."""
        return " AND ".join(filter(None, (term.expression for term in self.terms)))

    def is_in(self, text: str) -> bool:
        """Return whether a text that the index found has every term."""
        return all(term.is_in(text) for term in self.terms)


def parse_query(text: str) -> Query:
    """Parse what the user typed. Raises QueryError."""
    terms = tuple(_terms(text))
    if not terms:
        raise QueryError('There is nothing to search for: give a word, or a phrase in quotes, such as "flaky test".')
    if not any(has_word(term.text) for term in terms):
        raise QueryError(f"{text.strip()} has no word of two letters or digits: add one that is near it.")
    return Query(terms)


def _terms(text: str) -> Iterator[Term]:
    for match in _TERM.finditer(text):
        quoted, plain, quote = match.groups()
        if quote is not None:
            raise QueryError('The closing " is missing. To search for a quote itself, write \\" inside of quotes.')
        if plain is not None:
            yield Term(plain, exact=False)
        elif quoted.strip():
            yield Term(_ESCAPED.sub(r"\1", quoted), exact=True)


def _whole(text: str, pattern: str) -> str:
    """Return a pattern that matches whole words only."""
    words = text.strip()
    before = r"(?<![^\W_])" if is_word_edge(words[:1]) else ""
    after = r"(?![^\W_])" if is_word_edge(words[-1:]) else ""
    return f"{before}{pattern}{after}"
