"""Ask for how long a budget is overridden, and why."""

from datetime import timedelta
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from candela_tui.text.times import span_of
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.widgets.one_line import OneLine

_USUAL = "1h"


class SpanInput(Input):
    """The input for the span of time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("override.next", "enter,tab,down", "next", "Reason", "Go on to the reason", shown_as="⏎"),
    ]

    def action_next(self) -> None:
        """Go on to the reason."""
        self.screen.focus_next()


class OverrideDialog(Dialog[tuple[timedelta, str]]):
    """The answer is the span of time and the reason."""

    DEFAULT_CSS = """
    OverrideDialog {
        Input { height: 1; border: none; padding: 0; margin: 0 0 1 0; background: $panel; }
        Input:focus { border: none; }
    }
    """

    def __init__(self, budget: str) -> None:
        super().__init__(f"Let requests pass {budget}?", "⏎ next, and override · esc close")
        self._span = SpanInput(_USUAL, id="span", compact=True)
        self._why = Input(id="why", compact=True, placeholder="the reason, which is shown and recorded")
        self._trouble = OneLine(id="trouble")

    def contents(self) -> ComposeResult:
        """Lay out the two inputs."""
        yield OneLine((("For how long: 30m, 1h, 2d", "dim"),))
        yield self._span
        yield OneLine((("Why", "dim"),))
        yield self._why
        yield self._trouble

    def on_mount(self) -> None:
        """Begin with the span."""
        self._span.focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        span, why = span_of(self._span.value), self._why.value.strip()
        if not span:
            self._trouble.pieces = (("This is not a span of time, such as 30m, 1h or 2d.", "bad"),)
            self._span.focus()
        elif not why:
            self._trouble.pieces = (("Say why, for whoever sees it later.", "bad"),)
        else:
            self.dismiss((span, why))
