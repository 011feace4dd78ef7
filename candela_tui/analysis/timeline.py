"""Usage over time: exchanges in buckets, and in one lane per agent."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from math import inf

from candela_tui.analysis.time_scale import Stretches, TimeScale
from candela_tui.exchange import Exchange, Outcome


class Part(IntEnum):
    """The components of tokens and cost."""

    CACHE_READ = 0
    CACHE_WRITE = 1
    INPUT = 2
    OUTPUT = 3
    SEARCHES = 4
    """Web searches: cost without tokens."""


@dataclass(slots=True)
class Bucket:
    """The exchanges that began within one column's time."""

    requests: int = 0
    priced: int = 0
    """The number of them that have a price."""
    tokens: list[int] = field(default_factory=lambda: [0] * len(Part))
    """Tokens of each component."""
    usd: list[Decimal] = field(default_factory=lambda: [Decimal(0)] * len(Part))
    """Cost of each component, in USD."""
    first_id: str | None = None
    """The id of the exchange that began first."""

    def add(self, exchange: Exchange) -> None:
        """Add one exchange to the bucket."""
        self.requests += 1
        self.first_id = self.first_id or exchange.id
        usage, cost = exchange.usage, exchange.cost
        if usage is not None:
            self.tokens[Part.CACHE_READ] += usage.cache_read_tokens or 0
            self.tokens[Part.CACHE_WRITE] += usage.cache_write_tokens or 0
            self.tokens[Part.INPUT] += usage.input_tokens or 0
            self.tokens[Part.OUTPUT] += usage.output_tokens or 0
        if cost is not None:
            self.priced += 1
            self.usd[Part.CACHE_READ] += cost.cache_read
            self.usd[Part.CACHE_WRITE] += cost.cache_write
            self.usd[Part.INPUT] += cost.input
            self.usd[Part.OUTPUT] += cost.output
            self.usd[Part.SEARCHES] += cost.web_searches


class State(IntEnum):
    """What an agent did; if several states apply, the greatest is shown."""

    IDLE = 0
    RAN = 1
    FAILED = 2
    LIVE = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One request in a lane (Unix seconds)."""

    start: float
    end: float
    exchange_id: str
    state: State


@dataclass(slots=True)
class Lane:
    """One agent's requests, earliest first."""

    agent_id: str | None
    """None for the main agent."""
    bars: list[Bar] = field(default_factory=list)
    busy_s: float = 0.0
    """Seconds during which at least one of its requests ran."""
    usd: Decimal = Decimal(0)
    priced: int = 0
    at_least: bool = False
    """Whether the cost is a lower bound, because a request has no final cost."""
    live: int = 0
    halves: bytearray = field(default_factory=bytearray)
    """The state in each half of each column."""
    _until: float = 0.0

    def add(self, exchange: Exchange, bar: Bar) -> None:
        """Add the next exchange to the lane."""
        self.bars.append(bar)
        self.busy_s += max(0.0, bar.end - max(bar.start, self._until))
        self._until = max(self._until, bar.end)
        self.live += exchange.live
        if exchange.cost is not None:
            self.usd += exchange.cost.total
            self.priced += 1
            self.at_least |= exchange.cost.at_least
        self.at_least |= exchange.unpriced_model is not None or exchange.unread is not None

    def draw(self, bar: Bar, scale: TimeScale) -> None:
        """Mark the half columns in which a request ran, at least one."""
        if not self.halves:
            self.halves = bytearray(2 * scale.columns)
        first = min(int(scale.position(bar.start) * 2), len(self.halves) - 1)
        last = max(first + 1, min(round(scale.position(bar.end) * 2), len(self.halves)))
        for place in range(first, last):
            self.halves[place] = max(self.halves[place], bar.state)

    def at(self, moment: float) -> Bar:
        """Return the last request that began before a moment, or the first request."""
        return self.bars[max(0, bisect_right(self.bars, moment, key=lambda bar: bar.start) - 1)]


@dataclass(slots=True)
class Timeline:
    """All buckets and lanes, on one scale."""

    scale: TimeScale
    buckets: list[Bucket]
    """One bucket per column."""
    lanes: list[Lane]
    """The main agent's first, then by the time of the first request."""
    live: bool = False
    """Whether a request is live, so that the timeline still grows."""


def begin_and_end(exchange: Exchange, now: datetime) -> tuple[float, float]:
    """Return when an exchange began and ended (Unix seconds); a live one ends now."""
    start = exchange.started_at.timestamp()
    if exchange.live:
        return start, max(start, now.timestamp())
    marks = exchange.marks
    known = (mark for mark in (marks.end, marks.first_token, marks.first_byte, marks.connected) if mark is not None)
    return start, start + max(0.0, next(known, 0.0)) / 1000


def busy_seconds(spans: Iterable[tuple[float, float]]) -> float:
    """Return the seconds that are in at least one of the spans, each a start and an end."""
    busy, until = 0.0, -inf
    for start, end in sorted(spans):
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy


class Drafting:
    """Builds a timeline in steps, because thousands of exchanges would block the screen for too long."""

    def __init__(self, exchanges: Iterable[Exchange], *, columns: int, now: datetime) -> None:
        self._exchanges = exchanges
        self._columns = columns
        self._now = now
        self.timeline: Timeline | None = None
        """None until all steps are done, or if there is nothing to show."""

    def steps(self) -> Iterator[None]:
        """Do the work, one exchange per step. The exchanges must be in the order of their start."""
        stretches = Stretches()
        lanes: dict[str | None, Lane] = {}
        begun: list[tuple[Exchange, Lane, Bar]] = []
        for exchange in self._exchanges:
            start, end = begin_and_end(exchange, self._now)
            stretches.add(start, end)
            lane = lanes.get(exchange.agent_id)
            if lane is None:
                lane = lanes[exchange.agent_id] = Lane(exchange.agent_id)
            bar = Bar(start, end, exchange.id, _state(exchange))
            lane.add(exchange, bar)
            begun.append((exchange, lane, bar))
            yield
        if not begun:
            return
        scale = TimeScale(stretches, self._columns)
        buckets = [Bucket() for _ in range(scale.columns)]
        for exchange, lane, bar in begun:
            buckets[scale.column(bar.start)].add(exchange)
            lane.draw(bar, scale)
            yield
        main_first = sorted(lanes.values(), key=lambda lane: (lane.agent_id is not None, lane.bars[0].start))
        self.timeline = Timeline(scale, buckets, main_first, any(lane.live for lane in main_first))


def _state(exchange: Exchange) -> State:
    if exchange.live:
        return State.LIVE
    return State.FAILED if exchange.outcome in (Outcome.ERROR, Outcome.CUT, Outcome.BLOCKED) else State.RAN
