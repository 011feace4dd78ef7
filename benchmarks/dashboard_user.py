"""Someone who uses the dashboard: reads the large conversation of the history, walks through lists, opens the help."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from benchmarks.history import LARGE_TITLE
from benchmarks.programs import Candela

_KEY_EVERY_S = 0.15
_ESCAPE, _ENTER, _PAGE_DOWN = "\x1b", "\r", "\x1b[6~"
_TO_LARGE = [_ESCAPE, "h", "g", "j", "l", "G"]
_READING = [_ENTER, "2", *[_PAGE_DOWN] * 8, "G", "g", "7", *[_PAGE_DOWN] * 8, "G", "8", "4", "1", _ESCAPE]
_LISTS = ["h", "j", "j", "j", "G", "g", "l", "g", *"jjjjj", _PAGE_DOWN, _PAGE_DOWN, "G", "?", _ESCAPE]
_USE = [*_TO_LARGE, *_READING, *_LISTS]


async def use(program: Candela) -> None:
    """Type keys until cancelled."""
    while True:
        for keys in _USE:
            program.press(keys)
            await asyncio.sleep(_KEY_EVERY_S)


@contextlib.asynccontextmanager
async def someone_at(program: Candela) -> AsyncIterator[None]:
    """Have someone use the dashboard until the end of the block."""
    typing = asyncio.create_task(use(program))
    try:
        yield
    finally:
        typing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await typing


def saw_large(program: Candela) -> bool:
    """Return whether the large conversation was on the screen, so whether the keys did what they are meant to."""
    return LARGE_TITLE in program.shown()
