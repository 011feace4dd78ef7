"""How a subscription's windows filled over time, and which session and agent filled them.

Answers state how much of each window is used, not who used it. So each rise between two stated values is shared out
among the recorded requests that ended in between: by their cost, or by weighted tokens where one of them has no price.
That is inferred, and is as good as the record: usage of the same account elsewhere counts in the windows too.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Final

from candela_tui.analysis.limits import Window, limits_of, merged_ends, window_length
from candela_tui.exchange import Exchange
from candela_tui.protocol.model_ids import model_name
from candela_tui.protocol.usage import Usage

_SHORT, _RECENT_OF_SHORT, _RECENT = timedelta(days=1), timedelta(hours=1), timedelta(days=1)
_LEAST = timedelta(minutes=1)
"""The shortest time from which a pace is calculated."""
_FAMILIES = frozenset({"opus", "sonnet", "haiku", "fable"})
_OF_MODELS = {"oi": "fable"}
"""Windows whose names do not have the name of their model, as Claude Code labels them (2.1.267, observed)."""


@dataclass(frozen=True, slots=True)
class LimitedRequest:
    """What one request used of a subscription, and what its answer states about the limits."""

    session_id: str | None
    agent_id: str | None
    model: str | None
    answered_at: datetime
    """When the answer's header fields came."""
    ended_at: datetime
    windows: tuple[Window, ...]
    usd: Decimal | None
    """What the API would charge; None: not known."""
    weighted_tokens: int
    """See ``weighted_tokens``; 0 if no usage is stated."""

    @classmethod
    def of(cls, exchange: Exchange) -> "LimitedRequest | None":
        """Return what an exchange that crossed the proxy says, or None if it has not ended, or no subscription paid
        for it."""
        limits = limits_of(exchange)
        windows = limits.windows if limits is not None else ()
        if exchange.live or exchange.imported is not None or not (windows or exchange.subscription):
            return None
        return cls(
            exchange.session_id,
            exchange.agent_id,
            exchange.model_used or exchange.model,
            exchange.started_at + timedelta(milliseconds=exchange.marks.first_byte or 0),
            exchange.started_at + timedelta(milliseconds=exchange.marks.end or exchange.marks.first_byte or 0),
            windows,
            exchange.cost.total if exchange.cost is not None else None,
            weighted_tokens(exchange.usage) if exchange.usage is not None else 0,
        )


@dataclass(slots=True)
class WindowShare:
    """What one agent of a session used of a window."""

    requests: int = 0
    usd: Decimal | None = None
    """The cost of the requests that have a price; None if none has."""
    rise: float = 0.0
    """The part of the window, 0 to 1, that is inferred to be theirs."""

    def include(self, requests: int, usd: Decimal | None, rise: float) -> None:
        """Add requests."""
        self.requests += requests
        self.rise += rise
        if usd is not None:
            self.usd = (self.usd or Decimal(0)) + usd


@dataclass(slots=True)
class WindowPeriod:
    """One run of a window, from its beginning to its reset."""

    name: str
    """The name in the provider's header fields, such as ``5h``."""
    starts_at: datetime
    ends_at: datetime
    levels: list[tuple[datetime, float]] = field(default_factory=list)
    """The used share each time an answer states a higher one. From the beginning of the window, with 0, if answers
    were recorded before it."""
    last_at: datetime | None = None
    """The time of the last answer that states the window."""
    status: str | None = None
    """The status that the last answer states, such as ``allowed_warning``."""
    shares: dict[tuple[str | None, str | None], WindowShare] = field(default_factory=dict)
    """By session and agent."""
    earlier: float = 0.0
    """The part that was used before the first recorded answer."""
    elsewhere: float = 0.0
    """The part that rose while no recorded request could have used it."""
    by_tokens: bool = False
    """Whether a rise was shared out by weighted tokens, because a request has no price."""

    @property
    def utilization(self) -> float:
        """The highest used share that an answer states, 0 to 1."""
        return self.levels[-1][1] if self.levels else 0.0

    def over(self, now: datetime) -> bool:
        """Return whether the window was reset since."""
        return self.ends_at <= now

    def level_at(self, moment: datetime) -> float | None:
        """Return the used share at a moment; None if that is before the first one that is known."""
        place = bisect_right(self.levels, moment, key=lambda level: level[0])
        return self.levels[place - 1][1] if place else None

    def largest_first(self) -> list[tuple[tuple[str | None, str | None], WindowShare]]:
        """Return the shares, the largest first."""
        return sorted(self.shares.items(), key=lambda each: (-each[1].rise, -each[1].requests, str(each[0])))


@dataclass(frozen=True, slots=True)
class WindowPace:
    """How fast a window fills, and where that leads."""

    over: timedelta
    """The time span over which the pace is measured."""
    per_hour: float
    """The share of the window that is used in an hour."""
    at_reset: float
    """The used share at the reset if that goes on; 1 and more: the window is used up before."""
    full_at: datetime | None
    """When the window is used up if that goes on; None: not before the reset."""


WEIGHTS: Final[Mapping[str, int]] = {
    "input_tokens": 20,
    "cache_read_tokens": 2,
    "cache_write_5m_tokens": 25,
    "cache_write_1h_tokens": 40,
    "output_tokens": 100,
}
"""What a token of each kind counts for, in twentieths of an input token: the proportions of most models' prices."""


