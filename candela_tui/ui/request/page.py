"""What the pages of the request screen have in common."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from candela_tui.exchange import Exchange
from candela_tui.ui.bodies import Bodies
from candela_tui.ui.clock import Clock
from candela_tui.ui.lines.folds import Level
from candela_tui.ui.lines.lines import Lines
from candela_tui.ui.preferences import Preferences


@dataclass(slots=True)
class Subject:
    """The request that the screen shows. ``exchange`` is replaced as it grows."""

    exchange: Exchange
    bodies: Bodies
    clock: Clock
    agent: str = "main"
    tries: tuple[Exchange, ...] = ()
    """Every try of the same call, this one among them, the earliest first; none: there was no other."""
    preferences: Preferences = field(default_factory=Preferences)
    folds: dict[str, dict[str | int, Level]] = field(default_factory=dict)
    """By page, the level of detail of each block that it was chosen for alone: kept when a page is made anew."""


class Page(Protocol):
    """One tab's content for one width. A page is made anew for another width, so it keeps no state beyond its lines.

    ``open`` and ``more`` raise StoreError where a body can't be read.
    """

    title: ClassVar[str]

    def __init__(self, subject: Subject, width: int) -> None: ...

    @property
    def lines(self) -> Lines:
        """What to show. May become another object as the page is written."""
        ...

    @property
    def follows(self) -> bool:
        """Whether to stay at the end while it grows."""
        ...

    async def open(self) -> Iterator[None]:
        """Get what it needs; return the steps that write its lines."""
        ...

    async def more(self) -> Iterator[None] | None:
        """The exchange grew: return the steps that bring the lines up to date; None: nothing to do."""
        ...
