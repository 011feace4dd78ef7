"""Asks before live streams are cut."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.lines.one_line import OneLine


class LeaveDialog(Dialog[bool]):
    """Answers True to leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter,q", "leave", "Leave", show=False, tooltip="Leave; what is live is cut off", id="leave.leave"),
        Binding("n,escape", "close", "Stay", show=False, tooltip="Stay in the dashboard", id="leave.stay"),
    ]

    def __init__(self, live: int) -> None:
        streams = "1 request is" if live == 1 else f"{live} requests are"
        super().__init__("Leave candela?", "y leave · esc stay")
        self._live = f"{streams} live."

    def contents(self) -> ComposeResult:
        """What would be lost, and how."""
        yield OneLine(((self._live, "bright"),))
        yield OneLine((("The proxy waits a few seconds for what is live, then cuts it off.", "text"),))

    def action_leave(self) -> None:
        """Leave."""
        self.dismiss(True)
