"""Asks before live streams are cut."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.lines.one_line import OneLine


class LeaveDialog(Dialog[bool]):
    """Answers True to leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter,q", "leave", "Leave", show=False, tooltip="Leave; live requests are cut", id="leave.leave"),
        Binding("n,escape", "close", "Stay", show=False, tooltip="Stay in the dashboard", id="leave.stay"),
    ]

    def __init__(self, live: int) -> None:
        streams = "1 request is" if live == 1 else f"{live} requests are"
        super().__init__("Leave candela?", "y ⏎ q leave · n esc stay")
        self._live = f"{streams} live."
        self._them = "it" if live == 1 else "them"

    def contents(self) -> ComposeResult:
        """What would be lost, and how."""
        yield OneLine(((self._live, "bright"),))
        words = f"The proxy waits a few seconds for {self._them} to end, then cuts {self._them} off."
        yield Static(words, markup=False)

    def action_leave(self) -> None:
        """Leave."""
        self.dismiss(True)
