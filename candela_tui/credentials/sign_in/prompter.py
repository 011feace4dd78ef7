"""The interface through which a sign-in asks its user: in the terminal or in the dashboard's wizard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Abandoned(Exception):
    """The user cancelled the sign-in."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One option that the user can choose."""

    id: str
    title: str
    about: str = ""
    """A short explanation shown with the title."""


class Prompter(Protocol):
    """Shows messages and asks questions. Each call may raise Abandoned."""

    async def tell(self, words: str) -> None:
        """Show a message that stays on the screen."""

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Show a link and the code to enter there, and open it in the browser if there is one."""

    async def ask(self, question: str, *, secret: bool = False, default: str = "") -> str:
        """Ask for a line of text and return it without surrounding spaces. A secret is not echoed."""

    async def choose(self, question: str, choices: Sequence[Choice]) -> Choice:
        """Ask the user to pick one of ``choices``, which holds at least one, and return it."""


def waiting_for(what: str, limit_s: float) -> str:
    """Return the message for a wait that the user can end, such as by an action in the browser."""
    minutes = max(1, round(limit_s / 60))
    return f"Waiting for {what}, {minutes} minute{'s' if minutes > 1 else ''} at most."
