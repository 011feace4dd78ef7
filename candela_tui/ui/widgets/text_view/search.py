"""The query of a search, and the protocol of the finders that run it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

MOST_HITS = 100_000

Hit = tuple[int, int, int, int]
"""The position of a match. Hits sort in the order of the text; each kind of lines gives the numbers its own meaning."""


@dataclass(frozen=True, slots=True)
class Query:
    """Words to find, ignoring case."""

    words: str
    section: str = ""
    """The section of the lines whose first hit is shown first; empty: the first hit in view or below."""

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("a query without words")

    @property
    def pattern(self) -> re.Pattern[str]:
        """A pattern that matches the words. The re module caches compiled patterns."""
        return re.compile(re.escape(self.words), re.IGNORECASE)


class Finder(Protocol):
    """A search that continues as lines are added."""

    hits: list[Hit]

    @property
    def complete(self) -> bool:
        """Whether all lines so far were searched."""
        ...

    def steps(self) -> Iterator[None]:
        """Search what was not searched yet, in steps."""
        ...
