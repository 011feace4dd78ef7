"""What a script may do between two chunks of the body: wait for the test, or break off."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum

PATIENCE_S = 30.0
"""How long a test waits for something that has to happen before it fails."""


class Break(Enum):
    """A way of not going on."""

    CLOSE = "close the connection where it is (FIN), whatever the framing promised"
    RESET = "reset the connection (RST)"
    STALL = "send nothing more, ever; the connection stays open until the other side leaves"


CLOSE = Break.CLOSE
RESET = Break.RESET
STALL = Break.STALL


@dataclass(slots=True)
class Gate:
    """A place in a script where the answer waits until the test opens it. What came before it is out by then."""

    _reached: asyncio.Event = field(default_factory=asyncio.Event)
    _opened: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self) -> None:
        """Let the answer go on. May be called before the script gets here."""
        self._opened.set()

    async def reached(self) -> None:
        """Wait until the script has come here. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S):
            await self._reached.wait()

    async def pass_through(self) -> None:
        """Called by the provider: mark as reached, then wait to be opened."""
        self._reached.set()
        await self._opened.wait()


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that go onto the wire as they are: no chunk framing, no compression, not counted as body."""

    data: bytes


Hold = Gate | Break
Step = bytes | Raw | Gate | Break
