"""Ask the questions of a sign-in on the terminal."""

import asyncio
import contextlib
import os
import shutil
import sys
import termios
import textwrap
from collections.abc import Iterator, Mapping, Sequence

import click

from candela_tui.credentials.sign_in.browser import open_browser
from candela_tui.credentials.sign_in.options import Option
from candela_tui.credentials.sign_in.prompter import Abandoned, Choice, default_first
from candela_tui.text.terminal_safe import terminal_safe

_LONGEST_LINE = 65_536
_NARROWEST = 20


class NoTerminal(click.ClickException, Abandoned):
    """A question needs a terminal and there is none."""

    exit_code = click.UsageError.exit_code


class TerminalPrompter:
    """Asks questions on the terminal without blocking the event loop while the user types.

    Exits with an error if there is no terminal."""

    def __init__(
        self, otherwise: str, *, answers: Mapping[Option, str] | None = None, secrets: Sequence[str] | None = None
    ) -> None:
        """``otherwise`` tells the user what to do if there is no terminal. ``answers`` are those that options gave,
        and ``secrets`` those that were piped in, in the order in which they are asked for."""
        self._otherwise = otherwise
        self._answers = answers or {}
        self._secrets = list(secrets) if secrets is not None else None

    @property
    def interactive(self) -> bool:
        """Whether there is a terminal to ask on."""
        return self._secrets is None and sys.stdin.isatty() and sys.stderr.isatty()

    async def tell(self, words: str) -> None:
        """Print a message to standard output."""
        click.echo(_shown(words))

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Print the link and the code on separate lines, and open the link in the browser if there is one."""
        click.echo(f"Open this page:\n\n{terminal_safe(url)}\n")
        if code is not None:
            does = "confirm" if code in url else "enter"  # The link may fill it in.
            click.echo(f"and {does} this code there:\n\n{terminal_safe(code)}\n")
        if self.interactive and await asyncio.to_thread(open_browser, url):
            click.echo("Your browser was asked to open it.")

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
        """Ask for a line of text and return it, or ``default`` if it is empty."""
        given = self._given(option, wrong)
        if given is None and secret:
            given = self._piped(wrong)
        if given is None and not wrong and not self.interactive and (default or optional):
            given = default
        if given is not None:
            return given
        self._say_wrong(wrong)
        hint = f" [{terminal_safe(default)}]" if default and not secret else ""
        return (await self._line(f"{_shown(question)}{hint}: ", hidden=secret)).strip() or default

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
        """List the choices, and read the number or id of one until the user enters a valid one."""
        choices = default_first(choices, default, other)
        given = self._given(option, wrong)
        if given is None and not wrong and not self.interactive and default in (choice.id for choice in choices):
            given = default
        if given is not None:
            chosen = _named(given, choices, other)
            if chosen is not None:
                return chosen
            wrong = f"{given} is not one of {', '.join(choice.id for choice in choices)}"
            self._given(option, wrong)
        self._require_terminal(question)
        self._say_wrong(wrong)
        click.echo(_shown(question), err=True)
        for row in _rows(choices, shutil.get_terminal_size().columns):
            click.echo(row, err=True)
        # A long list scrolls its first row away, so the prompt says what an empty answer means.
        first = terminal_safe(choices[0].title) if default else "1"
        while True:
            typed = (await self._line(f"{'Number or name' if other else 'Number'} [{first}]: ", hidden=False)).strip()
            if not typed:
                return choices[0]
            if typed.isdecimal() and 1 <= int(typed) <= len(choices):
                return choices[int(typed) - 1]
            chosen = _named(typed, choices, "" if typed.isdecimal() else other)
            if chosen is not None:
                return chosen
            click.echo(f"Type a number from 1 to {len(choices)}.", err=True)

    def _given(self, option: Option | None, wrong: str) -> str | None:
        """Return the answer that an option gave, unless it was wrong. Raises click.UsageError if nobody can give
        another."""
        given = self._answers.get(option) if option is not None else None
        if given is None or not wrong:
            return given
        if not self.interactive:
            raise click.UsageError(f"--{option} {given}: {wrong}")
        return None

    def _piped(self, wrong: str) -> str | None:
        """Return the next secret that was piped in."""
        if wrong and self._secrets is not None:
            raise click.ClickException(wrong)
        return self._secrets.pop(0) if self._secrets else None

    @staticmethod
    def _say_wrong(wrong: str) -> None:
        if wrong:
            click.echo(_shown(wrong), err=True)

    def _require_terminal(self, question: str) -> None:
        if not self.interactive:
            asked = _shown(question)
            link = " There" if asked.endswith("?") else ": there"
            raise NoTerminal(f"{asked}{link} is no terminal to ask on. {self._otherwise}")

    async def _line(self, prompt: str, *, hidden: bool) -> str:
        self._require_terminal(prompt.strip().rstrip(":"))
        terminal = sys.stdin.fileno()
        with _echo_off(terminal) if hidden else contextlib.nullcontext():
            click.echo(prompt, nl=False, err=True)
            try:
                typed = await _typed(terminal)
            finally:
                if hidden:
                    click.echo(err=True)
        if not typed:
            raise Abandoned
        return typed.decode("utf-8", "replace")


def _rows(choices: Sequence[Choice], columns: int) -> Iterator[str]:
    """Yield the numbered choices, with what is said about each beside it in as many lines as it needs."""
    width = max(len(terminal_safe(choice.title)) for choice in choices)
    for number, choice in enumerate(choices, 1):
        head = f"  {number}  {terminal_safe(choice.title):<{width}}  "
        # Keep paths and URLs whole, so that they can be copied.
        about = textwrap.wrap(
            terminal_safe(choice.about),
            max(_NARROWEST, columns - len(head)),
            break_long_words=False,
            break_on_hyphens=False,
        )
        first, *others = about or [""]
        yield f"{head}{first}".rstrip()
        yield from (f"{' ' * len(head)}{line}" for line in others)


def _named(typed: str, choices: Sequence[Choice], other: str) -> Choice | None:
    """Return the choice with this id, or a new one if the user may type another name."""
    found = next((choice for choice in choices if choice.id == typed), None)
    return found or (Choice(typed, typed) if other else None)


async def _typed(terminal: int) -> bytes:
    """Wait for the next typed line and return it, empty at the end of input."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(terminal, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(terminal)
    # A read from a terminal returns exactly one line.
    return os.read(terminal, _LONGEST_LINE)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


@contextlib.contextmanager
def _echo_off(terminal: int) -> Iterator[None]:
    before = termios.tcgetattr(terminal)
    hidden = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(terminal, termios.TCSAFLUSH, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _shown(words: str) -> str:
    return "\n".join(map(terminal_safe, words.splitlines()))
