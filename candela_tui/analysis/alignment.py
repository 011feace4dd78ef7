"""Aligns two sequences: finds the items that a diff keeps.

This is patience diff (Bram Cohen): items that are unique on both sides, in the longest common order, anchor the rest.
It aligns thousands of messages or lines in linear time, where an exact minimum would take seconds; difflib compares the
items between the anchors.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

_MOST_COMPARED = 10_000
"""Comparisons (items of one side times items of the other) between two anchors up to which all are made. Above that,
all items count as new."""


class Pair(NamedTuple):
    """The positions of an item on both sides; None if it is not on that side."""

    old: int | None
    new: int | None


def aligned(old: Sequence[Hashable], new: Sequence[Hashable], pairs: list[Pair]) -> Iterator[None]:
    """Add every item of both sequences to ``pairs``, in order; removed items come before those that replace them.

    Each step handles the part between two anchors: some milliseconds for thousands of items without any.
    """
    after_old = after_new = 0
    for old_place, new_place, size in _runs(old, new):
        if size:
            pairs += [Pair(place, None) for place in range(after_old, old_place)]
            pairs += [Pair(None, place) for place in range(after_new, new_place)]
            pairs += [Pair(old_place + offset, new_place + offset) for offset in range(size)]
            after_old, after_new = old_place + size, new_place + size
        yield
    pairs += [Pair(place, None) for place in range(after_old, len(old))]
    pairs += [Pair(None, place) for place in range(after_new, len(new))]


def _runs(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int, int]]:
    """Yield runs of items that are the same on both sides, in order: where they begin, and their length (may be 0)."""
    waiting = [(0, len(old), 0, len(new))]
    while waiting:
        old_from, old_to, new_from, new_to = waiting.pop()
        begun = old_from, new_from
        while old_from < old_to and new_from < new_to and old[old_from] == new[new_from]:
            old_from, new_from = old_from + 1, new_from + 1
        yield (*begun, old_from - begun[0])
        end = old_to
        while old_from < old_to and new_from < new_to and old[old_to - 1] == new[new_to - 1]:
            old_to, new_to = old_to - 1, new_to - 1
        if end > old_to:
            # Return to the common end after the part before it: as a part of its own, it is all common beginning.
            waiting.append((old_to, end, new_to, new_to + end - old_to))
        if old_from == old_to or new_from == new_to:
            continue
        anchors = _anchors(old[old_from:old_to], new[new_from:new_to])
        if anchors:
            edges = [(old_from + a, new_from + b) for a, b in anchors]
            ends = [*edges[1:], (old_to, new_to)]
            parts = [(*start, *end) for start, end in zip(edges, ends, strict=True)]
            waiting += [(a, to_a, b, to_b) for a, b, to_a, to_b in reversed(parts)]
            waiting.append((old_from, edges[0][0], new_from, edges[0][1]))
        elif (old_to - old_from) * (new_to - new_from) <= _MOST_COMPARED:
            matcher = SequenceMatcher(None, old[old_from:old_to], new[new_from:new_to], autojunk=False)
            for block in matcher.get_matching_blocks():
                yield old_from + block.a, new_from + block.b, block.size


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the positions of items that are unique on both sides, the most that are in the same order."""
    times_old, times_new = Counter(old), Counter(new)
    places = {item: place for place, item in enumerate(new) if times_new[item] == 1}
    unique = [(place, places[item]) for place, item in enumerate(old) if times_old[item] == 1 and item in places]
    # Find the longest rising run by patience sorting: each pair goes on the first pile whose top is greater.
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(unique):
        pile = bisect_left(tops, place)
        tops[pile : pile + 1] = [place]
        piles[pile : pile + 1] = [number]
        before.append(piles[pile - 1] if pile else -1)
    run: list[tuple[int, int]] = []
    number = piles[-1] if piles else -1
    while number >= 0:
        run.append(unique[number])
        number = before[number]
    return run[::-1]
