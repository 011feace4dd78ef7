"""The language in which requests are looked for: ``model:opus status:error cost>0.05 -agent:Explore flaky``.

Words and fields that stand side by side must all hold; ``or`` (or ``|``) between them, parentheses around them, ``-``
or ``!`` before them do what they say. Quotes keep spaces. The fields are in ``FIELDS``.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.request import Kind

_DEEPEST = 40
_CLOSEST = 0.5


class FilterError(ValueError):
    """A text that is no filter: ``message`` says why, ``position`` where in the text (0 to its length)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an exchange is compared with that it does not say itself."""

    now: datetime
    agents: Mapping[str, str] = field(default_factory=dict)
    """Names of sub-agents by their ids."""
    session_title: str | None = None

    def agent(self, exchange: Exchange) -> str:
        """What an exchange's agent is called."""
        return "main" if exchange.agent_id is None else self.agents.get(exchange.agent_id, exchange.agent_id)


_Test = Callable[[Exchange, Surroundings], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as parsed; the empty one matches everything."""

    text: str
    matches: _Test
    """Whether an exchange is looked for."""
    timed: bool = False
    """Whether what matches depends on the time of day."""

    def __bool__(self) -> bool:
        return bool(self.text.strip())


class _Class(Enum):
    OPEN = auto()
    CLOSE = auto()
    OR = auto()
    NOT = auto()
    TERM = auto()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _Class
    at: int
    name: str = ""
    """Of a field, as written."""
    operator: str = ""
    value: str = ""
    value_at: int = 0


_BLANK = re.compile(r"\s+")
_FIELD = re.compile(r"([A-Za-z_]+)(:|>=|<=|>|<|=)")
_OPERATOR = re.compile(r"[<>]=?|=")
_PLAIN = re.compile(r"[^\s()|\"]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse(text: str) -> Filter:
    """Read a filter; raises FilterError."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._place = 0
        self._timed = False

    def parse(self) -> Filter:
        if not self._tokens:
            return Filter(self._text, _everything)
        test = self._alternatives(0)
        if (token := self._next()) is not None:
            raise FilterError("there is no ( before this )", token.at)
        return Filter(self._text, test, self._timed)

    def _next(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _alternatives(self, depth: int) -> _Test:
        tests = [self._together(depth)]
        while (token := self._next()) is not None and token.kind is _Class.OR:
            self._place += 1
            tests.append(self._together(depth))
        return tests[0] if len(tests) == 1 else lambda exchange, around: any(test(exchange, around) for test in tests)

    def _together(self, depth: int) -> _Test:
        tests: list[_Test] = []
        while (token := self._next()) is not None and token.kind not in (_Class.OR, _Class.CLOSE):
            tests.append(self._one(depth))
        if not tests:
            at = token.at if token is not None else len(self._text)
            raise FilterError("something to look for is missing here", at)
        return tests[0] if len(tests) == 1 else lambda exchange, around: all(test(exchange, around) for test in tests)

    def _one(self, depth: int) -> _Test:
        token = self._tokens[self._place]
        negated = False
        while token.kind is _Class.NOT:
            negated = not negated
            self._place += 1
            following = self._next()
            if following is None or following.kind in (_Class.OR, _Class.CLOSE):
                raise FilterError(f"what is not wanted goes right behind the {self._text[token.at]}", token.at)
            token = following
        self._place += 1
        test = self._group(token, depth) if token.kind is _Class.OPEN else self._term(token)
        return (lambda exchange, around: not test(exchange, around)) if negated else test

    def _group(self, opening: _Token, depth: int) -> _Test:
        if depth == _DEEPEST:
            raise FilterError("too many parentheses inside one another", opening.at)
        test = self._alternatives(depth + 1)
        if self._next() is None:
            raise FilterError("there is no ) for this (", opening.at)
        self._place += 1
        return test

    def _term(self, token: _Token) -> _Test:
        if not token.name:
            return _word_test(token.value)
        found = FIELDS.get(token.name.lower())
        if found is None:
            raise FilterError(_unknown_field(token), token.at)
        self._timed = self._timed or found.timed
        if not token.value:
            raise FilterError(f"{token.name}{token.operator} needs a value, such as {found.example}", token.value_at)
        return found.test(token)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
            continue
        symbol = {"(": _Class.OPEN, ")": _Class.CLOSE, "|": _Class.OR, "-": _Class.NOT, "!": _Class.NOT}.get(text[at])
        if symbol is not None:
            yield _Token(symbol, at)
            at += 1
            continue
        if named := _FIELD.match(text, at):
            value, end = _value(text, named.end())
            yield _Token(_Class.TERM, at, named[1], named[2], value, named.end())
        elif stray := _OPERATOR.match(text, at):
            raise FilterError(f"a field goes right before {stray[0]}, such as cost{stray[0]}0.05", at)
        else:
            value, end = _value(text, at)
            kind = _Class.OR if text[at:end].lower() == "or" else _Class.TERM
            yield _Token(kind, at, value=value)
        at = end


def _value(text: str, at: int) -> tuple[str, int]:
    """The word or quoted text that begins at a place, and where it ends."""
    if text[at : at + 1] == '"':
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            raise FilterError('the closing " is missing', at)
        return _ESCAPED.sub(r"\1", quoted[1]), quoted.end()
    plain = _PLAIN.match(text, at)
    return (plain[0], plain.end()) if plain else ("", at)


def _unknown_field(token: _Token) -> str:
    near = difflib.get_close_matches(token.name.lower(), FIELDS, 1, _CLOSEST)
    meant = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(FIELDS)}"
    return f"there is no field {token.name}: {meant} Text with a {token.operator} in it goes in quotes"


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a filter can ask for by name."""

    example: str
    about: str
    """What it looks at, in a few words."""
    test: Callable[[_Token], _Test]
    values: tuple[str, ...] = ()
    """What it can be, where that is a closed list."""
    timed: bool = False


def _everything(exchange: Exchange, around: Surroundings) -> bool:
    return True


def _word_test(word: str) -> _Test:
    wanted = word.casefold()

    def test(exchange: Exchange, around: Surroundings) -> bool:
        return any(wanted in text.casefold() for text in _texts(exchange, around) if text)

    return test


def _texts(exchange: Exchange, around: Surroundings) -> Iterable[str | None]:
    error = exchange.error
    return (
        exchange.model,
        exchange.model_used,
        around.agent(exchange),
        exchange.path,
        exchange.kind.value,
        exchange.stop_reason,
        exchange.outcome.value,
        error and error.type,
        error and error.message,
        exchange.id,
        exchange.session_id,
        exchange.agent_id,
        exchange.request_id,
        exchange.session_title,
        around.session_title,
        *exchange.tools_called,
    )


def _text_field(
    example: str, about: str, texts: Callable[[Exchange, Surroundings], Iterable[str | None]], *values: str
) -> Field:
    def make(token: _Token) -> _Test:
        _only_operators(token, example, ":", "=")
        wanted = token.value.casefold()

        def test(exchange: Exchange, around: Surroundings) -> bool:
            return any(wanted in text.casefold() for text in texts(exchange, around) if text)

        return test

    return Field(example, about, make, values)


_STATUSES: dict[str, frozenset[Outcome]] = {
    "error": frozenset({Outcome.ERROR, Outcome.CUT}),
    **{outcome.value: frozenset({outcome}) for outcome in Outcome if outcome is not Outcome.ERROR},
}
_CODE = re.compile(r"([1-5])(xx|[0-9]{2})")


def _status(token: _Token) -> _Test:
    _only_operators(token, "status:error", ":", "=")
    wanted = token.value.lower()
    code = _CODE.fullmatch(wanted)
    if code is not None:
        lowest = int(code[1]) * 100 + (0 if code[2] == "xx" else int(code[2]))
        codes = range(lowest, lowest + (100 if code[2] == "xx" else 1))
        return lambda exchange, around: exchange.status in codes
    outcomes = _STATUSES.get(wanted)
    if outcomes is None:
        raise FilterError(
            f"status is {', '.join(_STATUSES)}, a code such as 529, or a class such as 5xx", token.value_at
        )
    return lambda exchange, around: exchange.outcome in outcomes


def _kind(token: _Token) -> _Test:
    _only_operators(token, "kind:title", ":", "=")
    wanted = token.value.lower()
    kinds = frozenset(kind for kind in Kind if kind.value.startswith(wanted))
    if not kinds:
        raise FilterError(f"kind is one of {', '.join(kind.value for kind in Kind)}", token.value_at)
    return lambda exchange, around: exchange.kind in kinds


def _only_operators(token: _Token, example: str, *operators: str) -> None:
    if token.operator not in operators:
        at = token.at + len(token.name)
        raise FilterError(f"{token.name} is no amount: write it as {example}", at)


_Number = Decimal | float | int
_AMOUNT = re.compile(r"\$?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([a-z%]*)", re.IGNORECASE)
_COUNTS = {"": 1, "k": 1000, "m": 10**6, "g": 10**9}
_SIZES = {"": 1, "b": 1, "k": 1000, "kb": 1000, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}
_TIMES_MS = {"ms": 1, "s": 1000, "": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SHARES = {"%": Decimal("0.01"), "": Decimal("0.01")}
_COMPARISONS: dict[str, Callable[[_Number, Decimal], bool]] = {
    ">": lambda known, wanted: known > wanted,
    ">=": lambda known, wanted: known >= wanted,
    "<": lambda known, wanted: known < wanted,
    "<=": lambda known, wanted: known <= wanted,
    "=": lambda known, wanted: known == wanted,
    ":": lambda known, wanted: known == wanted,
}


def _amount_field(
    example: str,
    about: str,
    amount: Callable[[Exchange, Surroundings], _Number | None],
    units: Mapping[str, _Number],
    *,
    timed: bool = False,
) -> Field:
    """A number; one that is unknown is neither more nor less than any."""

    def make(token: _Token) -> _Test:
        wanted = _amount(token, units, example)
        holds = _COMPARISONS[token.operator]

        def test(exchange: Exchange, around: Surroundings) -> bool:
            known = amount(exchange, around)
            return known is not None and holds(known, wanted)

        return test

    return Field(example, about, make, timed=timed)


def _amount(token: _Token, units: Mapping[str, _Number], example: str) -> Decimal:
    match = _AMOUNT.fullmatch(token.value)
    if match is None:
        raise FilterError(f"{token.name} needs a number here, such as {example}", token.value_at)
    unit = units.get(match[2].lower())
    if unit is None:
        known = ", ".join(name for name in units if name) or "none"
        raise FilterError(f"{match[2]} is no unit of {token.name} (units: {known})", token.value_at + match.start(2))
    return Decimal(match[1]) * Decimal(unit)


def written_tokens(exchange: Exchange) -> int | None:
    """Tokens written to the cache, whatever their lifetime; None: not reported."""
    usage = exchange.usage
    if usage is None or (usage.cache_write_5m_tokens is None and usage.cache_write_1h_tokens is None):
        return None
    return (usage.cache_write_5m_tokens or 0) + (usage.cache_write_1h_tokens or 0)


def hit_rate(exchange: Exchange) -> float | None:
    """Share of the prompt that was read from the cache, 0 to 1."""
    usage = exchange.usage
    prompt = usage.prompt_tokens if usage else None
    return (usage.cache_read_tokens or 0) / prompt if usage and prompt else None


def _age_ms(exchange: Exchange, around: Surroundings) -> float:
    return max(0.0, (around.now - exchange.started_at).total_seconds() * 1000)


def _took_ms(exchange: Exchange, around: Surroundings) -> float | None:
    return _age_ms(exchange, around) if exchange.live else exchange.duration_ms


FIELDS: Mapping[str, Field] = {
    "model": _text_field("model:opus", "model asked or served", lambda of, around: (of.model, of.model_used)),
    "status": Field("status:error", "how it ended, or the HTTP status", _status, (*_STATUSES, "4xx", "5xx", "529")),
    "agent": _text_field("agent:Explore", "the agent's name", lambda of, around: (around.agent(of), of.agent_id)),
    "tool": _text_field("tool:Bash", "a tool that the answer calls", lambda of, around: of.tools_called),
    "kind": Field("kind:title", "what the request is for", _kind, tuple(kind.value for kind in Kind)),
    "stop": _text_field("stop:tool_use", "why the answer ended", lambda of, around: (of.stop_reason,)),
    "error": _text_field(
        "error:overloaded",
        "the error's words",
        lambda of, around: (of.error.type, of.error.message) if of.error else (),
    ),
    "session": _text_field(
        "session:flaky", "the session's title or id", lambda of, around: (around.session_title, of.session_id)
    ),
    "id": _text_field("id:req_011", "ids of the request", lambda of, around: (of.id, of.request_id)),
    "path": _text_field("path:count_tokens", "the path of the URL", lambda of, around: (of.path,)),
    "route": _text_field("route:vertex", "the route it took", lambda of, around: (of.route,)),
    "differs": _text_field(
        "differs:model",
        "what was served otherwise than asked",
        lambda of, around: [difference.what for difference in of.differences],
        "model",
        "speed",
        "service_tier",
        "inference_geo",
        "cache_ttl",
    ),
    "cost": _amount_field("cost>0.05", "USD", lambda of, around: of.cost.total if of.cost else None, {"": 1}),
    "in": _amount_field(
        "in>10k", "input tokens", lambda of, around: of.usage.input_tokens if of.usage else None, _COUNTS
    ),
    "read": _amount_field(
        "read<1",
        "tokens read from the cache",
        lambda of, around: of.usage.cache_read_tokens if of.usage else None,
        _COUNTS,
    ),
    "write": _amount_field("write>10k", "tokens written to the cache", lambda of, around: written_tokens(of), _COUNTS),
    "out": _amount_field(
        "out>=1.2k", "output tokens", lambda of, around: of.usage.output_tokens if of.usage else None, _COUNTS
    ),
    "prompt": _amount_field(
        "prompt>100k",
        "tokens of the whole prompt",
        lambda of, around: of.usage.prompt_tokens if of.usage else None,
        _COUNTS,
    ),
    "hit": _amount_field("hit<50%", "share of the prompt from the cache", lambda of, around: hit_rate(of), _SHARES),
    "ttfb": _amount_field("ttfb>2s", "time to the first byte", lambda of, around: of.ttfb_ms, _TIMES_MS),
    "ttft": _amount_field("ttft>2s", "time to the first token", lambda of, around: of.ttft_ms, _TIMES_MS),
    "took": _amount_field("took>1m", "how long it took", _took_ms, _TIMES_MS, timed=True),
    "rate": _amount_field("rate<30", "tokens a second", lambda of, around: of.tokens_per_second, {"": 1}),
    "age": _amount_field("age<10m", "time since it began", _age_ms, _TIMES_MS, timed=True),
    "sent": _amount_field("sent>1MB", "bytes of the request", lambda of, around: of.request_bytes, _SIZES),
    "received": _amount_field("received>1MB", "bytes of the answer", lambda of, around: of.response_bytes, _SIZES),
    "retry": _amount_field("retry>0", "tries before it", lambda of, around: of.retry, {"": 1}),
}
"""By name."""

_AT_END = re.compile(r"(?:^|(?<=[\s()|]))[-!]*(?:([A-Za-z_]+):)?(\"?)([^\s()|\":]*)$")


def completion(text: str, known: Mapping[str, Sequence[str]]) -> str | None:
    """The text with the field name or value at its end written out; None: nothing begins so.

    ``known`` are values by field, besides those that a field itself lists.
    """
    match = _AT_END.search(text)
    if match is None:
        return None
    name, quote, begun = match[1], match[2], match[3]
    if name is None:
        if quote or not begun:
            return None
        wanted = begun.lower()
        # The operator goes with it: what comes next is the value.
        names = (example[: len(field_name) + 1] for field_name, example in _examples())
        found = next((candidate for candidate in names if candidate.startswith(wanted)), None)
        return None if found is None else text[: match.start(3)] + found
    field_ = FIELDS.get(name.lower())
    if field_ is None:
        return None
    wanted = begun.casefold()
    values = (*field_.values, *known.get(name.lower(), ()))
    value = next((value for value in values if value.casefold().startswith(wanted) and len(value) > len(begun)), None)
    if value is None:
        return None
    plain = _PLAIN.fullmatch(value) is not None
    return text[: match.start(2)] + (value if plain and not quote else f'"{value}"')


def _examples() -> Iterator[tuple[str, str]]:
    for name, known in FIELDS.items():
        yield name, known.example
