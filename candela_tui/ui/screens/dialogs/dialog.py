"""The base of the dialogs: a framed box over the screen below."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.widgets.closable import Answer, Closable


class Dialog(ModalScreen[Answer], Closable[Answer]):
    """Show ``contents``; ``esc`` and ``q`` close the dialog without an answer."""

    CSS_PATH = Path(__file__).with_name("dialogs.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [bind("dialogs.close", "escape,q", "close", "Close", "Close the dialog")]
    BOX_CLASSES: ClassVar[str] = ""
    """The style classes of the box: ``-tall``, ``-wide``."""

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self._dialog_title = title
        self._hint = hint

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with Vertical(id="dialog", classes=self.BOX_CLASSES) as box:
            box.border_title = Content(self._dialog_title)
            box.border_subtitle = Content(self._hint)
            yield from self.contents()

    def contents(self) -> ComposeResult:
        """Yield the widgets in the box."""
        raise NotImplementedError

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
