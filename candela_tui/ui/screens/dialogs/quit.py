"""A confirmation before live streams are cut off."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.widgets.one_line import OneLine


class QuitDialog(Dialog[bool]):
    """Ask whether to quit. The answer is True to quit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("leave.leave", "y,enter,q", "leave", "Quit", "Quit; live requests are cut off"),
        bind("leave.stay", "n,escape", "close", "Stay", "Stay in the dashboard"),
    ]

    def __init__(self, live: int) -> None:
        streams = "1 request is" if live == 1 else f"{live} requests are"
        super().__init__("Quit candela?", "y ⏎ q quit · n esc stay")
        self._live = f"{streams} live."
        self._them = "it" if live == 1 else "them"

    def contents(self) -> ComposeResult:
        """Lay out what would be lost."""
        yield OneLine(((self._live, "bright"),))
        words = f"The proxy waits a few seconds for {self._them} to end, then cuts {self._them} off."
        yield Static(words, markup=False)

    def action_leave(self) -> None:
        """Quit."""
        self.dismiss(True)
