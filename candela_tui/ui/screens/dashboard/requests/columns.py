"""The columns that a list of requests can have: what each shows of a call, and how it sorts."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from candela_tui.analysis import labels
from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import BY_NAME as FACTS
from candela_tui.exchange.facts import Context, Unit
from candela_tui.protocol.kind import Kind
from candela_tui.providers.identity import Provider
from candela_tui.text import amounts, times
from candela_tui.text.cells import shortened
from candela_tui.text.times import Clock
from candela_tui.ui.screens.dashboard.requests.failures import failed_try
from candela_tui.ui.screens.dashboard.requests.table import Column, Table, Value


def columns_named(names: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns of these names in this order. Unknown names are left out; without any, return the default."""
    found = tuple(BY_NAME[name] for name in dict.fromkeys(names) if name in BY_NAME)
    return found or tuple(column for column in COLUMNS if column.chosen)


def total_cost(call: Call) -> tuple[Decimal | None, bool]:
    """Return the cost of all tries in USD (None if none has a price), and whether it is only a lower bound."""
    costs = [exchange.cost for exchange in call.tries if exchange.cost is not None]
    if not costs:
        return None, False
    partly = any(exchange.unread is not None or exchange.unpriced_model is not None for exchange in call.tries)
    return sum((cost.total for cost in costs), Decimal(0)), partly or any(cost.at_least for cost in costs)


def took_ms(call: Call, clock: Clock) -> float | None:
    """Return the time from the first try's receipt to the end of the last, or to now."""
    took = call.last.elapsed_ms(clock.now())
    return None if took is None else (call.last.started_at - call.tries[0].started_at).total_seconds() * 1000 + took


_ALONE = Context()
_WRITTEN: dict[Unit, Callable[[Any], str]] = {
    Unit.TOKENS: amounts.count,
    Unit.BYTES: amounts.size,
    Unit.MILLISECONDS: times.duration,
    Unit.SHARE: amounts.percent,
    Unit.USD: amounts.money,
    Unit.RATE: amounts.rate,
}


def _column(
    name: str,
    fact_name: str,
    width: int,
    rank: int,
    *,
    text: Callable[[Call, Table, int], str] | None = None,
    order: Callable[[Call, Table], Value] | None = None,
    written: Callable[[Any], str] | None = None,
    **layout: Any,
) -> Column:
    """Return the column of a fact of a call's last try.

    ``text`` and ``order`` take its place where it is live or over all tries; ``written`` writes it.
    """
    fact = FACTS[fact_name]
    write = written or _WRITTEN.get(fact.unit, str)

    def value(call: Call, table: Table, width: int) -> str:
        known = fact.get(call.last, _ALONE)
        return amounts.UNKNOWN if known is None else write(known)

    return Column(
        name,
        width,
        rank,
        fact.label,
        text or value,
        order or (lambda call, table: fact.get(call.last, _ALONE)),
        **layout,
    )


def _said(exchange: Exchange) -> int | None:
    """Return the output tokens, as reported or estimated so far."""
    if exchange.live:
        return labels.estimated_tokens(exchange) if exchange.output_characters else None
    return exchange.usage.output_tokens if exchange.usage else None


def _out(call: Call, table: Table, width: int) -> str:
    tokens = _said(call.last)
    return f"~{amounts.count(tokens)}" if call.last.live and tokens is not None else amounts.count(tokens)


def _rate(call: Call, table: Table) -> float | None:
    exchange = call.last
    if not exchange.live:
        return exchange.tokens_per_second
    first = exchange.marks.first_token
    tokens = labels.estimated_tokens(exchange)
    elapsed = (table.clock.now() - exchange.started_at).total_seconds() * 1000
    if first is None or elapsed - first < 500 or not tokens:
        return None
    return tokens / (elapsed - first) * 1000


def _rate_words(call: Call, table: Table, width: int) -> str:
    rate = _rate(call, table)
    return f"~{amounts.rate(rate)}" if call.last.live and rate is not None else amounts.rate(rate)


def _agent_name(call: Call, table: Table) -> str:
    exchange = call.last
    if exchange.kind is Kind.MESSAGES:
        return table.agent(exchange)
    return {Kind.COUNT_TOKENS: "count", Kind.OTHER: exchange.method}.get(exchange.kind, exchange.kind.value)


def _agent(call: Call, table: Table, width: int) -> str:
    name = _agent_name(call, table)
    if call.run:
        return f"{shortened(name, width - len(str(len(call.tries))) - 2)} ×{len(call.tries)}"
    if not call.retries or failed_try(call) is not None:
        return name
    tries = f" ×{call.retries + 1}"
    return shortened(name, width - len(tries)) + tries


