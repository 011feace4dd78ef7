"""When each content block of an answer came."""

from dataclasses import dataclass
from itertools import islice

from candela_tui.protocol.messages import ContentBlock, MessageFold


@dataclass(slots=True)
class BlockTime:
    """One content block in time. Times are milliseconds since the request was received."""

    kind: str
    """Its ``type``: text, thinking, tool_use, …"""
    name: str | None
    """Of a tool's call: the tool."""
    start_ms: float
    end_ms: float | None = None
    """None: it goes on, or the answer broke off inside it."""
    characters: int = 0
    """Of its text, its thinking, or its arguments, as they came."""


class BlockTimes:
    """Watches the blocks of a fold that is fed chunk by chunk."""

    def __init__(self) -> None:
        self.blocks: list[BlockTime] = []
        """In the order in which they began."""
        self._growing: list[tuple[ContentBlock, BlockTime, int]] = []

    def note(self, fold: MessageFold, at_ms: float) -> None:
        """What the fold has now came up to this time."""
        for block in islice(fold.blocks.values(), len(self.blocks), None):
            name = block.start.get("name")
            time = BlockTime(block.type, name if isinstance(name, str) else None, at_ms)
            self.blocks.append(time)
            self._growing.append((block, time, 0))
        growing = []
        for block, time, seen in self._growing:
            time.characters += sum(map(len, islice(block.pieces, seen, None)))
            if block.done:
                time.end_ms = at_ms
            else:
                growing.append((block, time, len(block.pieces)))
        self._growing = growing
