"""Requests as rows of a table whose columns come and go with the width."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.request import Kind
from candela_tui.ui import words
from candela_tui.ui.clock import Clock
from candela_tui.ui.ink import Line, Piece, fitted
from candela_tui.ui.spinner import frame

_OUTCOME_INKS = {
    Outcome.OK: "good",
    Outcome.LIVE: "accent",
    Outcome.ERROR: "bad",
    Outcome.CUT: "bad",
    Outcome.BLOCKED: "bad",
    Outcome.CANCELLED: "warn",
    Outcome.INTERRUPTED: "warn",
}


class Column(NamedTuple):
    """A column of the table."""

    name: str
    width: int
    rank: int
    """Columns of a higher rank go first when there is no room."""
    value: Callable[["RequestRow"], str]
    ink: str = "text"
    right: bool = True
    grows: int = 0
    """Cells it may take from room that is left."""
    figure: bool = True
    """Whether an error's words may stand in its place."""


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request, in one line."""

    exchange: Exchange
    agent: str
    clock: Clock = field(compare=False)
    height: int = 1

    @property
    def key(self) -> str:
        """The exchange's id."""
        return self.exchange.id

    @property
    def moving(self) -> bool:
        """Whether it is live."""
        return self.exchange.live

    def draw(self, line: int, width: int, tick: int) -> Line:
        """The row in as many columns as have room."""
        exchange = self.exchange
        sign = frame(tick) if exchange.live else words.SIGNS[exchange.outcome]
        pieces: list[Piece] = [(f"{sign} ", _OUTCOME_INKS[exchange.outcome])]
        columns = columns_for(width)
        shortfall = words.shortfall(exchange)
        words_from, words_to = _place_of_words(columns) if shortfall and not _has_figures(exchange) else (-1, -1)
        for place, (column, cells) in enumerate(columns):
            if words_from < place <= words_to:
                continue
            if place == words_from:
                room = sum(cells for _, cells in columns[words_from : words_to + 1]) + words_to - words_from
                pieces.append((fitted(shortfall or "", room), _OUTCOME_INKS[exchange.outcome]))
            else:
                text = column.value(self)
                ink = "faint" if text == words.UNKNOWN else "accent" if text.startswith("~") else column.ink
                pieces.append((fitted(text, cells, right=column.right), ink))
            pieces.append((" ", "text"))
        return tuple(pieces)


def _has_figures(exchange: Exchange) -> bool:
    return exchange.usage is not None and bool(exchange.usage.output_tokens)


def _place_of_words(columns: tuple[tuple[Column, int], ...]) -> tuple[int, int]:
    figures = [place for place, (column, _) in enumerate(columns) if column.figure]
    return (figures[0], figures[-1]) if figures else (-1, -1)


def heading(width: int) -> Line:
    """The names of the columns."""
    pieces: list[Piece] = [("  ", "dim")]
    for column, cells in columns_for(width):
        pieces.append((fitted(column.name, cells, right=column.right), "dim"))
        pieces.append((" ", "dim"))
    return tuple(pieces)


@lru_cache(64)
def columns_for(width: int) -> tuple[tuple[Column, int], ...]:
    """The columns that fit, in their order, and how many cells each has."""
    # The last column needs no gap behind it.
    room = width - 2 + 1
    chosen: list[Column] = []
    for column in sorted(COLUMNS, key=lambda column: column.rank):
        if room < column.width + 1:
            break
        chosen.append(column)
        room -= column.width + 1
    cells = {column.name: column.width for column in chosen}
    for column in sorted(chosen, key=lambda column: column.rank):
        extra = min(column.grows, room)
        cells[column.name] += extra
        room -= extra
    chosen.sort(key=COLUMNS.index)
    return tuple((column, cells[column.name]) for column in chosen)


