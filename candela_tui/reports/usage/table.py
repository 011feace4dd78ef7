"""A usage report as a table for the terminal, and what has to be said about it."""

from collections.abc import Iterator

from candela_tui.ledger.blocks import Block, pace
from candela_tui.ledger.totals import Totals
from candela_tui.ledger.usage_report import UsageBy
from candela_tui.reports.usage.columns import GAP, Column, columns_of, fit, report_lines
from candela_tui.reports.usage.reading import FinishedReport
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import duration

API_EQUIVALENT = "API-equivalent cost: what the API would charge. The subscription already covers these requests."


def table_lines(report: FinishedReport, width: int | None, *, breakdown: bool) -> Iterator[str]:
    """Yield the lines of the table. Columns that do not fit into ``width`` cells are left out."""
    clock = report.wanted.clock
    lines = list(report_lines(report, breakdown=breakdown))
    columns, widths, left_out = fit(columns_of(report, breakdown=breakdown), lines, clock, width)

    def joined(cells: list[str], columns: list[Column]) -> str:
        placed = zip(cells, columns, widths, strict=True)
        return (" " * GAP).join(fitted(cell, room, right=column.right) for cell, column, room in placed).rstrip()

    yield joined([column.head for column in columns], columns)
    for line in lines[:-1]:
        yield joined([column.cell(line, clock) for column in columns], columns)
    yield joined(["─" * room for room in widths], columns)
    yield joined([column.cell(lines[-1], clock) for column in columns], columns)
    if left_out:
        named = "column does" if left_out == 1 else "columns do"
        yield ""
        yield f"{left_out} {named} not fit here; a wider terminal, `--json` or `| less -S` shows all."


def notes(report: FinishedReport) -> Iterator[str]:
    """Yield what a reader of the table should know, a paragraph each."""
    totals = report.total.sums.totals()
    if totals.priced:
        yield f"Cost by part: {cost_by_part(totals)}."
    if report.wanted.by is UsageBy.BLOCKS:
        yield from _block_notes(report)
    yield from unpriced_notes(report)
    if totals.at_least:
        yield f"≥ means at least: {_why_at_least(totals)}."
    if report.subscription:
        yield API_EQUIVALENT


def cost_by_part(totals: Totals) -> str:
    """Return the parts of a cost that are more than nothing, as text."""
    parts = (
        ("input", totals.input_usd),
        ("cache read", totals.cache_read_usd),
        ("cache write", totals.cache_write_usd),
        ("output", totals.output_usd),
        ("web searches", totals.web_searches_usd),
    )
    return " + ".join(f"{name} {amounts.money(usd)}" for name, usd in parts if usd) or amounts.money(totals.cost)


def unpriced_notes(report: FinishedReport) -> Iterator[str]:
    """Yield which models have no price, and how many requests that concerns."""
    for model, totals in report.total.sums.models():
        if totals.unpriced:
            name = terminal_safe(model or amounts.UNKNOWN)
            yield (
                f'No price: {amounts.requests(totals.unpriced)} of {name}. Set one in [pricing.models."{name}"] of '
                f"config.toml."
            )


def _why_at_least(totals: Totals) -> str:
    whys = (
        (totals.unpriced, "without a price"),
        (totals.unread, "whose answers were not read in full"),
        (totals.lower_bounds, "whose cost is a lower bound"),
    )
    return ", ".join(f"{amounts.requests(number)} {why}" for number, why in whys if number)


def _block_notes(report: FinishedReport) -> Iterator[str]:
    now = report.wanted.clock.now()
    for row in report.rows:
        if not isinstance(row.key, Block) or not row.key.active(now):
            continue
        used = pace(row.key, row.sums.totals(), *row.sums.span(), now)
        if used is None or used.projected_tokens is None:
            continue
        left = duration((row.key.ends_at - now).total_seconds() * 1000)
        pace_words = f"{amounts.count(round(used.tokens_per_minute))} tokens a minute"
        sum_words = f"{amounts.count(used.projected_tokens)} tokens"
        if used.usd_per_hour is not None:
            pace_words += f" and {amounts.money(used.usd_per_hour)} an hour"
            sum_words += f" and {amounts.money(used.projected_usd)}"
        yield f"Active block: {left} left. At {pace_words} it comes to {sum_words}."
    if any(isinstance(row.key, Block) and not row.key.measured for row in report.rows):
        yield (
            "measured: an answer states when the window is reset. from first use: none does, so it is assumed to begin "
            "at the full hour of its first request."
        )
