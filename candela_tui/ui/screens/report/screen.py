"""The screen of usage reports: sums by day, session, model and so on."""

import asyncio
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType

from candela_tui.analysis.filter import parse_beginning
from candela_tui.config import ConfigError
from candela_tui.files import write_new
from candela_tui.ledger.usage_report import IN_TIME, OF_KEYS, UsageBy
from candela_tui.ledger.what_if import WhatIf
from candela_tui.reports.usage.arithmetic import arithmetic_lines
from candela_tui.reports.usage.files import FORMS, file_text
from candela_tui.reports.usage.plot import bars_of
from candela_tui.reports.usage.reading import FinishedReport, Selected, Wanted, read_report
from candela_tui.reports.usage.table import notes
from candela_tui.store.errors import StoreError
from candela_tui.text.times import moment_of
from candela_tui.text.wrap import broken
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.screens.report.chart import ReportChart
from candela_tui.ui.screens.report.rows import usage_table
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList
from candela_tui.ui.widgets.tab_bar import TabBar, TabName
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_REPORTS = tuple(by for by in UsageBy if by not in OF_KEYS)
"""Each has a digit. Who has keys of candela's own has `candela report`."""
_SPANS = ("today", "7d", "30d", "90d")
_ALL_TIME = "all"
_HIGH_ENOUGH = 30
"""Lines of a terminal from which there is room for the chart beside a table worth reading."""
_MOST_NOTES = 6
_MOST_ARITHMETIC = 16
_OTHER_MODELS = 6
"""How many of the models of a report the dialog offers."""


