"""A list of keys of config.toml above what the selected one means, with a line in which its value is edited."""

import textwrap
from typing import Protocol, runtime_checkable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_LEAST_WIDTH = 20


@runtime_checkable
class _Described(Protocol):
    def about(self, width: int) -> list[Line]: ...


class KeyEditor(Vertical):
    """Shows the rows of a list, each of which has an ``about(width)`` with the lines of its description.

    The screen around it shows the rows, and opens the line for the one that the user wants to change.
    """

    DEFAULT_CSS = """
    KeyEditor {
        height: 1fr;

        RowList {
            height: 1fr;
        }

        #about {
            height: 6;
            padding: 0 1;
            border-top: solid $border-idle;
        }

        #editor {
            display: none;
            height: 1;
            padding: 0 1;
            background: $panel;
        }

        &.-editing #editor {
            display: block;
        }

        #value {
            width: 1fr;
            background: $panel;
        }
    }
    """

    def __init__(self, rows: RowList) -> None:
        super().__init__()
        self._rows = rows
        self._about = TextView(id="about")
        self._about.can_focus = False
        self._label = OneLine(id="label")
        self._input = Input(id="value", compact=True)
        self._trouble = ""

    def compose(self) -> ComposeResult:
        """Lay out the list, the description of one key and the line for its value."""
        yield self._rows
        yield self._about
        with Horizontal(id="editor"):
            yield self._label
            yield self._input

    @property
    def editing(self) -> bool:
        """Whether the line for a value is open."""
        return self.has_class("-editing")

    def edit(self, name: str, text: str) -> None:
        """Open the line for the value of a key, with its text so far. ``Input.Submitted`` follows."""
        self._label.pieces = ((f"{name} = ", "accent"),)
        self._label.styles.width = len(name) + 3
        self._input.value = text
        self.add_class("-editing")
        self._input.focus()

    def close(self) -> None:
        """Close the line for a value, if it is open."""
        if self.editing:
            self.remove_class("-editing")
            self._rows.focus()

    def tell(self, trouble: str = "") -> None:
        """Show why a value was not taken, above the description. An empty text: nothing is wrong."""
        self._trouble = trouble
        self.show_about()

    def show_about(self) -> None:
        """Show what the selected key means."""
        row = self._rows.row(self._rows.cursor_key) if self._rows.rows else None
        width = max(_LEAST_WIDTH, self._about.text_width)
        troubles = [part for line in self._trouble.splitlines() for part in textwrap.wrap(line, width)]
        lines: list[Line] = [((trouble, "bad"),) for trouble in troubles]
        self._about.show_lines(WrittenLines([*lines, *(row.about(width) if isinstance(row, _Described) else ())]))

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        if event.by_hand:
            self.close()
            self._trouble = ""
        self.show_about()

    @on(TextView.Resized)
    def _resized(self) -> None:
        self.show_about()
