"""How a sign-in talks with its user: on the terminal, or in the dashboard's wizard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Abandoned(Exception):
    """The user does not want to go on."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    id: str
    title: str
    about: str = ""
    """A few words more."""


class Talk(Protocol):
    """A conversation with one user. Each call may raise Abandoned."""

    async def tell(self, words: str) -> None:
        """Say something; it stays to be read."""

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Show a link to follow, with the code to enter there, and open the browser where there is one."""

    async def ask(self, question: str, *, secret: bool = False, default: str = "") -> str:
        """A line of text, without spaces around it; a secret is not shown while it is typed."""

    async def choose(self, question: str, choices: Sequence[Choice]) -> Choice:
        """One of at least one choice."""
