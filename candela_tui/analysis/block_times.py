"""Records when each content block of a response arrived."""

from dataclasses import dataclass
from itertools import islice

from candela_tui.protocol.answer_decoder import ContentBlock, MessageFold


@dataclass(slots=True)
class BlockTime:
    """The timing of one content block, in milliseconds since the request was received."""

    kind: str
    """The block's ``type``: text, thinking, tool_use, …"""
    name: str | None
    """The tool's name, if the block is a tool call."""
    start_ms: float
    end_ms: float | None = None
    """None while the block goes on, or if the response broke off inside it."""
    characters: int = 0
    """Characters of its text, thinking or arguments received so far."""


class BlockTimes:
    """Records the times of the blocks in a message that is decoded chunk by chunk."""

    def __init__(self) -> None:
        self.blocks: list[BlockTime] = []
        """The blocks in the order in which they began."""
        self._growing: list[tuple[ContentBlock, BlockTime, int]] = []

    def note(self, fold: MessageFold, at_ms: float) -> None:
        """Record that the current contents of ``fold`` had arrived by this time."""
        for block in islice(fold.blocks.values(), len(self.blocks), None):
            name = block.start.get("name")
            time = BlockTime(block.type, name if isinstance(name, str) else None, at_ms)
            self.blocks.append(time)
            self._growing.append((block, time, 0))
        growing = []
        for block, time, seen in self._growing:
            time.characters += sum(map(len, block.pieces[seen:]))
            if block.done:
                time.end_ms = at_ms
            else:
                growing.append((block, time, len(block.pieces)))
        self._growing = growing
