"""The lines of a usage report as rows of a list."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from candela_tui.ledger.usage_report import UsageBy
from candela_tui.reports.usage.columns import (
    GAP,
    Column,
    Fitted,
    ReportLine,
    columns_of,
    fit,
    model_lines,
    row_line,
    total_line,
)
from candela_tui.reports.usage.reading import FinishedReport
from candela_tui.text.cells import fitted
from candela_tui.text.times import Clock
from candela_tui.ui.style.styled_text import Line

_STYLES = {"COST": "bright", "WHAT IF": "accent", "CHANGE": "accent", "SAVED": "good"}
_MARGIN = 1


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A row of the report, or one model of it."""

    key: Hashable
    pieces: Line
    height: int = 1
    moving: bool = False

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the row."""
        return self.pieces


@dataclass(frozen=True, slots=True)
class UsageTable:
    """The rows of a report in columns of one width."""

    heads: Line
    rows: Sequence[UsageRow]
    total: Line
    left_out: int
    """The number of columns that did not fit."""


def usage_table(report: FinishedReport, width: int, *, breakdown: bool) -> UsageTable:
    """Return the rows of a report, in the columns that fit into a width."""
    clock = report.wanted.clock
    keyed = list(_keyed_lines(report, breakdown=breakdown))
    total = total_line(report)
    columns = fit(
        columns_of(report, breakdown=breakdown), [*(line for _, line in keyed), total], clock, width - 2 * _MARGIN
    )
    heads = (
        (fitted(column.head, room, right=column.right), "dim")
        for column, room in zip(columns.columns, columns.widths, strict=True)
    )
    return UsageTable(
        _spaced(heads),
        [UsageRow(key, _pieces(line, columns, clock, of_model=isinstance(key, tuple))) for key, line in keyed],
        _pieces(total, columns, clock, of_model=False),
        columns.left_out,
    )


def _keyed_lines(report: FinishedReport, *, breakdown: bool) -> Iterator[tuple[Hashable, ReportLine]]:
    for place, row in enumerate(report.rows):
        yield place, row_line(report, row)
        if breakdown and report.wanted.by is not UsageBy.MODEL:
            yield from (((place, number), line) for number, line in enumerate(model_lines(row)))


def _pieces(line: ReportLine, columns: Fitted, clock: Clock, *, of_model: bool) -> Line:
    return _spaced(
        (fitted(column.cell(line, clock), room, right=column.right), _style(column, place, of_model=of_model))
        for place, (column, room) in enumerate(zip(columns.columns, columns.widths, strict=True))
    )


def _style(column: Column, place: int, *, of_model: bool) -> str:
    if of_model:
        return "dim"
    return _STYLES.get(column.head, "text" if place == 0 else "dim")


def _spaced(cells: Iterator[tuple[str, str]]) -> Line:
    pieces = [(" " * _MARGIN, "text")]
    for cell in cells:
        pieces += [cell, (" " * GAP, "text")]
    return tuple(pieces[:-1])
