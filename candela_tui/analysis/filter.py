"""The filter language: ``model:opus status:error cost>0.05 -agent:Explore flaky``.

Words and fields next to each other must all match. ``or`` (or ``|``) matches either side, parentheses group, and ``-``
or ``!`` in front excludes. Quotes keep spaces. The fields are in ``FIELDS``.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from candela_tui.analysis.filter_fields import (
    FIELDS,
    FIELDS_OF_REQUESTS,
    FilterError,
    Surroundings,
    Term,
    Test,
    word_test,
)
from candela_tui.exchange import Exchange

_DEEPEST = 40
_CLOSEST = 0.6


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter. The empty filter matches every exchange."""

    text: str
    matches: Test
    """Returns whether an exchange matches."""
    timed: bool = False
    """Whether the result depends on the current time."""
    required: tuple[Term, ...] = ()
    """Terms that every exchange that matches meets. There may be further conditions."""
    fields: frozenset[str] = frozenset()
    """The names of the fields in it; "" stands for words, which are looked for in several facts."""

    def __bool__(self) -> bool:
        return bool(self.text.strip())


class _TokenKind(Enum):
    OPEN = auto()
    CLOSE = auto()
    OR = auto()
    NOT = auto()
    TERM = auto()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _TokenKind
    at: int
    term: Term | None = None


