"""The line at the bottom where commands are typed."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input

from candela_tui.ui.closable import Closable
from candela_tui.ui.commands import Commands, Completion
from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.lines.one_line import OneLine

_MOST_SHOWN = 8
_NAME_WIDTH = 26


class _Ahead(Suggester):
    """The rest of the first completion, dim behind the cursor."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._commands = commands

    async def get_suggestion(self, value: str) -> str | None:
        """What could be meant."""
        for completion in self._commands.completions(value) if value else ():
            if completion.text.startswith(value):
                return completion.text
        return None


class CommandLine(ModalScreen[None], Closable[None]):
    """Runs a command on the screen below, and completes what is typed."""

    CSS_PATH = "command_line.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", show=False, tooltip="Run nothing", id="command.close"),
        Binding("tab", "complete", "Complete", show=False, tooltip="Take the marked completion", id="command.complete"),
        Binding("down,ctrl+n", "mark(1)", "Next", show=False, id="command.next"),
        Binding("up,ctrl+p", "mark(-1)", "Previous", show=False, id="command.previous"),
    ]

    def __init__(self, commands: Commands) -> None:
        super().__init__()
        self._commands = commands
        self._input = Input(id="command", compact=True, suggester=_Ahead(commands))
        self._lines = [OneLine() for _ in range(_MOST_SHOWN)]
        self._completions: list[Completion] = []
        self._marked: int | None = None

    def compose(self) -> ComposeResult:
        """What could be meant, and the line."""
        with Vertical(id="completions"):
            yield from self._lines
        with Horizontal(id="command-line"):
            yield OneLine(((":", "heading"),), id="colon")
            yield self._input

    def on_mount(self) -> None:
        """Show what there is."""
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
        """The completion that the uppermost line shows."""
        return max(0, (self._marked or 0) - _MOST_SHOWN + 1)

    def on_click(self, event: events.Click) -> None:
        """Run the completion that was clicked; a click elsewhere closes."""
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
        """Mark another completion."""
        if self._completions:
            at = -1 if self._marked is None and step > 0 else self._marked or 0
            self._marked = (at + step) % len(self._completions)
            self._show()

    def action_complete(self) -> None:
        """Take the marked completion, or the first."""
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
        verb, value = found
        app = self.app
        self.dismiss(None)
        app.call_later(verb.run, value)
