"""A sign-in's conversation on the terminal."""

import asyncio
import contextlib
import os
import sys
import termios
from collections.abc import Iterator, Sequence

import click

from candela_tui.credentials.sign_in.browser import open_browser
from candela_tui.credentials.sign_in.talk import Abandoned, Choice
from candela_tui.ui.plain import plain

_LONGEST_LINE = 65_536


class NoTerminal(click.ClickException, Abandoned):
    """There is nobody to ask."""


class TerminalTalk:
    """Asks on the terminal: the loop goes on while its user types. Ends the command where there is no terminal."""

    def __init__(self, otherwise: str) -> None:
        """``otherwise``: what to do where there is no terminal."""
        self._otherwise = otherwise

    @property
    def interactive(self) -> bool:
        """Whether there is somebody to ask."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    async def tell(self, words: str) -> None:
        """Print it."""
        click.echo(_shown(words))

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Print them, each on a line of its own; open the browser of this desktop."""
        click.echo(f"Open this page:\n\n{plain(url)}\n")
        if code is not None:
            click.echo(f"and enter this code there:\n\n{plain(code)}\n")
        if self.interactive and await asyncio.to_thread(open_browser, url):
            click.echo("Your browser was asked to open it.")

    async def ask(self, question: str, *, secret: bool = False, default: str = "") -> str:
        """Read a line."""
        hint = f" [{plain(default)}]" if default and not secret else ""
        return (await self._line(f"{_shown(question)}{hint}: ", hidden=secret)).strip() or default

    async def choose(self, question: str, choices: Sequence[Choice]) -> Choice:
        """Read a number, or the id of a choice."""
        self._require_terminal(question)
        click.echo(_shown(question), err=True)
        width = max(len(plain(choice.title)) for choice in choices)
        for number, choice in enumerate(choices, 1):
            click.echo(f"  {number}  {plain(choice.title):<{width}}  {plain(choice.about)}".rstrip(), err=True)
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


class PipedKey(TerminalTalk):
    """Answers the one question for a secret with what was piped."""

    def __init__(self, key: str) -> None:
        super().__init__("With --with-key only the key is read; for the encrypted file set CANDELA_PASSPHRASE.")
        self._key: str | None = key

    async def ask(self, question: str, *, secret: bool = False, default: str = "") -> str:
        """The piped key, once."""
        if not secret or self._key is None:
            return await super().ask(question, secret=secret, default=default)
        key, self._key = self._key, None
        return key

    @property
    def interactive(self) -> bool:
        """Standard input is spoken for."""
        return False


async def _typed(terminal: int) -> bytes:
    """The next line that is typed; empty where the terminal is at its end."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(terminal, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(terminal)
    # A terminal gives a whole line, and no more than one.
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
    return "\n".join(map(plain, words.splitlines()))
