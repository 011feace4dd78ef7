"""The columns of a usage report, in the words that users of ccusage know, and which of them fit into a width."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from rich.cells import cell_len

from candela_tui.analysis import labels
from candela_tui.keys.key import Key
from candela_tui.ledger.blocks import Block, Pace, pace
from candela_tui.ledger.names import session_title
from candela_tui.ledger.totals import Totals
from candela_tui.ledger.usage_report import IN_TIME, OF_KEYS, UsageBy
from candela_tui.ledger.what_if import Compared
from candela_tui.reports.usage.reading import FinishedReport, ReportRow
from candela_tui.reports.usage.records import key_text
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN, count, percent
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import Clock, local_time

GAP = 2
"""Cells between two columns."""
_NARROWEST = 12
"""Cells that a column of names keeps at least."""
_WIDEST = 40
"""Cells of the names of models at most."""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What a line of the table says: a row, one model of it, or the sums over all rows."""

    label: str
    totals: Totals
    models: str = ""
    id: str = ""
    agents: int | None = None
    last_at: datetime | None = None
    window: str = ""
    pace: Pace | None = None
    compared: Compared | None = None


class Column(NamedTuple):
    """One column."""

    head: str
    cell: Callable[[ReportLine, Clock], str]
    rank: int
    """The column of the lowest rank is left out first."""
    right: bool = True
    flexible: bool = False
    """Whether its text may be cut."""


def report_lines(report: FinishedReport, *, breakdown: bool) -> Iterator[ReportLine]:
    """Yield the lines of the rows, with ``breakdown`` also of each model of a row, and that of the sums."""
    for row in report.rows:
        yield row_line(report, row)
        if breakdown and report.wanted.by is not UsageBy.MODEL:
            yield from model_lines(row)
    yield total_line(report)


def model_lines(row: ReportRow) -> Iterator[ReportLine]:
    """Yield a line for each model of a row."""
    for model, totals in row.sums.models():
        yield ReportLine(f"  {_model(model)}", totals)


def total_line(report: FinishedReport) -> ReportLine:
    """Return the line of the sums over all rows."""
    sums = report.total.sums
    return ReportLine(
        "Total", sums.totals(), agents=len(sums.agents), last_at=sums.last_at, compared=report.total.compared
    )


def row_line(report: FinishedReport, row: ReportRow) -> ReportLine:
    """Return the line of a row."""
    sums = row.sums
    totals = sums.totals()
    window, its_pace = "", None
    if isinstance(row.key, Block):
        now = report.wanted.clock.now()
        window = "measured" if row.key.measured else "from first use"
        if row.key.active(now):
            window += ", active"
        its_pace = pace(row.key, totals, *sums.span(), now)
    return ReportLine(
        label_of(report, row),
        totals,
        ", ".join(_model(model) for model, _ in sums.models() if model is not None),
        terminal_safe(str(row.key)) if report.wanted.by is UsageBy.SESSION and row.key is not None else "",
        len(sums.agents),
        sums.last_at,
        window,
        its_pace,
        row.compared,
    )


def label_of(report: FinishedReport, row: ReportRow) -> str:
    """Return the name of a row."""
    by, key = report.wanted.by, row.key
    if isinstance(key, Block):
        local = report.wanted.clock.local
        return f"{local(key.starts_at):%Y-%m-%d %H:%M}–{local(key.ends_at):%H:%M}"
    if by is UsageBy.SESSION:
        session = report.sessions.get(key if isinstance(key, str) else None)
        return terminal_safe(session_title(session)) if session is not None else "requests without a session"
    if by is UsageBy.MODEL and isinstance(key, str):
        return _model(key)
    if by in OF_KEYS and key is None:
        return f"without a {by}"
    return terminal_safe(key_text(key, by) or UNKNOWN)


def _model(name: str | None) -> str:
    return terminal_safe(labels.model(name)) if name is not None else "no model"


def _tokens(of: Callable[[Totals], int]) -> Callable[[ReportLine, Clock], str]:
    return lambda line, _: count(line.totals.known(of(line.totals)))


def cost_of(totals: Totals) -> str:
    """Return the cost of some requests as text, with ``≥`` where it is a lower bound."""
    return amounts.cost(totals.cost, lower_bound=totals.at_least)


def _of_key(keys: Mapping[str, Key], name: str, line: ReportLine, clock: Clock) -> str:
    return terminal_safe(getattr(keys.get(line.label), name, None) or "")


def _saved(line: ReportLine, clock: Clock) -> str:
    return amounts.signed_money(line.totals.saved_usd) if line.totals.priced else UNKNOWN


def _changed_cost(line: ReportLine, clock: Clock) -> str:
    compared = line.compared
    if compared is None:
        return ""
    return amounts.cost(compared.after.cost_usd, lower_bound=compared.at_least) if compared.requests else UNKNOWN


def _difference(line: ReportLine, clock: Clock) -> str:
    compared = line.compared
    if compared is None:
        return ""
    return amounts.signed_money(compared.difference, plus=True) if compared.requests else UNKNOWN


