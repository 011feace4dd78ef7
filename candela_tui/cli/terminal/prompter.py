"""Ask the questions of a sign-in on the terminal."""

import asyncio
import contextlib
import os
import sys
import termios
from collections.abc import Iterator, Sequence

import click

from candela_tui.credentials.sign_in.browser import open_browser
from candela_tui.credentials.sign_in.prompter import Abandoned, Choice
from candela_tui.text.terminal_safe import terminal_safe

_LONGEST_LINE = 65_536


class NoTerminal(click.ClickException, Abandoned):
    """A question needs a terminal and there is none."""


class TerminalPrompter:
    """Asks questions on the terminal without blocking the event loop while the user types.

    Exits with an error if there is no terminal."""

    def __init__(self, otherwise: str) -> None:
        """``otherwise`` tells the user what to do if there is no terminal."""
        self._otherwise = otherwise

    @property
    def interactive(self) -> bool:
        """Whether there is a terminal to ask on."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    async def tell(self, words: str) -> None:
        """Print a message to standard output."""
        click.echo(_shown(words))

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Print the link and the code on separate lines, and open the link in the browser if there is one."""
        click.echo(f"Open this page:\n\n{terminal_safe(url)}\n")
        if code is not None:
            click.echo(f"and enter this code there:\n\n{terminal_safe(code)}\n")
        if self.interactive and await asyncio.to_thread(open_browser, url):
            click.echo("Your browser was asked to open it.")

    async def ask(self, question: str, *, secret: bool = False, default: str = "") -> str:
        """Ask for a line of text and return it, or ``default`` if it is empty."""
        hint = f" [{terminal_safe(default)}]" if default and not secret else ""
        return (await self._line(f"{_shown(question)}{hint}: ", hidden=secret)).strip() or default

    async def choose(self, question: str, choices: Sequence[Choice]) -> Choice:
        """List the choices, and read the number or id of one until the user enters a valid one."""
        self._require_terminal(question)
        click.echo(_shown(question), err=True)
        width = max(len(terminal_safe(choice.title)) for choice in choices)
        for number, choice in enumerate(choices, 1):
            click.echo(
                f"  {number}  {terminal_safe(choice.title):<{width}}  {terminal_safe(choice.about)}".rstrip(), err=True
            )
        by_word = {str(number): choice for number, choice in enumerate(choices, 1)}
        by_word |= {choice.id: choice for choice in choices}
        while True:
            chosen = by_word.get((await self._line("Number [1]: ", hidden=False)).strip() or "1")
            if chosen is not None:
                return chosen
            click.echo(f"Type a number from 1 to {len(choices)}.", err=True)

    def _require_terminal(self, question: str) -> None:
        if not self.interactive:
            raise NoTerminal(f"{_shown(question)}: there is no terminal to ask on. {self._otherwise}")

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


class PipedKeyPrompter(TerminalPrompter):
    """Answers the first question for a secret with the key that was piped in."""

    def __init__(self, key: str) -> None:
        super().__init__("With --with-key only the key is read; for the encrypted file set CANDELA_PASSPHRASE.")
        self._key: str | None = key

    async def ask(self, question: str, *, secret: bool = False, default: str = "") -> str:
        """Return the piped key when first asked for a secret. Ask on the terminal otherwise."""
        if not secret or self._key is None:
            return await super().ask(question, secret=secret, default=default)
        key, self._key = self._key, None
        return key

    @property
    def interactive(self) -> bool:
        """Always False, because standard input is the pipe with the key."""
        return False


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
