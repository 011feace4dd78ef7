"""The dialog that says how far an export is. Closing it stops the export."""

from collections.abc import Callable

from textual.app import ComposeResult

from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.widgets.one_line import OneLine

_EVERY_S = 0.2


class WritingDialog(Dialog[None]):
    """Show how far an export is, until it is dismissed at the end or its user closes it."""

    def __init__(self, so_far: Callable[[], str], stop: Callable[[], None]) -> None:
        super().__init__("Exporting", "esc stop")
        self._so_far = so_far
        self._stop = stop
        self._line = OneLine()

    def contents(self) -> ComposeResult:
        """Lay out the line."""
        yield self._line

    def on_mount(self) -> None:
        """Show how far it is, now and from then on."""
        self._show()
        self.set_interval(_EVERY_S, self._show)

    def _show(self) -> None:
        self._line.pieces = ((f" {self._so_far()}", "text"),)

    def action_close(self) -> None:
        """Stop the export. Nothing of it is left."""
        self._stop()
        self.dismiss(None)
