"""The line in which a filter is typed, with what there is to say about it below."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from candela_tui.analysis.filter import Filter, completion, hint, parse, parse_beginning
from candela_tui.analysis.filter_fields import FilterError
from candela_tui.ui.dashboard.filter_help import filter_legend
from candela_tui.ui.dashboard.filter_input import FilterInput
from candela_tui.ui.dialogs.keys import KeysDialog
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.plain import plain

Known = Callable[[], Mapping[str, Sequence[str]]]
"""Values that fields have in what is shown, by field."""

_PROMPT = "/ "


class _Completion(Suggester):
    def __init__(self, known: Known) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._known = known

    async def get_suggestion(self, value: str) -> str | None:
        """What tab would write."""
        completed = completion(value, self._known())
        return completed if completed is not None and completed.startswith(value) else None


class _FieldsInput(FilterInput):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "question_mark",
            "language",
            "Fields",
            tooltip="In the empty bar: fields and rules of the filter",
            # Else the key would be typed first.
            priority=True,
            id="filter.language",
        ),
        Binding("tab", "complete", "Complete", tooltip="Complete the field or value", id="filter.complete"),
    ]

    def __init__(self, known: Known) -> None:
        super().__init__(
            placeholder="words  model:opus  status:error  cost>0.05  -agent:Explore",
            compact=True,
            select_on_focus=False,
            suggester=_Completion(known),
        )
        self._known = known

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual's hook: in a text the key types itself."""
        return not self.value if action == "language" else True

    def action_language(self) -> None:
        """Show the fields and rules."""
        self.app.push_screen(KeysDialog((), filter_legend(), "Filter"))

    def action_complete(self) -> None:
        """Write out the field or value that is begun."""
        completed = completion(self.value, self._known())
        if completed is not None:
            self.value = completed
            self.cursor_position = len(completed)


class FilterBar(Vertical):
    """Is in view while it is typed in."""

    DEFAULT_CSS = """
    FilterBar {
        display: none;
        height: auto;
        &.-shown { display: block; }
        Horizontal { height: 1; }
        #filter-prompt { width: 2; }
        Input { width: 1fr; background: transparent; }
    }
    """

    @dataclass
    class Changed(Message):
        """Another filter was typed."""

        filter: Filter

    class Left(Message):
        """The list is wanted again."""

    def __init__(self, known: Known) -> None:
        super().__init__(id="filter")
        self._input = _FieldsInput(known)
        self._hint = _HintLine()

    def compose(self) -> ComposeResult:
        """A prompt, the text, and what there is to say about it."""
        with Horizontal():
            yield OneLine(((_PROMPT, "accent"),), id="filter-prompt")
            yield self._input
        yield self._hint

    def open(self) -> None:
        """Begin to type."""
        self.add_class("-shown")
        if not self._input.value:
            self._hint.say("")
        self._input.focus()

    def clear(self) -> None:
        """End the filter."""
        self._input.action_clear()

    def fill(self, text: str) -> None:
        """Filter by a text that was typed elsewhere; a mistake in it is shown, to be mended."""
        self._input.value = text
        try:
            parse(text)
        except FilterError:
            self.open()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._input.refresh_bindings()
        try:
            wanted = parse(event.value)
        except FilterError as error:
            self._hint.complain(error, event.value)
            # Without its last term the word before the operator would be looked for: cost> would list what says "cost".
            wanted = parse_beginning(event.value)
        else:
            self._hint.say(event.value)
        self.post_message(self.Changed(wanted))

    @on(FilterInput.Left)
    def _left(self, event: FilterInput.Left) -> None:
        event.stop()
        self.remove_class("-shown")
        self.post_message(self.Left())


class _HintLine(OneLine):
    """What can be asked for; in its place what is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self._said: Line = ()
        self._wrong: tuple[str, int] | None = None

    def say(self, text: str) -> None:
        """Say what helps to go on with a text."""
        self._said, self._wrong = ((f"{' ' * len(_PROMPT)}{hint(text)}", "faint"),), None
        self.refresh()

    def complain(self, error: FilterError, text: str) -> None:
        """Say what is wrong below the place where it is."""
        self._wrong = (plain(error.message), len(_PROMPT) + cell_len(plain(text[: error.position])))
        self.refresh()

    def compose_line(self, width: int) -> Line:
        """Where something is wrong ``^`` and why, to its left where there is no room to its right."""
        if self._wrong is None:
            return self._said
        message, place = self._wrong
        place, cells = min(place, width - 1), cell_len(message)
        if place + 2 + cells <= width:
            return ((" " * place, "bad"), (f"^ {message}", "bad"))
        if cells + 1 <= place:
            return ((" " * (place - cells - 1), "bad"), (f"{message} ^", "bad"))
        return ((" " * max(0, width - 2 - cells), "bad"), (f"^ {message}", "bad"))
