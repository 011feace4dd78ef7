"""A usage report as bars: the cost of each row, by its parts. Here as text; the dashboard draws the same bars."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from rich.cells import cell_len

from candela_tui.analysis.labels import PART_NAMES, PART_SIGNS
from candela_tui.analysis.timeline import Bucket, Part
from candela_tui.ledger.totals import Totals
from candela_tui.ledger.usage_report import Key, UsageBy, period_of
from candela_tui.reports.usage.columns import GAP, cost_of, label_of
from candela_tui.reports.usage.reading import FinishedReport
from candela_tui.reports.usage.records import day_text
from candela_tui.text.cells import fitted

_WIDTH = 100
"""Cells of a plot that goes to a file or a pipe."""
_LONGEST_LABEL = 32
_LEAST_BAR = 10
_LONGEST_GAP = 31
"""Periods without requests that have empty bars; of more of them in a row, none has."""


class Bar(NamedTuple):
    """One bar of a plot; of a period without requests, the key is None."""

    key: int | None
    """The place of its row in the report."""
    label: str
    bucket: Bucket
    """Tokens and cost by part."""


def bars_of(report: FinishedReport) -> list[Bar]:
    """Return a bar for each row, and for the periods between two rows that have no requests, unless these are many."""
    found: list[Bar] = []
    before: Key = None
    for place, row in enumerate(report.rows):
        missing = _between(before, row.key, report.wanted.by)
        if len(missing) <= _LONGEST_GAP:
            found += (Bar(None, day_text(day, report.wanted.by), Bucket()) for day in missing)
        before = row.key
        found.append(Bar(place, label_of(report, row), _bucket(row.sums.totals())))
    return found


def plot_lines(report: FinishedReport, width: int | None) -> Iterator[str]:
    """Yield a legend and a bar for each row."""
    bars = bars_of(report)
    if not bars:
        return
    costs = {place: cost_of(row.sums.totals()) for place, row in enumerate(report.rows)}
    label_room = min(_LONGEST_LABEL, max(cell_len(bar.label) for bar in bars))
    cost_room = max(map(cell_len, costs.values()))
    room = max(_LEAST_BAR, (width or _WIDTH) - label_room - cost_room - 2 * GAP)
    highest = max(_usd(bar.bucket) for bar in bars)
    yield _legend(bars)
    for bar in bars:
        cost = costs[bar.key] if bar.key is not None else ""
        cells = (fitted(bar.label, label_room), fitted(_signs(bar.bucket, highest, room), room), f"{cost:>{cost_room}}")
        yield (" " * GAP).join(cells).rstrip()


def _bucket(totals: Totals) -> Bucket:
    written = totals.cache_write_tokens
    return Bucket(
        totals.requests,
        totals.priced,
        [totals.cache_read_tokens, written, totals.input_tokens, totals.output_tokens, 0],
        [
            totals.cache_read_usd,
            totals.cache_write_usd,
            totals.input_usd,
            totals.output_usd,
            totals.web_searches_usd,
        ],
    )


def _usd(bucket: Bucket) -> Decimal:
    return sum(bucket.usd, Decimal(0))


def _signs(bucket: Bucket, highest: Decimal, room: int) -> str:
    """Return a bar as long as the cost is of the highest, one sign for each part. What costs something has a cell."""
    whole = _usd(bucket)
    if not whole:
        return ""
    cells, signs, so_far = max(1, round(whole / highest * room)), "", Decimal(0)
    for part in Part:
        so_far += bucket.usd[part]
        signs += PART_SIGNS[part] * (round(so_far / whole * cells) - len(signs))
    return signs


def _legend(bars: Sequence[Bar]) -> str:
    there = [part for part in Part if any(bar.bucket.usd[part] for bar in bars)]
    return "cost   " + "   ".join(f"{PART_SIGNS[part]} {PART_NAMES[part]}" for part in there)


def _between(before: Key, key: Key, by: UsageBy) -> list[date]:
    """Return the first days of the periods between two."""
    missing: list[date] = []
    if isinstance(before, date) and isinstance(key, date):
        day = _next(before, by)
        while day < key:
            missing.append(day)
            day = _next(day, by)
    return missing


def _next(day: date, by: UsageBy) -> date:
    """Return the first day of the next period."""
    lengths = {UsageBy.DAILY: 1, UsageBy.WEEKLY: 7}
    return period_of(day + timedelta(days=lengths.get(by, 31)), by)
