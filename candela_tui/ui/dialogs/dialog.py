"""What the dialogs share: a framed box over the screen below."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from candela_tui.ui.closable import Answer, Closable


class Dialog(ModalScreen[Answer], Closable[Answer]):
    """Shows ``contents``; ``esc`` and ``q`` close it without an answer."""

    CSS_PATH = Path(__file__).with_name("dialogs.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", show=False, tooltip="Back to where you were", id="dialogs.close")
    ]
    BOX_CLASSES: ClassVar[str] = ""
    """The box is ``-tall`` or ``-wide``."""

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self._dialog_title = title
        self._hint = hint

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(id="dialog", classes=self.BOX_CLASSES) as box:
            box.border_title = Content(self._dialog_title)
            box.border_subtitle = Content(self._hint)
            yield from self.contents()

    def contents(self) -> ComposeResult:
        """What is in the box."""
        raise NotImplementedError

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
