"""Asks which requests to write into a file, in which form, and where the file goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from candela_tui.export.csv_table import default_file_name
from candela_tui.ui.dialogs.choose import Option
from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.plain import plain
from candela_tui.ui.rows.row_list import RowList

Which = Literal["all", "session", "shown", "marked"]
_LABELS: dict[Which, str] = {
    "all": "all sessions",
    "session": "the session",
    "shown": "what is shown",
    "marked": "what is marked",
}
_FORMS: tuple[Literal["csv", "json"], ...] = ("csv", "json")


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written, and how."""

    which: Which
    form: Literal["csv", "json"]
    session_id: str | None

    @property
    def file_name(self) -> str:
        """Its usual name."""
        stem = "candela-all" if self.which == "all" else Path(default_file_name(self.session_id)).stem
        return f"{stem if self.whole else f'{stem}-{self.which}'}.{self.form}"

    @property
    def whole(self) -> bool:
        """Whether it has what only the store knows, too."""
        return self.which in ("all", "session")


@dataclass(frozen=True, slots=True)
class Destination:
    """What to write, and where."""

    export: Export
    path: Path | None
    """None: a new file of the usual name in the current directory."""
    replace: bool = False


class ExportDialog(Dialog[Destination]):
    """Answers with a destination. A file that exists is replaced only after its user said so."""

    DEFAULT_CSS = """
    ExportDialog {
        RowList { background: $surface; }
        #place { height: 1; margin: 1 0 0 0; }
        #place OneLine { width: 5; }
        #path { width: 1fr; background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other_field", "File", tooltip="Change the file's name or place", id="export.file"),
    ]

    def __init__(self, session_id: str | None, notes: Mapping[Which, str]) -> None:
        super().__init__("Export", "a number or ⏎ · tab file · esc close")
        self._exports = [Export(which, form, session_id) for form in _FORMS for which in notes]
        self._notes = notes
        self._rows = RowList()
        self._path = Input(compact=True, select_on_focus=False, id="path")
        self._said = OneLine()
        self._usual = ""
        """The name that stands in the field while its user typed none."""
        self._asked: Path | None = None
        """The file that the user was asked about."""

    def contents(self) -> ComposeResult:
        """What can be written, the file, and what there is to say about it."""
        self._rows.styles.height = len(self._exports)
        self._rows.styles.max_height = "60%"
        yield self._rows
        with Horizontal(id="place"):
            yield OneLine(((" to", "dim"),))
            yield self._path
        yield self._said

    def on_mount(self) -> None:
        """Show the options."""
        self._rows.show_rows(
            Option(export, str(number), f"{_LABELS[export.which]} as {export.form.upper()}", self._notes[export.which])
            for number, export in enumerate(self._exports, 1)
        )
        self._rows.focus()
        self._name_file()

    def _name_file(self) -> None:
        if self._path.value == self._usual:
            self._usual = self._path.value = self._export.file_name
            self._path.cursor_position = len(self._usual)

    @property
    def _export(self) -> Export:
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
        """Choose by number at once."""
        for number, export in enumerate(self._exports, 1):
            if self._rows.has_focus and event.character == str(number):
                event.stop()
                self._rows.move_to(export)
                self._name_file()
                self._answer()

    def action_other_field(self) -> None:
        """Go to the file's name, or back to the list."""
        (self._path if self._rows.has_focus else self._rows).focus()

    def _answer(self) -> None:
        typed = self._path.value.strip()
        if typed in ("", self._usual):
            self.dismiss(Destination(self._export, None))
            return
        path = Path(typed).expanduser()
        if path.is_dir():
            path /= self._export.file_name
        if not path.parent.is_dir():
            self._say(f"There is no directory {path.parent}.")
        elif path.exists() and self._asked != path:
            self._asked = path
            self._say(f"{path.name} exists. Press ⏎ again to replace it.")
        else:
            self.dismiss(Destination(self._export, path, replace=self._asked == path))

    def _say(self, text: str) -> None:
        self._said.pieces = ((f" {plain(text)}", "warn"),)
