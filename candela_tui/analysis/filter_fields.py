"""The fields of the filter language, and how each compares values."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from candela_tui.analysis.labels import agent_name
from candela_tui.exchange import Exchange, Outcome
from candela_tui.exchange.facts import BY_NAME, Context, Unit
from candela_tui.protocol.kind import Kind


class FilterError(ValueError):
    """An invalid filter: ``message`` says why, ``position`` is the place in the text (0 to its length)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The facts that a filter needs besides the exchange itself."""

    now: datetime
    agents: Mapping[str, str] = field(default_factory=dict)
    """Names of sub-agents by their ids."""
    session_title: Callable[[Exchange], str | None] = lambda _: None
    project: Callable[[Exchange], str | None] = lambda of: of.clues.cwd if of.clues is not None else None
    """Returns the directory in which the exchange's session works."""
    context: Context = field(default_factory=Context)
    """Facts about the call, from its other tries."""

    def agent(self, exchange: Exchange) -> str:
        """Return the name of the exchange's agent."""
        return agent_name(exchange.agent_id, self.agents)


Test = Callable[[Exchange, Surroundings], bool]


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or a field with its operator and value, as typed."""

    at: int
    value: str
    value_at: int
    name: str = ""
    """The field's name; empty for a word."""
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the filter language."""

    example: str
    about: str
    """A few words on what the field matches."""
    test: Callable[[Term], Test]
    values: tuple[str, ...] = ()
    """The possible values, if they are a closed list."""
    units: tuple[str, ...] | None = None
    """The units that an amount can have; None for text."""
    timed: bool = False
    amount: Callable[[Term], Decimal] | None = None
    """Returns the amount of a term, in the unit of the fact; None if the field is not an amount."""


def word_test(word: str) -> Test:
    """Return a test for a word in an exchange's own facts. The title of its session has a field of its own."""
    wanted = word.casefold()

    def test(exchange: Exchange, around: Surroundings) -> bool:
        context = around.context
        said = (*(get(exchange, context) for get in _WORDS), around.agent(exchange), exchange.session_title)
        return any(wanted in str(text).casefold() for text in said if text)

    return test


_WORDS = tuple(
    BY_NAME[name].get
    for name in (
        "model",
        "model_used",
        "model_sent",
        "path",
        "kind",
        "stop_reason",
        "outcome",
        "error",
        "id",
        "session_id",
        "agent_id",
        "request_id",
        "tools",
    )
)
"""The facts that a word without a field is searched in."""


def _text_field(
    example: str,
    *names: str,
    about: str | None = None,
    beside: Callable[[Exchange, Surroundings], str | None] | None = None,
) -> Field:
    """Return a field that searches for text in these facts, and in the text that ``beside`` returns."""
    facts = [BY_NAME[name] for name in names]
    gets = [fact.get for fact in facts]

    def make(term: Term) -> Test:
        _only_operators(term, example, ":", "=")
        wanted = term.value.casefold()

        def test(exchange: Exchange, around: Surroundings) -> bool:
            context = around.context
            texts = [get(exchange, context) for get in gets]
            if beside is not None:
                texts.append(beside(exchange, around))
            return any(wanted in str(text).casefold() for text in texts if text)

        return test

    return Field(example, about or facts[0].label, make, facts[0].values)


_STATUSES: dict[str, frozenset[Outcome]] = {
    "error": frozenset({Outcome.ERROR, Outcome.CUT}),
    **{outcome.value: frozenset({outcome}) for outcome in Outcome if outcome is not Outcome.ERROR},
}
_CODE = re.compile(r"([1-5])(xx|[0-9]{2})")


def _status(term: Term) -> Test:
    _only_operators(term, "status:error", ":", "=")
    wanted = term.value.lower()
    code = _CODE.fullmatch(wanted)
    if code is not None:
        lowest = int(code[1]) * 100 + (0 if code[2] == "xx" else int(code[2]))
        codes = range(lowest, lowest + (100 if code[2] == "xx" else 1))
        return lambda exchange, around: exchange.status in codes
    outcomes = _STATUSES.get(wanted)
    if outcomes is None:
        raise FilterError(
            f"status is {', '.join(_STATUSES)}, a code such as 529, or a class such as 5xx", term.value_at
        )
    return lambda exchange, around: exchange.outcome in outcomes