def _agent(row: RequestRow) -> str:
    if row.exchange.kind is Kind.MESSAGES:
        return row.agent
    return {Kind.COUNT_TOKENS: "count", Kind.OTHER: row.exchange.method}.get(row.exchange.kind, row.exchange.kind.value)


def _model(row: RequestRow) -> str:
    exchange = row.exchange
    if exchange.model is None and exchange.kind is not Kind.MESSAGES:
        return exchange.path.partition("?")[0]
    changed = any(difference.what == "model" for difference in exchange.differences)
    name = words.model(exchange.model_used or exchange.model)
    return f"≠{name}" if changed else name


def _written(row: RequestRow) -> str:
    usage = row.exchange.usage
    if usage is None or (usage.cache_write_5m_tokens is None and usage.cache_write_1h_tokens is None):
        return words.UNKNOWN
    return words.count((usage.cache_write_5m_tokens or 0) + (usage.cache_write_1h_tokens or 0))


def _out(row: RequestRow) -> str:
    exchange = row.exchange
    if exchange.live:
        return f"~{words.count(words.estimated_tokens(exchange))}" if exchange.output_characters else words.UNKNOWN
    return words.count(exchange.usage.output_tokens if exchange.usage else None)


def elapsed_ms(exchange: Exchange, clock: Clock) -> float | None:
    """How long it took, or has taken so far."""
    if exchange.live:
        return max(0.0, (clock.now() - exchange.started_at).total_seconds() * 1000)
    return exchange.duration_ms


def _rate(row: RequestRow) -> str:
    exchange = row.exchange
    if not exchange.live:
        return words.rate(exchange.tokens_per_second)
    elapsed, first = elapsed_ms(exchange, row.clock), exchange.marks.first_token
    tokens = words.estimated_tokens(exchange)
    if elapsed is None or first is None or elapsed - first < 500 or not tokens:
        return words.UNKNOWN
    return f"~{words.rate(tokens / (elapsed - first) * 1000)}"


def _cost(row: RequestRow) -> str:
    cost = row.exchange.cost
    return "" if row.exchange.kind in (Kind.PROBE, Kind.MODELS) else words.cost(cost).replace("≥ ", "≥")


COLUMNS = (
    Column("TIME", 8, 0, lambda row: words.time_of_day(row.exchange.started_at, row.clock), "dim", False, figure=False),
    Column("AGENT", 7, 2, _agent, "text", False, grows=3, figure=False),
    Column("MODEL", 10, 1, _model, "text", False, grows=14, figure=False),
    Column("IN", 4, 6, lambda row: words.count(row.exchange.usage.input_tokens if row.exchange.usage else None)),
    Column("READ", 4, 5, lambda row: words.count(row.exchange.usage.cache_read_tokens if row.exchange.usage else None)),
    Column("WRITE", 5, 7, _written),
    Column("OUT", 5, 3, _out),
    Column("TTFT", 5, 8, lambda row: words.duration(row.exchange.ttft_ms)),
    Column("TOOK", 5, 9, lambda row: words.duration(elapsed_ms(row.exchange, row.clock))),
    Column("TOK/S", 5, 10, _rate),
    Column(
        "HIT",
        4,
        11,
        lambda row: words.percent(hit_rate(row.exchange)),
        "dim",
    ),
    Column("STOP", 10, 12, lambda row: row.exchange.stop_reason or words.UNKNOWN, "dim", False, grows=4),
    Column("SENT", 8, 13, lambda row: words.size(row.exchange.request_bytes), "dim"),
    Column("RECEIVED", 8, 14, lambda row: words.size(row.exchange.response_bytes), "dim"),
    Column("$", 7, 4, _cost, "bright", figure=False, grows=2),
)


def hit_rate(exchange: Exchange) -> float | None:
    """Share of the prompt that was read from the cache."""
    usage = exchange.usage
    prompt = usage.prompt_tokens if usage else None
    return (usage.cache_read_tokens or 0) / prompt if usage and prompt else None
