"""The line at the bottom where commands are typed."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input

from candela_tui.text.cells import fitted
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.keys.commands import Commands, Completion
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.one_line import OneLine

_MOST_SHOWN = 8
_NAME_WIDTH = 26


class _Ahead(Suggester):
    """Suggests the rest of the first completion, dimmed after the cursor."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._commands = commands

    async def get_suggestion(self, value: str) -> str | None:
        """Return the first completion that begins with the typed text."""
        for completion in self._commands.completions(value) if value else ():
            if completion.text.startswith(value):
                return completion.text
        return None


class CommandLine(ModalScreen[None], Closable[None]):
    """Runs a command on the screen below, with completion."""

    CSS_PATH = "command_line.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("command.close", "escape", "dismiss(None)", "Close", "Close without running a command"),
        bind("command.complete", "tab", "complete", "Complete", "Insert the selected completion"),
        bind("command.next", "down,ctrl+n", "mark(1)", "Next"),
        bind("command.previous", "up,ctrl+p", "mark(-1)", "Previous"),
    ]

    def __init__(self, commands: Commands) -> None:
        super().__init__()
        self._commands = commands
        self._input = Input(id="command", compact=True, suggester=_Ahead(commands))
        self._lines = [OneLine() for _ in range(_MOST_SHOWN)]
        self._completions: list[Completion] = []
        self._marked: int | None = None

    def compose(self) -> ComposeResult:
        """Yield the list of completions and the input."""
        with Vertical(id="completions"):
            yield from self._lines
        with Horizontal(id="command-line"):
            yield OneLine(((":", "heading"),), id="colon")
            yield self._input

    def on_mount(self) -> None:
        """Show all commands as completions."""
        self._complete_for("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._complete_for(event.value)

    def _complete_for(self, value: str) -> None:
        self._completions = [one for one in self._commands.completions(value) if one.text != value.strip()]
        self._marked = None
        self._show()

    @property
    def _first(self) -> int:
        """The index of the completion on the top line."""
        return max(0, (self._marked or 0) - _MOST_SHOWN + 1)

    def on_click(self, event: events.Click) -> None:
        """Run the clicked completion. A click outside the command line closes it."""
        for number, line in enumerate(self._lines):
            if line.display and line.region.contains_point(event.screen_offset):
                place = self._first + number
                if place < len(self._completions):
                    self._run(self._completions[place].text)
                return
        if not self._input.region.contains_point(event.screen_offset):
            self.dismiss(None)

    def _show(self, trouble: str | None = None) -> None:
        first = self._first
        shown: list[Line] = [
            (
                ("▸ " if place == self._marked else "  ", "accent"),
                (fitted(one.text, _NAME_WIDTH) + " ", "heading" if place == self._marked else "text"),
                (one.meaning, "dim"),
            )
            for place, one in enumerate(self._completions[first : first + _MOST_SHOWN], first)
        ]
        if trouble is not None:
            shown = [((trouble, "warn"),)]
        for number, line in enumerate(self._lines):
            self._lines[number].display = number < len(shown)
            line.pieces = shown[number] if number < len(shown) else ()

    def action_mark(self, step: int) -> None:
        """Select the completion ``step`` lines below or above."""
        if self._completions:
            at = -1 if self._marked is None and step > 0 else self._marked or 0
            self._marked = (at + step) % len(self._completions)
            self._show()

    def action_complete(self) -> None:
        """Insert the selected completion, or the first one."""
        if self._completions:
            self._input.value = self._completions[self._marked or 0].text
            self._input.cursor_position = len(self._input.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._run(self._completions[self._marked].text if self._marked is not None else event.value)

    def _run(self, typed: str) -> None:
        if not typed.strip():
            self.dismiss(None)
            return
        found = self._commands.find(typed)
        if isinstance(found, str):
            self._show(found)
            return
        command, value = found
        app = self.app
        self.dismiss(None)
        app.call_later(command.run, value)
