"""Screens that close once."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

Answer = TypeVar("Answer")


class Closable(Screen[Answer]):
    """A screen on top of others that closes, and returns its result, only once.

    A terminal may deliver several keys in one read, so a second closing key can reach a screen that has closed already.
    Textual would then close the screen below, and fail at the last one.
    """

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close with a result. Do nothing if this is not the topmost screen."""
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)