def _model(call: Call, table: Table, width: int) -> str:
    exchange = call.last
    if exchange.model is None and exchange.kind is not Kind.MESSAGES:
        return exchange.path.partition("?")[0]
    name = labels.model(exchange.model_used or exchange.model)
    others = [difference.what for difference in exchange.differences if difference.what != "model"]
    other_model = len(others) < len(exchange.differences)
    name = f"≠{name}" if other_model else name
    name = f"{labels.IMPORTED}{name}" if exchange.imported else name
    name = f"{labels.REPLAYED}{name}" if exchange.replayed else name
    if not others:
        return _placed(name, exchange, width)
    marks = " ".join(f"≠{labels.difference(what)}" for what in others)
    if len(name) + 1 + len(marks) <= width:
        return f"{name} {marks}"
    return name if other_model else shortened(name, width - 1) + "≠"


def _why(call: Call, table: Table, width: int) -> str:
    if call.last.cache is None:
        return amounts.UNKNOWN
    diagnosis = call.last.cache.diagnosis
    return diagnosis.cause or diagnosis.state or amounts.UNKNOWN


def _cost(call: Call, table: Table, width: int) -> str:
    usd, at_least = total_cost(call)
    if usd is None and (call.last.free or call.last.kind is Kind.PROBE):
        return ""
    if not at_least or usd is None:
        return amounts.money(usd)
    return f"≥{amounts.known_part(usd, width - 1)}"


def _placed(name: str, exchange: Exchange, width: int) -> str:
    """Return a model's name with the cloud that runs it; a sign for the cloud if there is no room."""
    if exchange.provider == Provider.ANTHROPIC:
        return name
    place = f" · {exchange.provider}"
    return name + place if len(name) + len(place) <= width else shortened(name, width - 1) + "↗"


COLUMNS = (
    Column(
        "TIME",
        8,
        0,
        "when it began",
        lambda call, table, width: times.time_of_day(call.tries[0].started_at, table.clock, seconds=False),
        lambda call, table: call.tries[0].started_at.timestamp(),
        "dim",
        right=False,
        figure=False,
        dated=4,
    ),
    Column(
        "SESSION",
        12,
        2,
        "session (only for all sessions)",
        lambda call, table, width: table.session_title(call.last),
        lambda call, table: table.session_title(call.last),
        right=False,
        grows=24,
        figure=False,
        of_all=True,
    ),
    Column(
        "AGENT",
        7,
        2,
        "agent; ×2: after two tries",
        _agent,
        _agent_name,
        right=False,
        grows=3,
        figure=False,
    ),
    Column(
        "MODEL",
        11,
        1,
        "model; ≠ other ↗ cloud ⇣ import",
        _model,
        lambda call, table: call.last.model_used or call.last.model,
        right=False,
        grows=14,
        figure=False,
    ),
    _column("IN", "input_tokens", 4, 6),
    _column("READ", "cache_read_tokens", 4, 5),
    _column("WRITE", "cache_write_tokens", 5, 7),
    _column("OUT", "output_tokens", 5, 3, text=_out, order=lambda call, table: _said(call.last)),
    _column("TTFT", "ttft_ms", 5, 8),
    Column(
        "TOOK",
        5,
        9,
        "from the first try to the end",
        lambda call, table, width: times.duration(took_ms(call, table.clock)),
        lambda call, table: took_ms(call, table.clock),
    ),
    _column("TOK/S", "tokens_per_second", 5, 10, text=_rate_words, order=_rate),
    _column("HIT", "cache_hit_rate", 4, 11, style="dim"),
    _column("WHY", "cache_cause", 9, 12, text=_why, style="dim", right=False, grows=12),
    _column("STOP", "stop_reason", 10, 12, style="dim", right=False, grows=4),
    _column("SENT", "request_bytes", 8, 13, style="dim"),
    _column("RECEIVED", "response_bytes", 8, 14, style="dim"),
    Column(
        "$",
        7,
        4,
        "cost of all tries",
        _cost,
        lambda call, table: total_cost(call)[0],
        "bright",
        figure=False,
        grows=2,
    ),
    _column("STATUS", "status", 6, 8, right=False, chosen=False),
    _column("TTFB", "ttfb_ms", 5, 8, chosen=False),
    _column("PROMPT", "prompt_tokens", 6, 6, chosen=False),
    _column("SAVED", "saved_usd", 7, 8, chosen=False),
    _column("TOOLS", "tools", 10, 8, right=False, grows=20, chosen=False),
    _column("KIND", "kind", 8, 8, right=False, chosen=False),
    _column("PROVIDER", "provider", 9, 9, written=labels.provider, right=False, chosen=False),
    _column("REGION", "region", 9, 10, right=False, chosen=False),
    _column("ROUTE", "route", 9, 9, right=False, grows=8, chosen=False),
    _column("KEY", "key", 8, 9, right=False, grows=12, chosen=False),
    _column("REQUEST ID", "request_id", 12, 12, style="dim", right=False, grows=20, chosen=False),
)
BY_NAME = {column.name: column for column in COLUMNS}
BY_TIME, COST = BY_NAME["TIME"], BY_NAME["$"]
