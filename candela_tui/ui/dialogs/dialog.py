"""What the dialogs share: a framed box of lines."""

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from candela_tui.ui.ink import Line
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """Shows lines; ``esc`` and ``q`` close it without an answer."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", show=False, tooltip="Back to where you were", id="dialogs.close")
    ]

    def __init__(self, title: str, lines: list[Line], hint: str, *, scrolls: bool = False) -> None:
        super().__init__()
        self._dialog_title = title
        self._lines = lines
        self._hint = hint
        self._scrolls = scrolls

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(id="dialog") as box:
            box.border_title = Content(self._dialog_title)
            box.border_subtitle = Content(self._hint)
            if self._scrolls:
                view = TextView(WrittenLines(self._lines), id="scrolled")
                view.styles.height = len(self._lines)
                yield view
            else:
                for line in self._lines:
                    yield OneLine(line)

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