def _cost_parts(totals: Totals) -> Iterator[Column]:
    """Yield a column for each part of the cost; what nobody searched for has none."""
    yield Column("INPUT $", partial(_part, lambda of: of.input_usd), 42)
    yield Column("READ $", partial(_part, lambda of: of.cache_read_usd), 43)
    yield Column("WRITE $", partial(_part, lambda of: of.cache_write_usd), 44)
    yield Column("OUTPUT $", partial(_part, lambda of: of.output_usd), 45)
    if totals.web_searches_usd:
        yield Column("SEARCH $", partial(_part, lambda of: of.web_searches_usd), 41)


def _part(of: Callable[[Totals], Decimal], line: ReportLine, clock: Clock) -> str:
    return amounts.money(of(line.totals) if line.totals.priced else None)


_NAMES = {
    UsageBy.DAILY: "DAY",
    UsageBy.WEEKLY: "WEEK FROM",
    UsageBy.MONTHLY: "MONTH",
    UsageBy.SESSION: "TITLE",
    UsageBy.BLOCKS: "BLOCK",
    UsageBy.PROJECT: "PROJECT",
    UsageBy.MODEL: "MODEL",
    UsageBy.AGENT: "AGENT",
    UsageBy.BRANCH: "BRANCH",
    UsageBy.KEY: "KEY",
    UsageBy.USER: "USER",
    UsageBy.TEAM: "TEAM",
}
_MUST = 100
"""The rank of columns that are never left out."""


def columns_of(report: FinishedReport, *, breakdown: bool) -> list[Column]:
    """Return the columns of a report, from left to right; with ``breakdown``, also those of the parts of the cost."""
    by = report.wanted.by
    # A time that is cut says something else.
    columns = [Column(_NAMES[by], lambda line, _: line.label, _MUST, right=False, flexible=by not in IN_TIME)]
    if by is UsageBy.SESSION:
        columns.append(Column("SESSION", lambda line, _: line.id, 15, right=False))
    if by is UsageBy.KEY:
        columns += [
            Column(name.upper(), partial(_of_key, report.wanted.keys, name), 45, right=False)
            for name in ("user", "team", "project")
        ]
    if by is UsageBy.BLOCKS:
        columns.append(Column("WINDOW", lambda line, _: line.window, 90, right=False))
    if by is not UsageBy.MODEL:
        columns.append(Column("MODELS", lambda line, _: line.models, 30, right=False, flexible=True))
    columns += [
        Column("REQUESTS", lambda line, _: count(line.totals.requests), 50),
        Column("AGENTS", lambda line, _: "" if line.agents is None else count(line.agents), 20),
        Column("INPUT", _tokens(lambda of: of.input_tokens), 65),
        Column("READ", _tokens(lambda of: of.cache_read_tokens), 80),
        Column("WRITE 5M", _tokens(lambda of: of.cache_write_5m_tokens), 71),
        Column("WRITE 1H", _tokens(lambda of: of.cache_write_1h_tokens), 70),
        Column("OUTPUT", _tokens(lambda of: of.output_tokens), 85),
        Column("TOTAL", _tokens(lambda of: of.prompt_tokens + of.output_tokens), 40),
        Column("HIT", lambda line, _: percent(line.totals.cache_hit_rate), 60),
        Column("SAVED", _saved, 55),
        *(_cost_parts(report.total.sums.totals()) if breakdown else ()),
        Column("COST", lambda line, _: cost_of(line.totals), _MUST),
    ]
    if report.wanted.what_if is not None:
        columns += [Column("WHAT IF", _changed_cost, _MUST), Column("CHANGE", _difference, 95)]
    if by is UsageBy.BLOCKS:
        columns += [
            Column("TOK/MIN", lambda line, _: count(round(line.pace.tokens_per_minute)) if line.pace else UNKNOWN, 62),
            Column("$/HOUR", lambda line, _: amounts.money(line.pace.usd_per_hour if line.pace else None), 63),
        ]
    columns.append(Column("LAST", lambda line, clock: local_time(line.last_at, clock) if line.last_at else "", 35))
    return columns


class Fitted(NamedTuple):
    """The columns that fit, with their widths."""

    columns: list[Column]
    widths: list[int]
    left_out: int


def fit(columns: Sequence[Column], lines: Sequence[ReportLine], clock: Clock, width: int | None) -> Fitted:
    """Return the columns that fit into a width: a figure is shown whole or not at all, and names may be cut."""
    kept = list(columns)
    wide = [max(cell_len(column.head), *(cell_len(column.cell(line, clock)) for line in lines)) for column in kept]
    wide = [min(cells, _WIDEST) if column.head == "MODELS" else cells for column, cells in zip(kept, wide, strict=True)]
    if width is None:
        return Fitted(kept, wide, 0)
    while True:
        least = [min(cells, _NARROWEST) if column.flexible else cells for column, cells in zip(kept, wide, strict=True)]
        lowest = min(range(len(kept)), key=lambda place: kept[place].rank)
        if sum(least) + GAP * (len(kept) - 1) <= width or kept[lowest].rank >= _MUST:
            break
        del kept[lowest], wide[lowest]
    room = width - sum(least) - GAP * (len(kept) - 1)
    for place, cells in enumerate(wide):
        more = max(0, min(room, cells - least[place]))
        least[place] += more
        room -= more
    return Fitted(kept, least, len(columns) - len(kept))
