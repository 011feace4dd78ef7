"""The line in which the user types what to find in a text view."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input

from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.text_view.text_view import TextView

_TYPING_S = 0.15
"""Seconds that the search waits for the next letter."""


class SearchBar(Horizontal):
    """Shown while a search is on. The view's ``Searched`` message must be passed on to ``show_state``."""

    DEFAULT_CSS = """
    SearchBar {
        display: none;
        height: 1;
        padding: 0 1;
        background: $surface;

        &.-open { display: block; }
        .sign { width: 3; background: $surface; }
        .state { width: 20; background: $surface; }
        Input { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
        Input:focus { border: none; }
    }
    """

    def __init__(self, view: TextView) -> None:
        super().__init__()
        self._view = view
        self._input = Input(compact=True, select_on_focus=True)
        self._state = OneLine()
        self._state.add_class("state")
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """Yield the input, and the number of matches."""
        sign = OneLine(((" / ", "accent"),))
        sign.add_class("sign")
        yield sign
        yield self._input
        yield self._state

    def open(self) -> None:
        """Show the bar and focus its input."""
        self.add_class("-open")
        self._input.focus()

    def search_for(self, words: str, section: str) -> None:
        """Show the bar with these words, and go to the first hit in a section of the view."""
        self.add_class("-open")
        with self._input.prevent(Input.Changed):
            self._input.value = words
        self._view.search(words, section)

    def close(self) -> bool:
        """End the search. Return whether there was one."""
        if not self.has_class("-open"):
            return False
        self.remove_class("-open")
        self._input.value = ""
        self._search()
        self._view.focus()
        return True

    def show_state(self) -> None:
        """Show which match is selected, and how many there are."""
        state = self._view.search_state
        line: Line = ()
        if state is not None:
            hit, hits, complete = state
            found = f"{hit:,}/{hits:,}" if hits else "no matches"
            line = ((found if complete or hits else "searching", "accent"), ("" if complete else " …", "dim"))
        self._state.pieces = line

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(_TYPING_S, self._search)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._search()
        self.set_class(bool(event.value), "-open")
        self._view.focus()

    def _search(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None
        self._view.search(self._input.value)