_BLANK = re.compile(r"\s+")
_FIELD = re.compile(r"([A-Za-z_]+)(:|>=|<=|>|<|=)")
_OPERATOR = re.compile(r"[<>]=?|=")
_PLAIN = re.compile(r"[^\s()|\"]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse(text: str) -> Filter:
    """Parse a filter. Raises FilterError."""
    return _Parser(text).parse()


def parse_for_arrivals(text: str) -> Filter:
    """Parse a filter for requests that have only just arrived, as intercepts and rules use it. Raises FilterError, also
    for a field that only the answer decides."""
    return _Parser(text, FIELDS_OF_REQUESTS).parse()


_LAST_PIECE = re.compile(r"(?:[()|]|[^\s()|]*)\s*\Z")


def parse_beginning(text: str) -> Filter:
    """Parse the longest beginning of a text that is a valid filter, without a term that is still being typed."""
    while True:
        try:
            return parse(text)
        except FilterError as error:
            before = text[: error.position]
            if before == text or not re.search(r"[\s()|]\Z", before):
                before = _LAST_PIECE.sub("", before, count=1)
            text = before


class _Parser:
    def __init__(self, text: str, known: Collection[str] = FIELDS.keys()) -> None:
        self._text = text
        self._known = known
        self._fields: set[str] = set()
        self._tokens = list(_tokens(text))
        self._place = 0
        self._timed = False
        self._required: list[Term] = []

    def parse(self) -> Filter:
        if not self._tokens:
            return Filter(self._text, _everything)
        test = self._alternatives(0)
        if (token := self._next()) is not None:
            raise FilterError("there is no ( before this )", token.at)
        return Filter(self._text, test, self._timed, tuple(self._required), frozenset(self._fields))

    def _next(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _alternatives(self, depth: int) -> Test:
        tests = [self._together(depth)]
        while (token := self._next()) is not None and token.kind is _TokenKind.OR:
            self._place += 1
            tests.append(self._together(depth))
        if depth == 0 and len(tests) > 1:
            self._required.clear()
        return tests[0] if len(tests) == 1 else lambda exchange, around: any(test(exchange, around) for test in tests)

    def _together(self, depth: int) -> Test:
        tests: list[Test] = []
        while (token := self._next()) is not None and token.kind not in (_TokenKind.OR, _TokenKind.CLOSE):
            tests.append(self._one(depth))
        if not tests:
            at = token.at if token is not None else len(self._text)
            raise FilterError("something to look for is missing here", at)
        return tests[0] if len(tests) == 1 else lambda exchange, around: all(test(exchange, around) for test in tests)

    def _one(self, depth: int) -> Test:
        token = self._tokens[self._place]
        negated = False
        while token.kind is _TokenKind.NOT:
            negated = not negated
            self._place += 1
            following = self._next()
            if following is None or following.kind in (_TokenKind.OR, _TokenKind.CLOSE):
                raise FilterError(f"put the term to exclude right after {self._text[token.at]}", token.at)
            token = following
        self._place += 1
        test = self._term(token.term) if token.term is not None else self._group(token, depth)
        if token.term is not None and depth == 0 and not negated:
            self._required.append(token.term)
        return (lambda exchange, around: not test(exchange, around)) if negated else test

    def _group(self, opening: _Token, depth: int) -> Test:
        if depth == _DEEPEST:
            raise FilterError("too many parentheses inside one another", opening.at)
        test = self._alternatives(depth + 1)
        if self._next() is None:
            raise FilterError("there is no ) for this (", opening.at)
        self._place += 1
        return test

    def _term(self, term: Term) -> Test:
        if not term.name:
            self._fields.add("")
            return word_test(term.value)
        found = FIELDS.get(term.name.lower())
        if found is None:
            raise FilterError(_unknown_field(term), term.at)
        if term.name.lower() not in self._known:
            raise FilterError(f"{term.name} is not known before the request is sent", term.at)
        self._fields.add(term.name.lower())
        self._timed = self._timed or found.timed
        if not term.value:
            raise FilterError(f"{term.name}{term.operator} needs a value, such as {found.example}", term.value_at)
        return found.test(term)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
            continue
        symbol = {
            "(": _TokenKind.OPEN,
            ")": _TokenKind.CLOSE,
            "|": _TokenKind.OR,
            "-": _TokenKind.NOT,
            "!": _TokenKind.NOT,
        }.get(text[at])
        if symbol is not None:
            yield _Token(symbol, at)
            at += 1
            continue
        if named := _FIELD.match(text, at):
            value, end = _value(text, named.end())
            yield _Token(_TokenKind.TERM, at, Term(at, value, named.end(), named[1], named[2]))
        elif stray := _OPERATOR.match(text, at):
            raise FilterError(f"a field goes right before {stray[0]}, such as cost{stray[0]}0.05", at)
        else:
            value, end = _value(text, at)
            if text[at:end].lower() == "or":
                yield _Token(_TokenKind.OR, at)
            else:
                yield _Token(_TokenKind.TERM, at, Term(at, value, at))
        at = end


def _value(text: str, at: int) -> tuple[str, int]:
    """Return the word or quoted text that begins at a position, and the position after it."""
    if text[at : at + 1] == '"':
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            raise FilterError('the closing " is missing', at)
        return _ESCAPED.sub(r"\1", quoted[1]), quoted.end()
    plain = _PLAIN.match(text, at)
    return (plain[0], plain.end()) if plain else ("", at)


def _unknown_field(term: Term) -> str:
    near = difflib.get_close_matches(term.name.lower(), FIELDS, 1, _CLOSEST)
    meant = f"did you mean {near[0]}?" if near else f"quote text that has a {term.operator} in it"
    return f"no field {term.name}: {meant}"


def _everything(exchange: Exchange, around: Surroundings) -> bool:
    return True


_FIELD_AT_END = re.compile(r"(?:^|[\s()|])[-!]*([A-Za-z_]+)(?::|[<>]=?|=)[^\s()|]*$")
_AT_END = re.compile(r"(?:^|(?<=[\s()|]))[-!]*(?:([A-Za-z_]+):)?(\"?)([^\s()|\":]*)$")


def completion(text: str, known: Mapping[str, Sequence[str]]) -> str | None:
    """Return the text with the field name or value at its end completed; None if nothing matches.

    ``known`` has values by field, in addition to those that a field lists itself.
    """
    match = _AT_END.search(text)
    if match is None:
        return None
    name, quote, begun = match[1], match[2], match[3]
    if name is None:
        if quote or not begun:
            return None
        wanted = begun.lower()
        found = next((opening for opening in _openings() if opening.startswith(wanted)), None)
        return None if found is None else text[: match.start(3)] + found
    asked = FIELDS.get(name.lower())
    if asked is None:
        return None
    wanted = begun.casefold()
    values = (*asked.values, *known.get(name.lower(), ()))
    value = next((value for value in values if value.casefold().startswith(wanted) and len(value) > len(begun)), None)
    return None if value is None else text[: match.start(2)] + _written(value)


def hint(text: str) -> str:
    """Return a description of the field at the end of a text, or the fields that match what was typed; empty if
    none."""
    if field := _FIELD_AT_END.search(text):
        asked = FIELDS.get(field[1].lower())
        return "" if asked is None else f"{field[1].lower()}: {asked.about}, such as {asked.example}"
    begun = _AT_END.search(text)
    if begun is None or begun[2]:
        return ""
    return " ".join(opening for opening in _openings() if opening.startswith(begun[3].lower()))


def _written(value: str) -> str:
    """Return a value, quoted if the filter language requires it."""
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _openings() -> Iterator[str]:
    """Yield each field with its usual operator."""
    for name, asked in FIELDS.items():
        yield asked.example[: len(name) + 1]
