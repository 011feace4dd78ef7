"""Screens that close once."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

Answer = TypeVar("Answer")


class Closable(Screen[Answer]):
    """A screen over others. It closes, and answers, once.

    A terminal may deliver several keys in one read, so that a second key that closes reaches a screen that has closed
    already. Textual would close the screen below for it, and end with an error at the last one.
    """

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close with an answer; nothing happens unless this is the uppermost screen."""
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)
