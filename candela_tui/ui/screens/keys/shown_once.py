"""Show the text of a key, once."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.terminal.clipboard import copy
from candela_tui.ui.widgets.one_line import OneLine


class ShownOnce(Dialog[None]):
    """The text, which can be copied until the dialog is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("key_text.copy", "y", "copy", "Copy", "Copy the key"),
    ]

    def __init__(self, name: str, text: str, note: str = "") -> None:
        super().__init__(f"The key {name}", "y copy · esc close")
        self._text = text
        self._note = note

    def contents(self) -> ComposeResult:
        """Lay out the text, and what to do with it."""
        yield OneLine(((self._text, "bright"),))
        yield OneLine((("It is shown only now: put it where its user can read it.", "dim"),))
        if self._note:
            yield OneLine(((self._note, "warn"),))

    def action_copy(self) -> None:
        """Copy the text."""
        copy(self, "the key", self._text)
