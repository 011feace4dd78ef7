"""What a filter of requests can ask for by name, and how each is compared."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from candela_tui.analysis.names import agent_name
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind


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
    session_title: Callable[[Exchange], str | None] = lambda _: None

    def agent(self, exchange: Exchange) -> str:
        """What an exchange's agent is called."""
        return agent_name(exchange.agent_id, self.agents)


Test = Callable[[Exchange, Surroundings], bool]


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or a field with what is asked of it, as written."""

    at: int
    value: str
    value_at: int
    name: str = ""
    """Of the field; empty: a word."""
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a filter can ask for by name."""

    example: str
    about: str
    """What it looks at, in a few words."""
    test: Callable[[Term], Test]
    values: tuple[str, ...] = ()
    """What it can be, where that is a closed list."""
    units: tuple[str, ...] | None = None
    """Units that an amount can have; None: it is text."""
    timed: bool = False


def word_test(word: str) -> Test:
    """Look for a word in all that an exchange says itself: the title of its session is a matter of its own field."""
    wanted = word.casefold()

    def test(exchange: Exchange, around: Surroundings) -> bool:
        return any(wanted in text.casefold() for text in _texts(exchange, around) if text)

    return test


def _texts(exchange: Exchange, around: Surroundings) -> Iterable[str | None]:
    error = exchange.error
    return (
        exchange.model,
        exchange.model_used,
        exchange.model_sent,
        around.agent(exchange),
        exchange.path,
        exchange.kind.value,
        exchange.stop_reason,
        exchange.outcome.value,
        error.type if error else None,
        error.message if error else None,
        exchange.id,
        exchange.session_id,
        exchange.agent_id,
        exchange.request_id,
        exchange.session_title,
        *exchange.tools_called,
    )


def _text_field(
    example: str, about: str, texts: Callable[[Exchange, Surroundings], Iterable[str | None]], *values: str
) -> Field:
    def make(term: Term) -> Test:
        _only_operators(term, example, ":", "=")
        wanted = term.value.casefold()

        def test(exchange: Exchange, around: Surroundings) -> bool:
            return any(wanted in text.casefold() for text in texts(exchange, around) if text)

        return test

    return Field(example, about, make, values)


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


def _only_operators(term: Term, example: str, *operators: str) -> None:
    if term.operator not in operators:
        at = term.at + len(term.name)
        raise FilterError(f"{term.name} is no amount: write it as {example}", at)


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

    def make(term: Term) -> Test:
        wanted = _amount(term, units, example)
        holds = _COMPARISONS[term.operator]

        def test(exchange: Exchange, around: Surroundings) -> bool:
            known = amount(exchange, around)
            return known is not None and holds(known, wanted)

        return test

    return Field(example, about, make, units=tuple(unit for unit in units if unit), timed=timed)


def _amount(term: Term, units: Mapping[str, _Number], example: str) -> Decimal:
    match = _AMOUNT.fullmatch(term.value)
    if match is None:
        raise FilterError(f"{term.name} needs a number here, such as {example}", term.value_at)
    unit = units.get(match[2].lower())
    if unit is None:
        known = ", ".join(name for name in units if name) or "none"
        raise FilterError(f"{match[2]} is no unit of {term.name} (units: {known})", term.value_at + match.start(2))
    return Decimal(match[1]) * Decimal(unit)


def _age_ms(exchange: Exchange, around: Surroundings) -> float:
    return max(0.0, (around.now - exchange.started_at).total_seconds() * 1000)


FIELDS: Mapping[str, Field] = {
    "model": _text_field(
        "model:opus", "requested or served model", lambda of, around: (of.model, of.model_used, of.model_sent)
    ),
    "status": Field("status:error", "how it ended, or the HTTP status", _status, (*_STATUSES, "4xx", "5xx", "529")),
    "agent": _text_field("agent:Explore", "the agent's name", lambda of, around: (around.agent(of), of.agent_id)),
    "tool": _text_field("tool:Bash", "a tool that the answer calls", lambda of, around: of.tools_called),
    "kind": Field("kind:title", "what the request is for", _kind, tuple(kind.value for kind in Kind)),
    "class": _text_field(
        "class:auxiliary",
        "request class that the client states",
        lambda of, around: (of.request_class,),
        "main",
        "auxiliary",
        "subagent",
        "workflow",
        "compaction",
    ),
    "type": _text_field(
        "type:Explore",
        "the type of the agent",
        lambda of, around: (of.agent_type, around.agent(of) if of.agent_id else None),
    ),
    "turn": _text_field("turn:b5411a6f", "the client's id of the user's prompt", lambda of, around: (of.prompt_id,)),
    "stop": _text_field("stop:tool_use", "why the answer ended", lambda of, around: (of.stop_reason,)),
    "error": _text_field(
        "error:overloaded",
        "the error's words",
        lambda of, around: (of.error.type, of.error.message) if of.error else (),
    ),
    "session": _text_field(
        "session:flaky", "the session's title or id", lambda of, around: (around.session_title(of), of.session_id)
    ),
    "id": _text_field("id:req_011", "ids of the request", lambda of, around: (of.id, of.request_id)),
    "path": _text_field("path:messages", "the path of the URL", lambda of, around: (of.path,)),
    "route": _text_field("route:vertex", "the route it took", lambda of, around: (of.route,)),
    "provider": _text_field(
        "provider:bedrock",
        "provider that ran the model",
        lambda of, around: (of.provider,),
        "anthropic",
        "vertex",
        "bedrock",
    ),
    "region": _text_field("region:global", "region of the provider", lambda of, around: (of.region,)),
    "adapted": _text_field(
        "adapted:beta",
        "what candela changed for the provider",
        lambda of, around: [text for each in of.adaptations for text in (each.what, each.name)],
        "beta",
        "field",
        "message",
        "retry",
    ),
    "differs": _text_field(
        "differs:model",
        "what was served differently from the request",
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
    "write": _amount_field(
        "write>10k",
        "tokens written to the cache",
        lambda of, around: of.usage.cache_write_tokens if of.usage else None,
        _COUNTS,
    ),
    "out": _amount_field(
        "out>=1.2k", "output tokens", lambda of, around: of.usage.output_tokens if of.usage else None, _COUNTS
    ),
    "prompt": _amount_field(
        "prompt>100k",
        "tokens of the whole prompt",
        lambda of, around: of.usage.prompt_tokens if of.usage else None,
        _COUNTS,
    ),
    "hit": _amount_field(
        "hit<50%",
        "share of the prompt from the cache",
        lambda of, around: of.usage.cache_hit_rate if of.usage else None,
        _SHARES,
    ),
    "ttfb": _amount_field("ttfb>2s", "time to the first byte", lambda of, around: of.ttfb_ms, _TIMES_MS),
    "ttft": _amount_field("ttft>2s", "time to the first token", lambda of, around: of.ttft_ms, _TIMES_MS),
    "took": _amount_field(
        "took>1m", "how long it took", lambda of, around: of.elapsed_ms(around.now), _TIMES_MS, timed=True
    ),
    "rate": _amount_field("rate<30", "output tokens per second", lambda of, around: of.tokens_per_second, {"": 1}),
    "age": _amount_field("age<10m", "time since it began", _age_ms, _TIMES_MS, timed=True),
    "sent": _amount_field("sent>1MB", "bytes of the request", lambda of, around: of.request_bytes, _SIZES),
    "received": _amount_field("received>1MB", "bytes of the response", lambda of, around: of.response_bytes, _SIZES),
    "retry": _amount_field("retry>0", "earlier tries of the same call", lambda of, around: of.retry, {"": 1}),
}
"""By name."""