def weighted_tokens(usage: Usage) -> int:
    """Return the tokens of a usage in twentieths of an input token."""
    return sum(weight * (getattr(usage, name) or 0) for name, weight in WEIGHTS.items())


def window_periods(requests: Iterable[LimitedRequest]) -> list[WindowPeriod]:
    """Return every run of every window that the answers state: those of one window together, the earliest first."""
    by_end = sorted(requests, key=attrgetter("ended_at"))
    by_answer = sorted(by_end, key=attrgetter("answered_at"))
    names = dict.fromkeys(window.name for request in by_answer for window in request.windows)
    return [period for name in sorted(names, key=_shortest_first) for period in _periods(name, by_answer, by_end)]


def sum_of_shares(shares: Iterable[WindowShare]) -> WindowShare:
    """Return the sum of several shares."""
    every = WindowShare()
    for share in shares:
        every.include(share.requests, share.usd, share.rise)
    return every


def pace_of(period: WindowPeriod, now: datetime) -> WindowPace | None:
    """Return how fast a window filled in the last hour, or day if it is longer than one; None if it is over, or known
    for less than a minute."""
    if period.over(now) or not period.levels:
        return None
    recent = _RECENT_OF_SHORT if period.ends_at - period.starts_at < _SHORT else _RECENT
    begun = max(now - recent, period.levels[0][0])
    if now - begun < _LEAST:
        return None
    used = period.utilization
    per_second = (used - (period.level_at(begun) or 0.0)) / (now - begun).total_seconds()
    left = (period.ends_at - now).total_seconds()
    full_in = max(0.0, 1 - used) / per_second if per_second > 0 else None
    full_at = now + timedelta(seconds=full_in) if full_in is not None and full_in < left else None
    return WindowPace(now - begun, per_second * 3600, used + per_second * left, full_at)


def _shortest_first(name: str) -> tuple[timedelta, str]:
    return window_length(name) or timedelta.max, name


def _periods(name: str, by_answer: Sequence[LimitedRequest], by_end: Sequence[LimitedRequest]) -> list[WindowPeriod]:
    length = window_length(name)
    if length is None:
        return []
    stated = [
        (request.answered_at, window)
        for request in by_answer
        for window in request.windows
        if window.name == name and window.utilization is not None and window.resets_at is not None
    ]
    if not stated:
        return []
    ends = merged_ends(window.resets_at for _, window in stated if window.resets_at is not None)
    readings: list[list[tuple[datetime, Window]]] = [[] for _ in ends]
    for at, window in stated:
        readings[bisect_right(ends, window.resets_at, key=lambda end: end[0]) - 1].append((at, window))
    of_models = {model for model in {request.model for request in by_end} if _counts_in(model, name)}
    counted = [request for request in by_end if request.model in of_models]
    ended = [request.ended_at for request in counted]
    first = stated[0][0]
    return [
        _filled(WindowPeriod(name, end - length, end), of_period, counted, ended, from_start=first < end - length)
        for (end, _), of_period in zip(ends, readings, strict=True)
    ]


def _filled(
    period: WindowPeriod,
    readings: Sequence[tuple[datetime, Window]],
    requests: Sequence[LimitedRequest],
    ended: Sequence[datetime],
    *,
    from_start: bool,
) -> WindowPeriod:
    """Return a period with its levels and shares. ``requests`` are in the order of ``ended``."""
    within = requests[bisect_right(ended, period.starts_at) : bisect_right(ended, period.ends_at)]
    for request in within:
        share = period.shares.setdefault((request.session_id, request.agent_id), WindowShare())
        share.include(1, request.usd, 0.0)
    if from_start:
        period.levels.append((period.starts_at, 0.0))
    for at, window in readings:
        used = window.utilization or 0.0
        period.last_at, period.status = at, window.status
        if not period.levels:
            period.levels.append((at, used))
            period.earlier = used
        elif used > period.utilization:
            since, before = period.levels[-1]
            used_it = requests[bisect_right(ended, since) : bisect_right(ended, at)]
            _share_out(period, used - before, used_it)
            period.levels.append((at, used))
    return period


def _share_out(period: WindowPeriod, rise: float, requests: Sequence[LimitedRequest]) -> None:
    weights: list[float] = []
    if all(request.usd is not None or not request.weighted_tokens for request in requests):
        weights = [float(request.usd or 0) for request in requests]
    else:
        weights = [float(request.weighted_tokens) for request in requests]
        period.by_tokens = True
    whole = sum(weights)
    if not whole:
        period.elsewhere += rise
        return
    for request, weight in zip(requests, weights, strict=True):
        share = period.shares.setdefault((request.session_id, request.agent_id), WindowShare())
        share.rise += rise * weight / whole


def _counts_in(model: str | None, name: str) -> bool:
    """Return whether a model's requests count in a window: some windows are for one model alone."""
    _, _, of_model = name.partition("_")
    family = _OF_MODELS.get(of_model, of_model)
    return family not in _FAMILIES or family in model_name(model or "").base.split("-")
