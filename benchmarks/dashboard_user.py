"""Someone who uses the dashboard: reads the large conversation of the history, walks through lists, opens the help."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

from benchmarks.history import LARGE_WORDS
from benchmarks.programs import Candela

KEY_EVERY_S = 0.15
_ENDED = "The dashboard ended by an error"
ESCAPE, ENTER, PAGE_DOWN = "\x1b", "\r", "\x1b[6~"
# Above it in the list: all sessions, and the one of the load.
_TO_LARGE = [ESCAPE, "h", "g", "j", "j", "l", "G"]
_READING = [ENTER, "2", *[PAGE_DOWN] * 8, "G", "g", "7", *[PAGE_DOWN] * 8, "G", "8", "4", "1", ESCAPE]
_LISTS = ["h", "j", "j", "j", "G", "g", "l", "g", *"jjjjj", PAGE_DOWN, PAGE_DOWN, "G", "?", ESCAPE]
_USE = [*_TO_LARGE, *_READING, *_LISTS]


class DashboardUser:
    """Types on the terminal of one candela, and goes on where they stopped."""

    def __init__(self, program: Candela) -> None:
        self._program = program
        self._keys = itertools.cycle(_USE)
        self.read_large = False
        """The large conversation was on the screen, so the keys did what they are meant to."""

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Have them type until the end of the block."""
        typing = asyncio.create_task(self._type())
        try:
            yield
        finally:
            typing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await typing

    async def _type(self) -> None:
        for keys in self._keys:
            self._program.press(keys)
            await asyncio.sleep(KEY_EVERY_S)
            shown = self._program.shown()
            if _ENDED in shown:
                raise SystemExit("The dashboard ended by an error, so nobody used it.")
            self.read_large = self.read_large or LARGE_WORDS in shown
