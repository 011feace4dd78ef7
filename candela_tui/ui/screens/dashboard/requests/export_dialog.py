"""The dialog that asks which requests to export, in which format, and where."""

import asyncio
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.preview import first_lines
from candela_tui.reports.report import Export, Report, file_stem
from candela_tui.reports.sharing.redacted import Redaction
from candela_tui.reports.usage.exported import By
from candela_tui.store.errors import StoreError
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dialogs.choose import Option
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList

Which = Literal["all", "session", "shown", "marked"]
_LABELS: dict[Which, str] = {
    "all": "all sessions",
    "session": "the session",
    "shown": "the requests shown",
    "marked": "the marked requests",
}


_BY_LABELS: dict[By | None, str] = {
    None: "one for each request",
    **{by: f"one for each {by}" for by in By},
}
_REDACTION_LABELS: dict[Redaction | None, str] = {
    None: "nothing",
    Redaction.PRIVATE: "secrets, paths and e-mail addresses",
    Redaction.BODIES: "bodies, secrets, paths and e-mail addresses",
}
_PREVIEW_LINES, _PREVIEW_WIDTH = 3, 68


@dataclass(frozen=True, slots=True)
class ExportOption:
    """Which requests to write, and how."""

    which: Which
    report: Report
    session_id: str | None
    by: By | None = None
    """What a row of a table sums up; None: nothing."""
    redaction: Redaction | None = None

    @property
    def file_name(self) -> str:
        """The default file name."""
        stem = "candela-all" if self.which == "all" else file_stem(self.session_id)
        stem = stem if self.whole else f"{stem}-{self.which}"
        summed = f"-by-{self.by}" if self.by is not None and self.report.is_table else ""
        return f"{stem}{summed}{self.report.suffix}"

    @property
    def whole(self) -> bool:
        """Whether requests that are only in the store are included."""
        return self.which in ("all", "session")


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """What to write, and where."""

    export: ExportOption
    path: Path | None
    """None: a new file of the default name in the current directory."""
    replace: bool = False


