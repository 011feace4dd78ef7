"""Where the words of a filter are typed."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterInput(Input):
    """Its words are kept or taken away, and then the list is wanted again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "keep", "Keep", key_display="⏎", tooltip="Keep it, to the list", id="filter.keep"),
        Binding("escape", "clear", "Show all", tooltip="End the filter", id="filter.clear"),
    ]

    class Left(Message):
        """The list is wanted again."""

    def action_keep(self) -> None:
        """Go to the list."""
        self.post_message(self.Left())

    def action_clear(self) -> None:
        """End the filter."""
        self.value = ""
        self.post_message(self.Left())
