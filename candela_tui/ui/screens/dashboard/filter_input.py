"""The input in which a filter is typed."""

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from candela_tui.ui.keys.bindings import bind


class FilterInput(Input):
    """An input for a filter. Enter keeps the filter, escape clears it; both go back to the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "filter.keep", "enter,down", "keep", "Keep", "Keep the filter and go to the list", shown_as="⏎", footer=True
        ),
        bind("filter.clear", "escape", "clear", "Clear", "Clear the filter", footer=True),
    ]

    class Done(Message):
        """Posted when the user goes back to the list."""

    def action_keep(self) -> None:
        """Go to the list."""
        self.post_message(self.Done())

    def action_clear(self) -> None:
        """Clear the filter."""
        self.value = ""
        self.post_message(self.Done())
