"""A usage report as bars of text: the cost of each row, by its parts."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from rich.cells import cell_len

from candela_tui.analysis.labels import PART_NAMES, PART_SIGNS
from candela_tui.analysis.timeline import Part
from candela_tui.ledger.totals import Totals
from candela_tui.ledger.usage_report import Key, UsageBy, period_of
from candela_tui.reports.usage.columns import GAP, cost_of, label_of
from candela_tui.reports.usage.reading import FinishedReport
from candela_tui.text.cells import fitted

_WIDTH = 100
"""Cells of a plot that goes to a file or a pipe."""
_LONGEST_LABEL = 32
_LEAST_BAR = 10
_LONGEST_GAP = 6
"""Periods without requests that are drawn as empty lines; more of them are one line."""


def plot_lines(report: FinishedReport, width: int | None) -> Iterator[str]:
    """Yield a legend and a bar for each row."""
    rows = [(row.key, label_of(report, row), row.sums.totals()) for row in report.rows]
    if not rows:
        return
    label_room = min(_LONGEST_LABEL, max(cell_len(label) for _, label, _ in rows))
    cost_room = max(cell_len(cost_of(totals)) for _, _, totals in rows)
    room = max(_LEAST_BAR, (width or _WIDTH) - label_room - cost_room - 2 * GAP)
    highest = max(totals.cost_usd for _, _, totals in rows)
    yield _legend([totals for _, _, totals in rows])
    before: Key = None
    for key, label, totals in rows:
        yield from _gap(before, key, report.wanted.by)
        before = key
        bar = bar_of(totals, highest, room)
        cells = (fitted(label, label_room), fitted(bar, room), fitted(cost_of(totals), cost_room, right=True))
        yield (" " * GAP).join(cells)


def usd_by_part(totals: Totals) -> list[Decimal]:
    """Return the cost of each part, in the order of ``Part``."""
    return [
        totals.cache_read_usd,
        totals.cache_write_usd,
        totals.input_usd,
        totals.output_usd,
        totals.web_searches_usd,
    ]


def bar_of(totals: Totals, highest: Decimal, room: int) -> str:
    """Return a bar as long as the cost is of the highest, one sign for each part. What costs something has a cell."""
    if not highest or not totals.cost_usd:
        return ""
    cells, bar, so_far = max(1, round(totals.cost_usd / highest * room)), "", Decimal(0)
    for part, usd in zip(Part, usd_by_part(totals), strict=True):
        so_far += usd
        bar += PART_SIGNS[part] * (round(so_far / totals.cost_usd * cells) - len(bar))
    return bar


def _legend(rows: list[Totals]) -> str:
    there = [part for part in Part if any(usd_by_part(totals)[part] for totals in rows)]
    return "cost   " + "   ".join(f"{PART_SIGNS[part]} {PART_NAMES[part]}" for part in there)


def _gap(before: Key, key: Key, by: UsageBy) -> Iterator[str]:
    """Yield lines for the periods without requests between two rows."""
    if not isinstance(before, date) or not isinstance(key, date):
        return
    missing = []
    day = _next(before, by)
    while day < key:
        missing.append(day)
        day = _next(day, by)
    if len(missing) > _LONGEST_GAP:
        unit = {UsageBy.DAILY: "days", UsageBy.WEEKLY: "weeks"}.get(by, "months")
        yield f"┊ {len(missing)} {unit} without requests"
    else:
        yield from (f"{day:%Y-%m}" if by is UsageBy.MONTHLY else day.isoformat() for day in missing)


def _next(day: date, by: UsageBy) -> date:
    """Return the first day of the next period."""
    lengths = {UsageBy.DAILY: 1, UsageBy.WEEKLY: 7}
    return period_of(day + timedelta(days=lengths.get(by, 31)), by)