class ExportDialog(Dialog[ExportTarget]):
    """Ask for an export target. An existing file is replaced only after confirmation."""

    DEFAULT_CSS = """
    ExportDialog {
        RowList { background: $surface; margin: 1 0 0 0; }
        #place { height: 1; margin: 1 0 0 0; }
        #place OneLine { width: 5; }
        #path { width: 1fr; background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "export.which",
            "w",
            "which",
            "Which",
            "Export the marked requests, those shown, or all",
            footer=True,
        ),
        bind("export.by", "b", "by", "Rows", "Choose what a row of a table sums up", footer=True),
        bind("export.redact", "r", "redact", "Redact", "Choose what is removed from the file", footer=True),
        bind("export.file", "tab,shift+tab", "other_field", "File", "Change the file's name or directory", footer=True),
    ]

    def __init__(
        self, session_id: str | None, notes: Mapping[Which, str], sample: Callable[[ExportOption], Export]
    ) -> None:
        """``notes`` says how many requests each set has. ``sample`` makes an export of a few requests to preview."""
        super().__init__("Export", "a number or ⏎ · tab file · esc close")
        self._session_id = session_id
        self._notes = notes
        self._sample = sample
        self._which = next(iter(notes))
        self._by: By | None = None
        self._redaction: Redaction | None = None
        self._choices = tuple(OneLine() for _ in range(3))
        self._rows = RowList()
        self._path = Input(compact=True, select_on_focus=False, id="path")
        self._said = OneLine()
        self._preview = tuple(OneLine() for _ in range(_PREVIEW_LINES))
        self._usual = ""
        """The file name in the field as long as the user typed none."""
        self._asked: Path | None = None
        """The existing file that the user was asked about."""

    def contents(self) -> ComposeResult:
        """Lay out what was chosen, the formats, the file name, a line for messages and a preview."""
        self._rows.styles.height = len(REPORTS)
        yield from self._choices
        yield self._rows
        with Horizontal(id="place"):
            yield OneLine(((" to", "dim"),))
            yield self._path
        yield self._said
        yield from self._preview

    def on_mount(self) -> None:
        """Show the formats."""
        self._rows.show_rows(
            Option(report.name, str(number), report.title, report.about)
            for number, report in enumerate(REPORTS.values(), 1)
        )
        self._rows.focus()
        self._update()

    def _update(self) -> None:
        """Show what was chosen, the usual name of the file, and how it begins."""
        export = self._export
        by = _BY_LABELS[self._by] if export.report.is_table else "only in tables"
        for line, (key, name, value) in zip(
            self._choices,
            (
                ("w", "Export", f"{_LABELS[self._which]}, {self._notes[self._which]}"),
                ("b", "Rows", by),
                ("r", "Redact", _REDACTION_LABELS[self._redaction]),
            ),
            strict=True,
        ):
            line.pieces = ((f" {key}  ", "accent"), (f"{name:<9}", "dim"), (value, "text"))
        self._name_file()
        self.run_worker(self._show_preview(export), group="preview", exclusive=True)

    async def _show_preview(self, export: ExportOption) -> None:
        lines = await asyncio.to_thread(_previewed, export, self._sample)
        for number, line in enumerate(self._preview):
            line.pieces = ((f" {lines[number]}" if number < len(lines) else "", "dim"),)

    def _name_file(self) -> None:
        if self._path.value == self._usual:
            self._usual = self._path.value = self._export.file_name
            self._path.cursor_position = len(self._usual)

    @property
    def _export(self) -> ExportOption:
        report = tuple(REPORTS.values())[self._rows.cursor]
        return ExportOption(self._which, report, self._session_id, self._by, self._redaction)

    def action_which(self) -> None:
        """Choose the next set of requests."""
        self._which = _next(tuple(self._notes), self._which)
        self._update()

    def action_by(self) -> None:
        """Choose the next that a row of a table sums up."""
        self._by = _next(tuple(_BY_LABELS), self._by)
        self._update()

    def action_redact(self) -> None:
        """Choose the next that is removed."""
        self._redaction = _next(tuple(_REDACTION_LABELS), self._redaction)
        self._update()

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self._update()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._asked = None
        self._said.pieces = ()

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        self._answer()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._answer()

    def on_key(self, event: events.Key) -> None:
        """Choose an option by its number."""
        for number, name in enumerate(REPORTS, 1):
            if self._rows.has_focus and event.character == str(number):
                event.stop()
                self._rows.move_to(name)
                self._update()
                self._answer()

    def action_other_field(self) -> None:
        """Move between the file name and the list."""
        (self._path if self._rows.has_focus else self._rows).focus()

    def _answer(self) -> None:
        missing = self._export.report.missing()
        if missing is not None:
            self._say(missing)
            return
        typed = self._path.value.strip()
        if typed in ("", self._usual):
            self.dismiss(ExportTarget(self._export, None))
            return
        path = Path(typed).expanduser()
        if path.is_dir():
            path /= self._export.file_name
        if not path.parent.is_dir():
            self._say(f"The directory {path.parent} does not exist.")
        elif path.exists() and self._asked != path:
            self._asked = path
            self._say(f"{path.name} already exists. Press ⏎ again to replace it.")
        else:
            self.dismiss(ExportTarget(self._export, path, replace=self._asked == path))

    def _say(self, text: str) -> None:
        self._said.pieces = ((f" {terminal_safe(text)}", "warn"),)


_T = TypeVar("_T")


def _next(values: Sequence[_T], value: _T) -> _T:
    return values[(values.index(value) + 1) % len(values)]


def _previewed(option: ExportOption, sample: Callable[[ExportOption], Export]) -> list[str]:
    """Return the columns of a table, or how a document begins; blocks."""
    export = sample(option)
    if option.report.is_table:
        names = ", ".join(column.name for column in export.table.columns)
        return textwrap.wrap(f"Columns: {names}", _PREVIEW_WIDTH, max_lines=_PREVIEW_LINES, placeholder=" …")
    try:
        return [terminal_safe(line) for line in first_lines(option.report.pieces(export), _PREVIEW_LINES)]
    except StoreError as error:
        return [terminal_safe(str(error))]
