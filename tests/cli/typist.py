"""A user who types at a terminal that runs ``candela``."""

import asyncio
import os
import pty
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.cli.command import PATIENCE_S, Home
from tests.cli.forked import ForkedProgram, start_at_terminal


class Typist:
    """Somebody at a terminal."""

    def __init__(self, process: ForkedProgram, terminal: int) -> None:
        self._process = process
        self._terminal = terminal
        self._came = asyncio.Event()
        self._at = 0
        self.seen = ""
        """Everything that the terminal showed."""

    def take(self) -> None:
        """More of it is there."""
        try:
            self.seen += os.read(self._terminal, 65536).decode("utf-8", "replace")
        except OSError:
            asyncio.get_running_loop().remove_reader(self._terminal)
        self._came.set()

    async def sees(self, words: str) -> None:
        """Wait until the terminal shows them behind what was waited for before."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while words not in self.seen[self._at :]:
                    self._came.clear()
                    await self._came.wait()
                self._at = self.seen.index(words, self._at) + len(words)
        except TimeoutError:
            pytest.fail(f"{words!r} is not to be seen: {self.seen}")

    async def types(self, text: str) -> None:
        """Type a line."""
        os.write(self._terminal, f"{text}\n".encode())

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    def interrupts(self) -> None:
        """Press Ctrl+C."""
        os.write(self._terminal, b"\x03")

    async def ended(self) -> int:
        """The exit code, when it has ended."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._process.wait()


@asynccontextmanager
async def typing(home: Home, *arguments: str, **environment: str) -> AsyncIterator[Typist]:
    """The command at a terminal of its own."""
    ours, its = pty.openpty()
    process = await start_at_terminal(arguments, {**home.environment, **environment}, home.directory, its)
    typist = Typist(process, ours)
    asyncio.get_running_loop().add_reader(ours, typist.take)
    try:
        yield typist
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(its)
        os.close(ours)
