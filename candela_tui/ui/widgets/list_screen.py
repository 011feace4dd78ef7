"""A screen with a list above what is known of the selected row, both read again every second."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from textual import on
from textual.app import ComposeResult

from candela_tui.text.wrap import wrapped
from candela_tui.ui.deferred import deferred
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList
from candela_tui.ui.widgets.rows.row_stack import Row
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_READ_EVERY_S = 1.0
_LEAST_WIDTH = 20

Read = TypeVar("Read")


@runtime_checkable
class _Described(Protocol):
    def about(self, width: int) -> Sequence[Line]: ...


class ListScreen(Closable[None], Generic[Read]):
    """Shows rows, each of which may have an ``about(width)`` with the lines of its description.

    A screen of this kind says what it reads (``_look``), and which rows that makes (``_show``).
    """

    DEFAULT_CSS = """
    ListScreen {
        background: $background;

        #title { padding: 0 1; background: $surface; }
        RowList { height: 1fr; }
        #about { height: 6; padding: 0 1; border-top: solid $border-idle; }
    }
    """
    HEADING: ClassVar[str]

    def __init__(self, rows: RowList, nothing: Read) -> None:
        """``nothing`` is what is shown until something was read."""
        super().__init__()
        self._shown = nothing
        self._reading = False
        self._title = OneLine(((self.HEADING, "heading"),), id="title")
        self._rows = rows
        self._about = TextView(id="about")
        self._about.can_focus = False

    def compose(self) -> ComposeResult:
        """Lay out the title, the rows, what is known of one, and the footer."""
        yield self._title
        yield self._rows
        yield self._about
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read what is shown, and keep reading it."""
        self._rows.focus()
        self._read()
        self.set_interval(_READ_EVERY_S, self._read)

    def _read(self) -> None:
        if not self._reading:
            self._reading = True
            self.run_worker(deferred(self._show_what_is_read), group="read")

    async def _show_what_is_read(self) -> None:
        try:
            self._shown = await asyncio.to_thread(self._look)
        finally:
            self._reading = False
        self._show()

    def _look(self) -> Read:
        """Read what is to be shown. Called in a thread."""
        raise NotImplementedError

    def _show(self) -> None:
        """Show what was read, with ``_show_rows``."""
        raise NotImplementedError

    @property
    def _when_empty(self) -> str:
        """What to say while there are no rows."""
        raise NotImplementedError

    @property
    def _trouble(self) -> str:
        """What is wrong, or an empty text."""
        raise NotImplementedError

    def _show_rows(self, rows: Sequence[Row], beside: str) -> None:
        """Show the rows; ``beside`` is written beside the heading."""
        self._rows.show_rows(rows)
        self._rows.say_when_empty((((f" {self._when_empty}", "dim"),),))
        self._title.pieces = ((f"{self.HEADING} ", "heading"), (beside, "dim"))
        self._show_about()

    @on(TextView.Resized)
    @on(RowList.Moved)
    def _show_about(self) -> None:
        row, width = self._selected, max(_LEAST_WIDTH, self._about.text_width)
        said = self._trouble.splitlines()
        troubles: list[Line] = [((part, "warn"),) for line in said for part in wrapped(f"⚠ {line}", width)]
        self._about.show_lines(WrittenLines([*troubles, *(row.about(width) if isinstance(row, _Described) else ())]))
        self.refresh_bindings()

    @property
    def _selected(self) -> Row | None:
        """The row with the cursor."""
        return self._rows.row(self._rows.cursor_key) if self._rows.rows else None

    def _act(self, act: Callable[[], Any]) -> None:
        """Change something in a thread, and read again."""
        self.run_worker(deferred(self._done, act), group="act")

    async def _done(self, act: Callable[[], Any]) -> None:
        """Make the change, and show what comes of it."""
        raise NotImplementedError

    def action_back(self) -> None:
        """Close the screen."""
        self.dismiss()
