"""What a text view shows."""

from typing import Protocol

from candela_tui.ui.ink import Line


class Lines(Protocol):
    """Lines that fit the width they were made for. Their number may grow while they are shown."""

    def __len__(self) -> int: ...

    def line(self, number: int) -> Line:
        """What to draw."""

    def text(self, number: int) -> str:
        """What to search and copy."""
