"""The bar in which a filter is typed, with a line of hints or errors below."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from candela_tui.analysis.filter import Filter, completion, hint, parse, parse_beginning
from candela_tui.analysis.filter_fields import FIELDS, Field, FilterError
from candela_tui.text.cells import shortened
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dashboard.filter_input import FilterInput
from candela_tui.ui.screens.dialogs.help import HelpDialog
from candela_tui.ui.style.legend import LegendEntry
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.one_line import OneLine

Known = Callable[[], Mapping[str, Sequence[str]]]
"""The values of the shown requests, by field."""

_PROMPT = "/ "


class Completion(Suggester):
    """Suggests how a filter goes on."""

    def __init__(self, known: Known) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._known = known

    async def get_suggestion(self, value: str) -> str | None:
        """Return the text that tab would complete."""
        completed = completion(value, self._known())
        return completed if completed is not None and completed.startswith(value) else None


class _FieldsInput(FilterInput):
    BINDINGS: ClassVar[list[BindingType]] = [
        # Otherwise the key would be typed first.
        bind(
            "filter.language",
            "question_mark",
            "language",
            "Fields",
            "Show the filter's fields and rules (if empty)",
            footer=True,
            priority=True,
        ),
        bind("filter.complete", "tab", "complete", "Complete", "Complete the field or value", footer=True),
    ]

    def __init__(self, known: Known) -> None:
        super().__init__(
            placeholder="words  model:opus  status:error  cost>0.05  -agent:Explore",
            compact=True,
            select_on_focus=False,
            suggester=Completion(known),
        )
        self._known = known

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let the key type itself unless the bar is empty. (Textual's hook.)"""
        return not self.value if action == "language" else True

    def action_language(self) -> None:
        """Show the fields and rules of the filter language."""
        self.app.push_screen(HelpDialog((), filter_legend(), "Filter"))

    def action_complete(self) -> None:
        """Complete the started field or value."""
        completed = completion(self.value, self._known())
        if completed is not None:
            self.value = completed
            self.cursor_position = len(completed)


class FilterBar(Vertical):
    """The filter bar, visible while it has the focus."""

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
        """Posted when the filter changes."""

        filter: Filter

    class Done(Message):
        """Posted when the user goes back to the list."""

    def __init__(self, known: Known) -> None:
        super().__init__(id="filter")
        self._input = _FieldsInput(known)
        self._hint = HintLine()

    def compose(self) -> ComposeResult:
        """Lay out a prompt, the input and the hints."""
        with Horizontal():
            yield OneLine(((_PROMPT, "accent"),), id="filter-prompt")
            yield self._input
        yield self._hint

    def open(self) -> None:
        """Show and focus the bar."""
        self.add_class("-shown")
        if not self._input.value:
            self._hint.say("")
        self._input.focus()

    def clear(self) -> None:
        """Clear the filter."""
        self._input.action_clear()

    def fill(self, text: str) -> None:
        """Filter by a text typed elsewhere; if it has an error, open the bar to correct it."""
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
            # Drop the last term: ``cost>`` alone would otherwise list requests that contain the word "cost".
            wanted = parse_beginning(event.value)
        else:
            self._hint.say(event.value)
        self.post_message(self.Changed(wanted))

    @on(FilterInput.Done)
    def _left(self, event: FilterInput.Done) -> None:
        event.stop()
        self.remove_class("-shown")
        self.post_message(self.Done())


class HintLine(OneLine):
    """A line of hints; an error takes its place."""

    def __init__(self) -> None:
        super().__init__()
        self._said = ""
        self._wrong: tuple[str, int] | None = None

    def say(self, text: str) -> None:
        """Show hints for continuing a text."""
        self._said, self._wrong = f"{' ' * len(_PROMPT)}{hint(text)}", None
        self.refresh()

    def complain(self, error: FilterError, text: str) -> None:
        """Show an error below its position."""
        self._wrong = (terminal_safe(error.message), len(_PROMPT) + cell_len(terminal_safe(text[: error.position])))
        self.refresh()

    def compose_line(self, width: int) -> Line:
        """Compose ``^`` and the error; the error is on the left if there is no room on the right."""
        if self._wrong is None:
            return ((shortened(self._said, width), "faint"),)
        message, place = self._wrong
        place, cells = min(place, width - 1), cell_len(message)
        if place + 2 + cells <= width:
            return ((" " * place, "bad"), (f"^ {message}", "bad"))
        if cells + 1 <= place:
            return ((" " * (place - cells - 1), "bad"), (f"{message} ^", "bad"))
        return ((" " * max(0, width - 2 - cells), "bad"), (f"^ {message}", "bad"))


def filter_legend() -> dict[str, tuple[LegendEntry, ...]]:
    """Return the rules and all fields with their meanings, by the title of their group."""
    return {
        "Terms": (
            LegendEntry("flaky", "matches a word in the model, agent, tool, error, id …"),
            LegendEntry('"too long"', "quote text that contains spaces"),
            LegendEntry("a b", "both must match"),
            LegendEntry("a or b, a | b", "at least one must match"),
            LegendEntry("-a, !a", "must not match"),
            LegendEntry("-(a or b)", "parentheses group"),
        ),
        "Fields with text (: or =, contains)": tuple(_entries(amounts=False)),
        "Fields with numbers (> >= < <= =)": tuple(_entries(amounts=True)),
    }


def _entries(*, amounts: bool) -> Iterator[LegendEntry]:
    for field in FIELDS.values():
        if (field.units is not None) is amounts:
            more = _more(field)
            yield LegendEntry(field.example, f"{field.about} ({more})" if more else field.about)


def _more(field: Field) -> str:
    """Return the values or units of a field."""
    if field.units is not None:
        return ", ".join(field.units)
    return ", ".join(field.values)