def _kind(term: Term) -> Test:
    _only_operators(term, "kind:title", ":", "=")
    wanted = term.value.lower()
    kinds = frozenset(kind for kind in Kind if kind.value.startswith(wanted))
    if not kinds:
        raise FilterError(f"kind is one of {', '.join(kind.value for kind in Kind)}", term.value_at)
    return lambda exchange, around: exchange.kind in kinds


def _replayed(term: Term) -> Test:
    _only_operators(term, "replayed:yes", ":", "=")
    wanted = term.value.lower()
    if wanted in ("yes", "no"):
        return lambda exchange, around: (exchange.replayed is not None) is (wanted == "yes")
    return lambda exchange, around: exchange.replayed is not None and exchange.replayed.startswith(wanted)


def _key(term: Term) -> Test:
    _only_operators(term, "key:ci", ":", "=")
    wanted = term.value.casefold()
    if term.operator == "=":
        return lambda exchange, around: (exchange.key or "").casefold() == wanted
    return lambda exchange, around: wanted in (exchange.key or "").casefold()


def _only_operators(term: Term, example: str, *operators: str) -> None:
    if term.operator not in operators:
        at = term.at + len(term.name)
        raise FilterError(f"{term.name} is text, not an amount: write it as {example}", at)


_Number = Decimal | float | int
_NUMBER = (Decimal, float, int)
_AMOUNT = re.compile(r"\$?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([a-z%]*)", re.IGNORECASE)
_COUNTS = {"": 1, "k": 1000, "m": 10**6, "g": 10**9}
_SIZES = {"": 1, "b": 1, "k": 1000, "kb": 1000, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}
_TIMES_MS = {"ms": 1, "s": 1000, "": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SHARES = {"%": Decimal("0.01"), "": Decimal("0.01")}
_PLAIN: Mapping[str, _Number] = {"": 1}
_UNITS: Mapping[Unit, Mapping[str, _Number]] = {
    Unit.TOKENS: _COUNTS,
    Unit.BYTES: _SIZES,
    Unit.MILLISECONDS: _TIMES_MS,
    Unit.SHARE: _SHARES,
}
"""The suffixes that an amount can be written with, by unit."""
_COMPARISONS: dict[str, Callable[[_Number, Decimal], bool]] = {
    ">": lambda known, wanted: known > wanted,
    ">=": lambda known, wanted: known >= wanted,
    "<": lambda known, wanted: known < wanted,
    "<=": lambda known, wanted: known <= wanted,
    "=": lambda known, wanted: known == wanted,
    ":": lambda known, wanted: known == wanted,
}


def _amount_field(
    example: str, name: str, *, live: Callable[[Exchange, Surroundings], float | None] | None = None
) -> Field:
    """Return a field that compares an amount. An unknown value never matches.

    ``live`` returns a value that changes with time, and replaces the fact.
    """
    fact = BY_NAME[name]
    units = _UNITS.get(fact.unit, _PLAIN)

    def make(term: Term) -> Test:
        wanted = _amount(term, units, example)
        holds = _COMPARISONS[term.operator]

        def test(exchange: Exchange, around: Surroundings) -> bool:
            known = live(exchange, around) if live is not None else fact.get(exchange, around.context)
            return isinstance(known, _NUMBER) and holds(known, wanted)

        return test

    return Field(
        example,
        fact.label,
        make,
        units=tuple(unit for unit in units if unit),
        timed=live is not None,
        amount=lambda term: _amount(term, units, example),
    )


def _amount(term: Term, units: Mapping[str, _Number], example: str) -> Decimal:
    match = _AMOUNT.fullmatch(term.value)
    if match is None:
        raise FilterError(f"{term.name} needs a number here, such as {example}", term.value_at)
    unit = units.get(match[2].lower())
    if unit is None:
        known = ", ".join(name for name in units if name) or "none"
        raise FilterError(f"{match[2]} is not a unit of {term.name} (units: {known})", term.value_at + match.start(2))
    return Decimal(match[1]) * Decimal(unit)


def _project(term: Term) -> Test:
    _only_operators(term, "project:~/work/api", ":", "=")
    wanted = str(Path(term.value).expanduser()).casefold() if term.value.startswith("~") else term.value.casefold()
    return lambda exchange, around: wanted in (around.project(exchange) or "").casefold()


def _age_ms(exchange: Exchange, around: Surroundings) -> float:
    return max(0.0, (around.now - exchange.started_at).total_seconds() * 1000)


def _held_ms(exchange: Exchange, around: Surroundings) -> float | None:
    """Return how long an exchange was held, or has been held so far."""
    if exchange.held_at_ms is None or not exchange.held:
        return exchange.held_ms
    return max(0.0, _age_ms(exchange, around) - exchange.held_at_ms)


def _age(term: Term) -> Test:
    wanted = _amount(term, _TIMES_MS, "age<10m")
    holds = _COMPARISONS[term.operator]
    return lambda exchange, around: holds(_age_ms(exchange, around), wanted)


FIELDS: Mapping[str, Field] = {
    "model": _text_field("model:opus", "model", "model_used", "model_sent", about="requested or served model"),
    "status": Field("status:error", "how it ended, or the HTTP status", _status, (*_STATUSES, "4xx", "5xx", "529")),
    "agent": _text_field(
        "agent:Explore", "agent_id", about="the agent's name", beside=lambda of, around: around.agent(of)
    ),
    "tool": _text_field("tool:Bash", "tools"),
    "kind": Field("kind:title", BY_NAME["kind"].label, _kind, BY_NAME["kind"].values),
    "class": _text_field("class:auxiliary", "request_class"),
    "type": _text_field(
        "type:Explore", "agent_type", beside=lambda of, around: around.agent(of) if of.agent_id else None
    ),
    "turn": _text_field("turn:b5411a6f", "prompt_id"),
    "stop": _text_field("stop:tool_use", "stop_reason"),
    "error": _text_field("error:overloaded", "error"),
    "session": _text_field(
        "session:flaky",
        "session_id",
        about="the session's title or id",
        beside=lambda of, around: around.session_title(of),
    ),
    "project": Field("project:~/work/api", "the session's directory", _project),
    "id": _text_field("id:req_011", "id", "request_id", "message_id", about="ids of the request"),
    "path": _text_field("path:messages", "path"),
    "route": _text_field("route:vertex", "route"),
    "provider": _text_field("provider:bedrock", "provider"),
    "arrival": _text_field("arrival:intercepted", "arrival"),
    "key": Field("key:ci", "the key that asked; key=ci is this one alone", _key),
    "region": _text_field("region:global", "region"),
    "adapted": _text_field("adapted:beta", "adapted"),
    "differs": _text_field("differs:model", "differs"),
    "beta": _text_field("beta:context-1m", "betas"),
    "imported": _text_field("imported:transcript", "imported"),
    "cause": _text_field("cause:tools_changed", "cache_cause"),
    "replayed": Field("replayed:yes", BY_NAME["replayed"].label, _replayed, ("yes", "no")),
    "cost": _amount_field("cost>0.05", "cost_usd"),
    "in": _amount_field("in>10k", "input_tokens"),
    "read": _amount_field("read<1", "cache_read_tokens"),
    "write": _amount_field("write>10k", "cache_write_tokens"),
    "out": _amount_field("out>=1.2k", "output_tokens"),
    "prompt": _amount_field("prompt>100k", "prompt_tokens"),
    "missed": _amount_field("missed>20k", "rewritten_tokens"),
    "system_tokens": _amount_field("system_tokens>10k", "system_tokens"),
    "tools_tokens": _amount_field("tools_tokens>20k", "tools_tokens"),
    "messages_tokens": _amount_field("messages_tokens>100k", "messages_tokens"),
    "hit": _amount_field("hit<50%", "cache_hit_rate"),
    "ttfb": _amount_field("ttfb>2s", "ttfb_ms"),
    "ttft": _amount_field("ttft>2s", "ttft_ms"),
    "took": _amount_field("took>1m", "duration_ms", live=lambda of, around: of.elapsed_ms(around.now)),
    "rate": _amount_field("rate<30", "tokens_per_second"),
    "age": Field("age<10m", "time since it began", _age, units=("ms", "s", "m", "h", "d"), timed=True),
    "sent": _amount_field("sent>1MB", "request_bytes"),
    "received": _amount_field("received>1MB", "response_bytes"),
    "retry": _amount_field("retry>0", "retry"),
    "held": _amount_field("held>5s", "held_ms", live=lambda of, around: _held_ms(of, around)),
}
"""The fields by name. Descriptions and usual values come from the facts."""

FIELDS_OF_REQUESTS = frozenset(
    {
        "model",
        "agent",
        "kind",
        "class",
        "type",
        "turn",
        "session",
        "project",
        "id",
        "path",
        "route",
        "provider",
        "arrival",
        "key",
        "beta",
        "sent",
        "retry",
    }
)
"""The fields that are known as soon as a request has arrived, before it is sent to a provider."""
