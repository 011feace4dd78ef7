"""The windows of five hours in which a subscription's usage is counted.

A window begins with a request after the end of the previous one. Where the answers state when a window is reset, that
is its end. For other requests the window begins at the full hour of its first request, as ccusage estimates it too.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from candela_tui.analysis.limits import merged_ends
from candela_tui.ledger.totals import Totals

LENGTH = timedelta(hours=5)
_LEAST = timedelta(minutes=1)
"""The shortest use from which a pace is calculated."""
_SECOND = timedelta(seconds=1)
_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Block:
    """One window."""

    starts_at: datetime
    ends_at: datetime
    measured: bool
    """Whether an answer states its end."""

    def active(self, now: datetime) -> bool:
        """Return whether the window has not ended yet."""
        return self.starts_at <= now < self.ends_at


class Blocks:
    """Finds the window of a moment. Windows do not overlap, unless answers say that they do."""

    def __init__(self, begun: Iterable[datetime], resets: Iterable[datetime]) -> None:
        """``begun`` are the times at which requests began, ``resets`` the ends of windows that answers state."""
        self._measured = _measured(resets)
        self._estimated: list[Block] = []
        for moment in sorted(begun):
            self.at(moment)

    def at(self, moment: datetime) -> Block:
        """Return the window of a moment. If there is none yet, one begins with it."""
        found = _covering(self._measured, moment) or _covering(self._estimated, moment)
        if found is None:
            found = self._from_first_use(moment)
            insort(self._estimated, found, key=_start)
        return found

    def _from_first_use(self, moment: datetime) -> Block:
        start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        place = bisect_right(self._measured, moment, key=_start)
        if place:
            start = max(start, self._measured[place - 1].ends_at)
        end = start + LENGTH
        if place < len(self._measured):
            end = min(end, self._measured[place].starts_at)
        return Block(start, end, measured=False)


def _measured(resets: Iterable[datetime]) -> list[Block]:
    """Return the windows that end at these times, in order."""
    return [Block(first - LENGTH, last, measured=True) for first, last in merged_ends(resets)]


def _covering(blocks: Sequence[Block], moment: datetime) -> Block | None:
    """Return the window that began last of those that a moment is in."""
    place = bisect_right(blocks, moment, key=_start) - 1
    return blocks[place] if place >= 0 and moment < blocks[place].ends_at else None


def _start(block: Block) -> datetime:
    return block.starts_at


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a window is used, and what it comes to if that goes on."""

    tokens_per_minute: Decimal
    usd_per_hour: Decimal | None
    """None: nothing has a price."""
    projected_tokens: int | None
    """None: the window has ended."""
    projected_usd: Decimal | None


def pace(block: Block, totals: Totals, first_at: datetime, last_at: datetime, now: datetime) -> Pace | None:
    """Return the pace since the first request of a window, until its last one or until now if it has not ended; None
    if that is less than a minute."""
    active = block.active(now)
    took = (now if active else last_at) - first_at
    if took < _LEAST:
        return None
    tokens = totals.prompt_tokens + totals.output_tokens
    cost = totals.cost
    left = block.ends_at - now if active else None
    seconds = Decimal(took // _SECOND)
    more = Decimal(left // _SECOND) / seconds if left is not None else None
    return Pace(
        (tokens * 60 / seconds).quantize(_STEP),
        (cost * 3600 / seconds).quantize(_STEP) if cost is not None else None,
        tokens + int(tokens * more) if more is not None else None,
        (cost + cost * more).quantize(_STEP) if more is not None and cost is not None else None,
    )
