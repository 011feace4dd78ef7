"""The line in which the sessions are filtered."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from candela_tui.ui.dashboard.filter_input import FilterInput
from candela_tui.ui.lines.one_line import OneLine


class SessionFilter(Horizontal):
    """Shown while it is typed in, and while it has words."""

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
        """Its words are others."""

    class Left(Message):
        """Its user wants to go back to the list."""

    def __init__(self) -> None:
        super().__init__()
        self._input = FilterInput(placeholder="title, directory, branch, model", compact=True)

    def compose(self) -> ComposeResult:
        """A slash and the words."""
        yield OneLine((("/ ", "accent"),))
        yield self._input

    @property
    def words(self) -> str:
        """What to look for; empty: everything is shown."""
        return self._input.value.strip()

    @property
    def typing(self) -> bool:
        """Whether keys go into it."""
        return self._input.has_focus

    def begin(self) -> None:
        """Type into it."""
        self.add_class("-shown")
        self._input.focus()

    def clear(self) -> None:
        """End the filter."""
        self._input.action_clear()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(FilterInput.Left)
    def _left(self, event: FilterInput.Left) -> None:
        event.stop()
        self.set_class(bool(self.words), "-shown")
        self.post_message(self.Left())