class ReportRows(RowList):
    """The rows of a report."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "report.breakdown",
            "enter,b",
            "open",
            "Models",
            "List models, and the parts of the cost",
            shown_as="⏎",
            footer=True,
        ),
    ]


class ReportScreen(Closable[None]):
    """Show a usage report, with a chart. It is read from the store in a thread, and again on request."""

    DEFAULT_CSS = """
    ReportScreen {
        background: $background;

        #title { padding: 0 1; background: $panel; }
        #heads { background: $surface; }
        #total { background: $surface; }
        #report-rows { height: 1fr; }
        #notes { height: auto; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("report.back", "escape,q", "back", "Back", "Close the report", footer=True),
        bind("report.next", "right_square_bracket", "step(1)", "Reports", "Next report", shown_as="] [", footer=True),
        bind("report.previous", "left_square_bracket", "step(-1)", "Previous report"),
        bind("report.span", "t", "span", "Time span", "Choose which time span counts", footer=True),
        bind("report.plot", "p", "plot", "Plot", "Show or hide the chart", footer=True),
        bind("report.what_if", "w", "what_if", "What if", "See what it would have cost otherwise", footer=True),
        bind("report.export", "e", "export", "Export", "Write the report to a CSV or JSON file", footer=True),
        bind("report.read_again", "r", "read_again", "Read again", "Read the report again", footer=True),
        *(
            bind(
                f"report.{by.value}",
                str(number),
                f"show({number - 1})",
                f"Report: {by.value}",
                f"Show the {by.value} report",
            )
            for number, by in enumerate(_REPORTS, 1)
        ),
    ]

    def __init__(self, sources: DataSources, filter_text: str = "") -> None:
        """``filter_text`` is the filter that requests must match; empty: all count."""
        super().__init__()
        self._sources = sources
        self._wanted = Wanted(UsageBy.DAILY, sources.clock, filter=parse_beginning(filter_text))
        self._span = _ALL_TIME
        self._report: FinishedReport | None = None
        self._reading = False
        self._left_for_good = False
        self._trouble = ""
        self._breakdown = False
        self._plotted: bool | None = None
        """Whether the user wants the chart; None: if there is room."""
        self._title = OneLine(id="title")
        self._tabs = TabBar([TabName(str(number), by.value.capitalize()) for number, by in enumerate(_REPORTS, 1)])
        self._chart = ReportChart()
        self._heads = OneLine(id="heads")
        self._rows = ReportRows(id="report-rows")
        self._total = OneLine(id="total")
        self._notes = TextView(id="notes")

    def compose(self) -> ComposeResult:
        """Lay out the title, the reports, the chart, the table, what is to be said about it, and the footer."""
        yield self._title
        yield self._tabs
        yield self._chart
        yield self._heads
        yield self._rows
        yield self._total
        yield self._notes
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the report."""
        self._rows.focus()
        self._read()

    def on_unmount(self) -> None:
        """Stop reading."""
        self._left_for_good = True

    def on_resize(self, event: events.Resize) -> None:
        """Fit the table into the new size."""
        self._show()

    def _read(self) -> None:
        self._reading = True
        self._show_title()
        self.run_worker(deferred(self._read_in_thread, self._wanted), group="report", exclusive=True)

    async def _read_in_thread(self, wanted: Wanted) -> None:
        self._trouble = ""

        def while_wanted(sessions: Iterable[Selected]) -> Iterator[Selected]:
            for selected in sessions:
                if self._left_for_good or self._wanted is not wanted:
                    return
                yield selected

        try:
            report = await asyncio.to_thread(
                read_report, self._sources.history, wanted, self._sources.pricer, while_wanted
            )
        except (StoreError, ConfigError) as error:
            report = None
            self._trouble = str(error)
        self._reading = False
        self._report = report
        self._show(reset=True)

    def _show(self, *, reset: bool = False) -> None:
        self._show_title()
        self._tabs.activate(_REPORTS.index(self._wanted.by))
        report, width = self._report, self._rows.scrollable_content_region.width
        if not width:
            return
        if report is None or not report.rows:
            self._heads.pieces = self._total.pieces = ()
            self._chart.display = False
            self._rows.show_rows((), reset=True)
            self._rows.say_when_empty(((), ((self._when_empty, "bad" if self._trouble else "dim"),)))
            self._show_notes(())
            return
        table = usage_table(report, width, breakdown=self._breakdown)
        self._heads.pieces, self._total.pieces = table.heads, table.total
        self._rows.show_rows(table.rows, reset=reset)
        if reset and report.wanted.by in IN_TIME:
            self._rows.move_to(len(report.rows) - 1)
        self._chart.display = self.size.height >= _HIGH_ENOUGH if self._plotted is None else self._plotted
        self._chart.show(bars_of(report))
        self._chart.mark(self._row_place)
        self._show_notes(self._notes_of(report, table.left_out))

    @property
    def _when_empty(self) -> str:
        if self._trouble:
            return f" {self._trouble}"
        return " Reading …" if self._reading else " No recorded request is in this time span, or matches the filter."

    def _show_title(self) -> None:
        wanted = self._wanted
        pieces: list[Piece] = [("Usage ", "heading"), (f"{wanted.by.value} · {_span_words(self._span)}", "text")]
        if wanted.filter:
            pieces.append((f" · filter {wanted.filter.text}", "accent"))
        if wanted.what_if is not None:
            pieces.append((f" · what if {wanted.what_if}", "accent"))
        if self._reading:
            pieces.append((" · reading …", "dim"))
        self._title.pieces = tuple(pieces)

    def _notes_of(self, report: FinishedReport, left_out: int) -> list[str]:
        said = list(notes(report))
        if left_out:
            said.append(f"{left_out} column{'s' if left_out > 1 else ''} left out: a wider terminal shows all.")
        compared = report.total.compared
        if report.wanted.what_if is not None and compared is not None:
            said = [*arithmetic_lines(report.wanted.what_if, compared), "", *said]
        return said

    def _show_notes(self, said: list[str] | tuple[()]) -> None:
        width = max(20, self.size.width - 4)
        lines: list[Line] = []
        for text in said:
            lines += [((text[start:stop], "dim"),) for start, stop in broken(text, width)] or [()]
        most = _MOST_ARITHMETIC if self._wanted.what_if is not None else _MOST_NOTES
        self._notes.styles.height = min(len(lines), most, max(1, self.size.height // 3))
        self._notes.display = bool(lines)
        self._notes.show_lines(WrittenLines(lines))

    @property
    def _row_place(self) -> Hashable:
        """The place of the row with the cursor; a model belongs to its row."""
        key = self._rows.cursor_key
        return key[0] if isinstance(key, tuple) else key

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._chart.mark(self._row_place)

    @on(ReportChart.Clicked)
    def _bar_clicked(self, event: ReportChart.Clicked) -> None:
        self._rows.move_to(event.key)

    @on(TabBar.TabSelected)
    def _tab_selected(self, event: TabBar.TabSelected) -> None:
        self.action_show(event.number)

    def action_show(self, number: int) -> None:
        """Show a report by its number."""
        self._change(replace(self._wanted, by=_REPORTS[number]))

    def action_step(self, step: int) -> None:
        """Show the next report, or the previous one."""
        self.action_show((_REPORTS.index(self._wanted.by) + step) % len(_REPORTS))

    def _change(self, wanted: Wanted) -> None:
        if wanted != self._wanted:
            self._wanted = wanted
            self._tabs.activate(_REPORTS.index(wanted.by))
            self._read()

    @on(RowList.Opened)
    def _opened(self) -> None:
        """List the models of each row, or only the rows."""
        self._breakdown = not self._breakdown
        self._show()

    def action_plot(self) -> None:
        """Show or hide the chart."""
        self._plotted = not self._chart.display
        self._show()

    def action_read_again(self) -> None:
        """Read the report again."""
        self._wanted = replace(self._wanted, since=self._since())
        self._read()

    def action_span(self) -> None:
        """Choose a time span."""
        spans = (_ALL_TIME, *_SPANS)
        options = [Option(span, str(number), _span_words(span)) for number, span in enumerate(spans, 1)]

        def chosen(span: Hashable | None) -> None:
            if isinstance(span, str):
                self._span = span
                self._change(replace(self._wanted, since=self._since()))

        self.app.push_screen(ChooseDialog("Time span", options), chosen)

    def _since(self) -> datetime | None:
        return None if self._span == _ALL_TIME else moment_of(self._span, self._sources.clock)

    def action_what_if(self) -> None:
        """Choose what would have been different."""
        texts = ["no-cache", "ttl=1h", "ttl=5m", *(f"model={model}" for model in self._models())]
        options = [
            Option("", "0", "nothing: the recorded cost"),
            *(Option(text, str(number), text) for number, text in enumerate(texts, 1)),
        ]

        def chosen(text: Hashable | None) -> None:
            if isinstance(text, str):
                self._change(replace(self._wanted, what_if=WhatIf.parse(text) if text else None))

        self.app.push_screen(ChooseDialog("What would it have cost with", options), chosen)

    def _models(self) -> list[str]:
        if self._report is None:
            return []
        known = [model for model, totals in self._report.total.sums.models() if model is not None and totals.priced]
        return known[:_OTHER_MODELS]

    def action_export(self) -> None:
        """Choose a format, and write the report to a new file in the current directory."""
        report = self._report
        if report is None:
            return
        options = [Option(form, str(number), form.upper()) for number, form in enumerate(FORMS, 1)]

        def chosen(form: Hashable | None) -> None:
            if isinstance(form, str):
                self.run_worker(deferred(self._write, report, form), group="export")

        self.app.push_screen(ChooseDialog("Export the report as", options), chosen)

    async def _write(self, report: FinishedReport, form: str) -> None:
        name = f"candela-report-{report.wanted.by}"
        try:
            path = await asyncio.to_thread(_write_file, report, name, form)
        except OSError as error:
            self.notify(f"The report could not be written: {error.strerror or error}", severity="error")
        else:
            self.notify(f"The report is in {path}")

    def action_back(self) -> None:
        """Close the screen."""
        self.dismiss()


def _write_file(report: FinishedReport, name: str, form: str) -> Path:
    return write_new(Path.cwd(), name, f".{form}", file_text(report, form))


def _span_words(span: str) -> str:
    words = {_ALL_TIME: "all time", "today": "today", "7d": "the last 7 days", "30d": "the last 30 days"}
    return words.get(span, "the last 90 days")
