"""What the marks of a request left in the cache, beside a later request that may read it."""

from dataclasses import dataclass

from candela_tui.analysis.cache_rules import LOOKBACK
from candela_tui.analysis.prompt_blocks import Prompt


@dataclass(frozen=True, slots=True)
class CachedPrefix:
    """The beginning of a prompt up to a mark, which the provider keeps as one entry."""

    place: int
    """The position of the marked block."""
    path: str
    """Where that block is in the body."""
    ttl: str
    """The lifetime that the mark asks for."""
    tokens: int
    """The tokens up to the mark: as measured up to the last one, and by their share of the bytes before that."""
    same: bool
    """Whether the later prompt begins with the same blocks."""
    in_reach: bool
    """Whether the provider looks there for the later prompt: a mark of it is there, or up to 20 blocks behind."""


def cached_prefixes(now: Prompt, before: Prompt, tokens: int) -> list[CachedPrefix]:
    """Return what each mark of ``before`` left in the cache, the shortest first. ``tokens`` is what that request read
    and wrote."""
    marks = before.marks
    if not marks:
        return []
    same, reach = now.common_prefix(before), now.marks
    whole = before.size_of(marks[-1] + 1) or 1
    return [
        CachedPrefix(
            place,
            before.blocks[place].path,
            before.blocks[place].mark or "",
            tokens if place == marks[-1] else tokens * before.size_of(place + 1) // whole,
            place < same,
            any(place <= mark <= place + LOOKBACK for mark in reach),
        )
        for place in marks
    ]
