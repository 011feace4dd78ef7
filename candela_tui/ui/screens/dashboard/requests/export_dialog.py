"""The dialog that asks which requests to export, in which format, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.report import Report, file_stem
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


@dataclass(frozen=True, slots=True)
class ExportOption:
    """Which requests to write, and how."""

    which: Which
    report: Report
    session_id: str | None

    @property
    def file_name(self) -> str:
        """The default file name."""
        stem = "candela-all" if self.which == "all" else file_stem(self.session_id)
        return f"{stem if self.whole else f'{stem}-{self.which}'}{self.report.suffix}"

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
        RowList { background: $surface; }
        #place { height: 1; margin: 1 0 0 0; }
        #place OneLine { width: 5; }
        #path { width: 1fr; background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("export.file", "tab,shift+tab", "other_field", "File", "Change the file's name or directory", footer=True),
    ]

    def __init__(self, session_id: str | None, notes: Mapping[Which, str]) -> None:
        super().__init__("Export", "a number or ⏎ · tab file · esc close")
        self._exports = [ExportOption(which, report, session_id) for report in REPORTS.values() for which in notes]
        self._notes = notes
        self._rows = RowList()
        self._path = Input(compact=True, select_on_focus=False, id="path")
        self._said = OneLine()
        self._usual = ""
        """The file name in the field as long as the user typed none."""
        self._asked: Path | None = None
        """The existing file that the user was asked about."""

    def contents(self) -> ComposeResult:
        """Lay out the options, the file name and a line for messages."""
        self._rows.styles.height = len(self._exports)
        self._rows.styles.max_height = "60vh"
        yield self._rows
        with Horizontal(id="place"):
            yield OneLine(((" to", "dim"),))
            yield self._path
        yield self._said

    def on_mount(self) -> None:
        """Show the options."""
        self._rows.show_rows(
            Option(export, str(number), f"{_LABELS[export.which]} as {export.report.title}", self._notes[export.which])
            for number, export in enumerate(self._exports, 1)
        )
        self._rows.focus()
        self._name_file()

    def _name_file(self) -> None:
        if self._path.value == self._usual:
            self._usual = self._path.value = self._export.file_name
            self._path.cursor_position = len(self._usual)

    @property
    def _export(self) -> ExportOption:
        return self._exports[self._rows.cursor]

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self._name_file()

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
        for number, export in enumerate(self._exports, 1):
            if self._rows.has_focus and event.character == str(number):
                event.stop()
                self._rows.move_to(export)
                self._name_file()
                self._answer()

    def action_other_field(self) -> None:
        """Move between the file name and the list."""
        (self._path if self._rows.has_focus else self._rows).focus()

    def _answer(self) -> None:
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
