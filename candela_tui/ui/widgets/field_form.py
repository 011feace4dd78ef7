"""A form: a screen with a row for each field, whose values are edited below them."""

from collections.abc import Sequence

from textual.app import ComposeResult

from candela_tui.text.cells import fitted
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.closable import Answer, Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.key_editor import KeyEditor
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList
from candela_tui.ui.widgets.rows.row_stack import Row

_LEAST_WIDTH = 8


def field_line(name: str, value: str, style: str, *, name_width: int, width: int) -> Line:
    """Return the line of a field with its value."""
    return (
        (f" {fitted(name, name_width)} ", "text"),
        (fitted(value, max(_LEAST_WIDTH, width - name_width - 2)), style),
    )


class FieldForm(Closable[Answer]):
    """Shows the fields. A form of this kind says which they are (``_field_rows``), and takes their values."""

    DEFAULT_CSS = """
    FieldForm {
        background: $background;

        #title { padding: 0 1; background: $surface; }
    }
    """

    def __init__(self, title: Line, rows: RowList) -> None:
        super().__init__()
        self._heading = title
        self._rows = rows
        self._editor = KeyEditor(rows)

    def compose(self) -> ComposeResult:
        """Lay out the title, the fields, the description of one, its editor and the footer."""
        yield OneLine(self._heading, id="title")
        yield self._editor
        yield KeyFooter()

    def on_mount(self) -> None:
        """Show the fields."""
        self._rows.focus()
        self._show()

    def _field_rows(self) -> Sequence[Row]:
        """Return the rows with their values so far."""
        raise NotImplementedError

    def _show(self) -> None:
        self._rows.show_rows(self._field_rows())
        self._editor.tell()

    @property
    def _selected(self) -> Row | None:
        """The row with the cursor."""
        return self._rows.row(self._rows.cursor_key) if self._rows.rows else None

    def action_back(self) -> None:
        """Close the editor, or the form without an answer."""
        if self._editor.editing:
            self._editor.close()
        else:
            self.dismiss()
