"""The columns that a list of requests can have: what each says of a call, and by what it puts calls in order."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.ui import words
from candela_tui.ui.clock import Clock
from candela_tui.ui.dashboard.table import Column, Table, Value
from candela_tui.ui.dashboard.trouble import failed_try
from candela_tui.ui.ink import shortened


def columns_named(names: Iterable[str]) -> tuple[Column, ...]:
    """The columns of these names, in this order; those that nobody knows are left out, and none means the default."""
    found = tuple(BY_NAME[name] for name in dict.fromkeys(names) if name in BY_NAME)
    return found or tuple(column for column in COLUMNS if column.chosen)


def total_cost(call: Call) -> tuple[Decimal | None, bool]:
    """USD of all tries (None: no try has a price), and whether that is only a lower bound."""
    costs = [exchange.cost for exchange in call.tries if exchange.cost is not None]
    if not costs:
        return None, False
    partly = any(exchange.unread is not None or exchange.unpriced_model is not None for exchange in call.tries)
    return sum((cost.total for cost in costs), Decimal(0)), partly or any(cost.at_least for cost in costs)


def took_ms(call: Call, clock: Clock) -> float | None:
    """From the first try's receipt to the last one's end, or to now."""
    took = call.last.elapsed_ms(clock.now())
    return None if took is None else (call.last.started_at - call.tries[0].started_at).total_seconds() * 1000 + took


def _usage(part: Callable[[Usage], int | None]) -> Callable[[Exchange], int | None]:
    return lambda exchange: part(exchange.usage) if exchange.usage is not None else None


def _tokens(
    name: str, width: int, rank: int, about: str, tokens: Callable[[Exchange], int | None], *, chosen: bool = True
) -> Column:
    return Column(
        name,
        width,
        rank,
        about,
        lambda call, table, width: words.count(tokens(call.last)),
        lambda call, table: tokens(call.last),
        chosen=chosen,
    )


def _said(exchange: Exchange) -> int | None:
    """Tokens of the answer: as reported, or so far."""
    if exchange.live:
        return words.estimated_tokens(exchange) if exchange.output_characters else None
    return exchange.usage.output_tokens if exchange.usage else None


def _out(call: Call, table: Table, width: int) -> str:
    tokens = _said(call.last)
    return f"~{words.count(tokens)}" if call.last.live and tokens is not None else words.count(tokens)


def _rate(call: Call, table: Table) -> float | None:
    exchange = call.last
    if not exchange.live:
        return exchange.tokens_per_second
    first = exchange.marks.first_token
    tokens = words.estimated_tokens(exchange)
    elapsed = (table.clock.now() - exchange.started_at).total_seconds() * 1000
    if first is None or elapsed - first < 500 or not tokens:
        return None
    return tokens / (elapsed - first) * 1000


def _rate_words(call: Call, table: Table, width: int) -> str:
    rate = _rate(call, table)
    return f"~{words.rate(rate)}" if call.last.live and rate is not None else words.rate(rate)


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
    name = words.model(exchange.model_used or exchange.model)
    others = [difference.what for difference in exchange.differences if difference.what != "model"]
    other_model = len(others) < len(exchange.differences)
    name = f"≠{name}" if other_model else name
    if not others:
        return _placed(name, exchange, width)
    marks = " ".join(f"≠{words.difference(what)}" for what in others)
    if len(name) + 1 + len(marks) <= width:
        return f"{name} {marks}"
    return name if other_model else shortened(name, width - 1) + "≠"


def _cost(call: Call, table: Table, width: int) -> str:
    usd, at_least = total_cost(call)
    if usd is None and call.last.kind in (Kind.PROBE, Kind.MODELS):
        return ""
    if not at_least or usd is None:
        return words.money(usd)
    return f"≥{words.known_part(usd, width - 1)}"


def _placed(name: str, exchange: Exchange, width: int) -> str:
    """A model's name, and the cloud that runs it; where that has no room, that it is one."""
    if exchange.provider == "anthropic":
        return name
    place = f" · {exchange.provider}"
    return name + place if len(name) + len(place) <= width else shortened(name, width - 1) + "↗"


def _text(text: Callable[[Exchange], str | None]) -> tuple[Callable[[Call, Table, int], str], Callable[..., Value]]:
    return lambda call, table, width: text(call.last) or words.UNKNOWN, lambda call, table: text(call.last)


