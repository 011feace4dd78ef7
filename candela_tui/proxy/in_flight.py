"""Count what is under way, and wait until nothing is."""

import asyncio
from typing import Self


class InFlight:
    """Counts the requests inside its ``with`` blocks."""

    def __init__(self) -> None:
        self.count = 0
        self._none = asyncio.Event()
        self._none.set()

    def __enter__(self) -> Self:
        self.count += 1
        self._none.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self.count -= 1
        if not self.count:
            self._none.set()

    async def none(self) -> None:
        """Wait until no request is inside."""
        await self._none.wait()
