"""The interface through which a sign-in asks its user: in the terminal or in the dashboard's wizard."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from candela_tui.credentials.sign_in.options import Option


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
    """Shows messages and asks questions. Each call may raise Abandoned.

    A question that has an ``option`` can be answered on the command line instead. ``wrong`` says what was wrong with
    the answer before, if the question is asked again.
    """

    async def tell(self, words: str) -> None:
        """Show a message that stays on the screen."""

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Show a link and the code to enter there, and open it in the browser if there is one."""

    async def ask(
        self,
        question: str,
        *,
        option: Option | None = None,
        secret: bool = False,
        default: str = "",
        optional: bool = False,
        wrong: str = "",
    ) -> str:
        """Ask for a line of text and return it without surrounding spaces, or ``default`` if it is empty.

        A secret is not echoed. ``optional``: an empty answer is one, too."""

    async def choose(
        self,
        question: str,
        choices: Sequence[Choice],
        *,
        option: Option | None = None,
        default: str = "",
        other: str = "",
        wrong: str = "",
    ) -> Choice:
        """Ask the user to pick one of ``choices``, which holds at least one, and return it.

        ``default`` is the id of the choice that was made before, which comes first. With ``other``, such as "Another
        region", the user may also type a name that is not listed, which becomes a new choice."""


def default_first(choices: Sequence[Choice], default: str, other: str) -> list[Choice]:
    """Return the choices with the default one first, which need not be among them if the user may type a name."""
    first = [choice for choice in choices if choice.id == default]
    if default and other and not first:
        first = [Choice(default, default, "set now; not in this list")]
    return [*first, *(choice for choice in choices if choice.id != default)]


async def until_right(ask: Callable[[str], Awaitable[str]], wrong_with: Callable[[str], str]) -> str:
    """Ask until the answer is right, and return it.

    ``ask`` gets what was wrong with the answer before, which ``wrong_with`` says; it is empty if nothing is."""
    wrong = ""
    while True:
        answer = await ask(wrong)
        wrong = wrong_with(answer)
        if not wrong:
            return answer


def waiting_for(what: str, limit_s: float) -> str:
    """Return the message for a wait, such as for an action in the browser."""
    if limit_s < 60:
        return f"Waiting for {what}, {max(1, round(limit_s))} seconds at most."
    minutes = round(limit_s / 60)
    return f"Waiting for {what}, {minutes} minute{'s' if minutes > 1 else ''} at most."