def _status(exchange: Exchange) -> str | None:
    return str(exchange.status) if exchange.status is not None else None


COLUMNS = (
    Column(
        "TIME",
        8,
        0,
        "when it began",
        lambda call, table, width: words.time_of_day(call.tries[0].started_at, table.clock, seconds=False),
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
        "whose it is, in the list of all",
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
        "whose it is; ×2: after two tries",
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
        "who answered; ≠ other, ↗ cloud",
        _model,
        lambda call, table: call.last.model_used or call.last.model,
        right=False,
        grows=14,
        figure=False,
    ),
    _tokens("IN", 4, 6, "tokens neither read nor written", _usage(lambda usage: usage.input_tokens)),
    _tokens("READ", 4, 5, "tokens read from the cache", _usage(lambda usage: usage.cache_read_tokens)),
    _tokens("WRITE", 5, 7, "tokens written to the cache", _usage(lambda usage: usage.cache_write_tokens)),
    Column("OUT", 5, 3, "output tokens", _out, lambda call, table: _said(call.last)),
    Column(
        "TTFT",
        5,
        8,
        "time to the first token",
        lambda call, table, width: words.duration(call.last.ttft_ms),
        lambda call, table: call.last.ttft_ms,
    ),
    Column(
        "TOOK",
        5,
        9,
        "from the first try to the end",
        lambda call, table, width: words.duration(took_ms(call, table.clock)),
        lambda call, table: took_ms(call, table.clock),
    ),
    Column("TOK/S", 5, 10, "output tokens a second", _rate_words, _rate),
    Column(
        "HIT",
        4,
        11,
        "the cache's share of the prompt",
        lambda call, table, width: words.percent(call.last.usage.cache_hit_rate if call.last.usage else None),
        lambda call, table: call.last.usage.cache_hit_rate if call.last.usage else None,
        "dim",
    ),
    Column(
        "STOP", 10, 12, "why the answer ended", *_text(lambda exchange: exchange.stop_reason), "dim", False, grows=4
    ),
    Column(
        "SENT",
        8,
        13,
        "bytes of the request",
        lambda call, table, width: words.size(call.last.request_bytes),
        lambda call, table: call.last.request_bytes,
        "dim",
    ),
    Column(
        "RECEIVED",
        8,
        14,
        "bytes of the answer",
        lambda call, table, width: words.size(call.last.response_bytes),
        lambda call, table: call.last.response_bytes,
        "dim",
    ),
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
    Column("STATUS", 6, 8, "HTTP status", *_text(_status), right=False, chosen=False),
    Column(
        "TTFB",
        5,
        8,
        "time to the first byte",
        lambda call, table, width: words.duration(call.last.ttfb_ms),
        lambda call, table: call.last.ttfb_ms,
        chosen=False,
    ),
    _tokens("PROMPT", 6, 6, "tokens of the whole prompt", _usage(lambda usage: usage.prompt_tokens), chosen=False),
    Column(
        "SAVED",
        7,
        8,
        "what the cache saved",
        lambda call, table, width: words.money(call.last.saved),
        lambda call, table: call.last.saved,
        chosen=False,
    ),
    Column(
        "TOOLS",
        10,
        8,
        "tools that the answer calls",
        *_text(lambda exchange: ", ".join(exchange.tools_called) or None),
        right=False,
        grows=20,
        chosen=False,
    ),
    Column("KIND", 8, 8, "what it is for", *_text(lambda exchange: exchange.kind.value), right=False, chosen=False),
    Column(
        "PROVIDER",
        9,
        9,
        "who runs the model",
        *_text(lambda exchange: words.provider(exchange.provider)),
        right=False,
        chosen=False,
    ),
    Column(
        "REGION", 9, 10, "where at the provider", *_text(lambda exchange: exchange.region), right=False, chosen=False
    ),
    Column("ROUTE", 9, 9, "where it went", *_text(lambda exchange: exchange.route), right=False, grows=8, chosen=False),
    Column(
        "REQUEST ID",
        12,
        12,
        "the provider's id",
        *_text(lambda exchange: exchange.request_id),
        ink="dim",
        right=False,
        grows=20,
        chosen=False,
    ),
)
BY_NAME = {column.name: column for column in COLUMNS}
BY_TIME, COST = BY_NAME["TIME"], BY_NAME["$"]
