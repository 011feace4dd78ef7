"""The line in which the sessions are filtered."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from candela_tui.ui.screens.dashboard.filter_input import FilterInput
from candela_tui.ui.widgets.one_line import OneLine


class SessionFilter(Horizontal):
    """The filter of the sessions. Visible while it has the focus or a text."""

    DEFAULT_CSS = """
    SessionFilter {
        display: none;
        dock: bottom;
        height: 1;
        &.-shown { display: block; }
        OneLine { width: 2; }
        FilterInput { width: 1fr; }
    }
    """

    class Changed(Message):
        """Posted when the filter text changes."""

    class Done(Message):
        """Posted when the user goes back to the list."""

    def __init__(self) -> None:
        super().__init__()
        self._input = FilterInput(placeholder="title, directory, branch, model", compact=True)

    def compose(self) -> ComposeResult:
        """Lay out a slash and the input."""
        yield OneLine((("/ ", "accent"),))
        yield self._input

    @property
    def words(self) -> str:
        """The filter text; empty: all sessions are shown."""
        return self._input.value.strip()

    @property
    def typing(self) -> bool:
        """Whether the input has the focus."""
        return self._input.has_focus

    def begin(self) -> None:
        """Show and focus the filter."""
        self.add_class("-shown")
        self._input.focus()

    def clear(self) -> None:
        """Clear the filter."""
        self._input.action_clear()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(FilterInput.Done)
    def _left(self, event: FilterInput.Done) -> None:
        event.stop()
        self.set_class(bool(self.words), "-shown")
        self.post_message(self.Done())
