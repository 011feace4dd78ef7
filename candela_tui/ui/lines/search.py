"""What is looked for in lines, and what finds it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

MOST_HITS = 100_000

Hit = tuple[int, int, int, int]
"""Where words were found, in an order that follows the text; what the numbers are is up to the lines."""


@dataclass(frozen=True, slots=True)
class Query:
    """Words to find, whatever their case."""

    words: str

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("a query without words")

    @property
    def pattern(self) -> re.Pattern[str]:
        """What matches them. (The module re keeps compiled patterns.)"""
        return re.compile(re.escape(self.words), re.IGNORECASE)


class Finder(Protocol):
    """A search that goes on as lines are added."""

    hits: list[Hit]

    @property
    def complete(self) -> bool:
        """Whether all lines that there are were searched."""
        ...

    def steps(self) -> Iterator[None]:
        """Search what was not searched yet."""
        ...
