"""The calls that a list shows and their order, updated exchange by exchange."""

import heapq
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import islice, pairwise
from typing import Any

from candela_tui.analysis.filter import Filter
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.analysis.retries import Call, calls, in_runs, runs
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.ui.screens.dashboard.requests.columns import BY_TIME
from candela_tui.ui.screens.dashboard.requests.table import Column, Table, Value
from candela_tui.ui.state.loaded_exchanges import BACKGROUND

_CHUNK = 100
"""Exchanges taken in one step."""
_NEAR = 300
"""Calls on either side that a new exchange may be a try of."""

_Rank = tuple[Any, ...]
"""Sorts like the list; ends with the call's key."""


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """Which calls of a session to list, and how."""

    filter: Filter
    agent_id: str | None = None
    """Only this sub-agent's calls; None: those of all agents."""
    background: bool = False
    """Include requests that the client makes for itself."""
    order: Column = BY_TIME
    descending: bool = False


@dataclass(frozen=True, slots=True)
class RowChange:
    """A changed row: its old position (None: new) and its new position (None: removed)."""

    was: int | None
    now: int | None
    call: Call


class _Visibility(Enum):
    SHOWN = auto()
    BACKGROUND = auto()
    OTHER = auto()
    """The filter excludes it."""
    ELSEWHERE = auto()
    """It belongs to another agent."""


@dataclass(slots=True)
class VisibleCalls:
    """The calls of a list by key, which is the id of their first try."""

    view: ViewOptions
    table: Table
    _calls: dict[str, Call] = field(default_factory=dict)
    _keys: list[str] = field(default_factory=list)
    """The keys in order of time."""
    _key_of: dict[str, str] = field(default_factory=dict)
    _visibilities: dict[str, _Visibility] = field(default_factory=dict)
    _counts: Counter[_Visibility] = field(default_factory=Counter)
    _rank_of: dict[str, _Rank] = field(default_factory=dict)
    _ranks: list[_Rank] = field(default_factory=list)
    """The sorted ranks of the visible calls: the list itself."""

    def load(self, exchanges: Sequence[Exchange], around: Surroundings) -> Iterator[None]:
        """Take all exchanges of a session, the earliest first, in steps."""
        for start in range(0, len(exchanges), _CHUNK):
            self._fold(exchanges[start : start + _CHUNK])
            yield
        runs: list[list[_Rank]] = []
        for start in range(0, len(self._keys), _CHUNK):
            ranks = []
            for key in self._keys[start : start + _CHUNK]:
                if self._judge(key, around) is _Visibility.SHOWN:
                    rank = self._rank_of[key] = self._rank(self._calls[key])
                    ranks.append(rank)
            if ranks:
                ranks.sort()
                runs.append(ranks)
            yield
        if all(run[-1] < following[0] for run, following in pairwise(runs)):
            merged: Iterator[_Rank] = (rank for run in runs for rank in run)
        else:
            merged = heapq.merge(*runs)
        while chunk := list(islice(merged, _CHUNK)):
            self._ranks += chunk
            yield

    def __len__(self) -> int:
        return len(self._ranks)

    @property
    def looked_at(self) -> int:
        """The number of calls without a filter."""
        return self._counts[_Visibility.SHOWN] + self._counts[_Visibility.OTHER]

    @property
    def hidden(self) -> int:
        """The number of hidden calls that the client makes for itself."""
        return self._counts[_Visibility.BACKGROUND]

    @property
    def earliest(self) -> Call | None:
        """The earliest call, visible or not."""
        return self._calls[self._keys[0]] if self._keys else None

    @property
    def newest_key(self) -> str | None:
        """The key of the newest call, visible or not; None if there is none."""
        return self._keys[-1] if self._keys else None

    def calls(self, start: int = 0, end: int | None = None) -> list[Call]:
        """Return the visible calls in their order."""
        return [self._calls[rank[-1]] for rank in self._ranks[start:end]]

    def exchanges(self) -> Iterator[Exchange]:
        """Yield the tries of the visible calls, the earliest first. The list may change meanwhile."""
        later: list[tuple[str, Exchange]] = []
        for key in list(self._keys):
            while later and later[0][0] < key:
                yield heapq.heappop(later)[1]
            if key in self._rank_of and (call := self._calls.get(key)) is not None:
                for exchange in call.tries:
                    heapq.heappush(later, (exchange.id, exchange))
        while later:
            yield heapq.heappop(later)[1]

    def call(self, key: str) -> Call:
        """Return the call with a key. Raises KeyError."""
        return self._calls[key]

    def key_of(self, exchange_id: str) -> str | None:
        """Return the key of the call that an exchange is a try of."""
        return self._key_of.get(exchange_id)

    def take(self, exchanges: Iterable[Exchange], around: Surroundings) -> Iterator[RowChange]:
        """Take new snapshots; yield the changes of rows, to be applied one after the other."""
        known: set[str] = set()
        new = []
        for exchange in exchanges:
            key = self._key_of.get(exchange.id)
            if key is None:
                new.append(exchange)
            else:
                tries = self._calls[key].tries
                changed_tries = tuple(exchange if one.id == exchange.id else one for one in tries)
                self._calls[key] = replace(self._calls[key], tries=changed_tries)
                known.add(key)
        gone, changed = self._fold(sorted(new, key=lambda exchange: exchange.id)) if new else ({}, set())
        for key, call in gone.items():
            self._forget_visibility(key)
            if (step := self._place(key, call, shown=False)) is not None:
                yield step
        for key in sorted(changed | known - gone.keys()):
            shown = self._judge(key, around) is _Visibility.SHOWN
            if (step := self._place(key, self._calls[key], shown=shown)) is not None:
                yield step

    def _fold(self, new: Sequence[Exchange]) -> tuple[dict[str, Call], set[str]]:
        """Fold new exchanges into nearby calls. Return the calls that were merged into others, and the changed keys."""
        if self._goes_on_with_none(new):
            for exchange in new:
                self._calls[exchange.id] = Call((exchange,))
                self._key_of[exchange.id] = exchange.id
                self._keys.append(exchange.id)
            return {}, {exchange.id for exchange in new}
        first = max(0, bisect_left(self._keys, new[0].id) - _NEAR)
        end = bisect_left(self._keys, new[-1].id) + _NEAR
        before = {key: self._calls[key] for key in self._keys[first:end]}
        tries = {exchange.id: exchange for call in before.values() for exchange in call.tries}
        found = calls([*tries.values(), *new])
        # With a filter, each side request has its own row.
        folded = {call.tries[0].id: call for call in (found if self.view.filter else runs(found))}
        changed = {key for key, call in folded.items() if before.get(key) != call}
        gone = {key: call for key, call in before.items() if key not in folded}
        for key in gone:
            del self._calls[key]
        for key in changed:
            self._calls[key] = folded[key]
            for exchange in folded[key].tries:
                self._key_of[exchange.id] = key
        self._keys[first:end] = folded
        return gone, changed

    def _goes_on_with_none(self, new: Sequence[Exchange]) -> bool:
        if any(exchange.retry or in_runs(exchange) for exchange in new) or any(
            exchange.failed for exchange in new[:-1]
        ):
            return False
        if self._keys and self._calls[self._keys[-1]].last.id > new[0].id:
            return False
        return not any(self._calls[key].last.failed for key in self._keys[-_NEAR:])

    def _judge(self, key: str, around: Surroundings) -> _Visibility:
        call = self._calls[key]
        view = self.view
        if view.agent_id is not None and call.last.agent_id != view.agent_id:
            verdict = _Visibility.ELSEWHERE
        elif not any(
            view.filter.matches(exchange, around if call.run or not earlier else _of_try(around, earlier))
            for earlier, exchange in enumerate(call.tries)
        ):
            hidden = not view.background and call.last.kind in BACKGROUND
            verdict = _Visibility.ELSEWHERE if hidden else _Visibility.OTHER
        elif not view.background and call.last.kind in BACKGROUND:
            verdict = _Visibility.BACKGROUND
        else:
            verdict = _Visibility.SHOWN
        self._forget_visibility(key)
        self._visibilities[key] = verdict
        self._counts[verdict] += 1
        return verdict

    def _forget_visibility(self, key: str) -> None:
        before = self._visibilities.pop(key, None)
        if before is not None:
            self._counts[before] -= 1

    def _place(self, key: str, call: Call, *, shown: bool) -> RowChange | None:
        before = self._rank_of.get(key)
        rank = self._rank(call) if shown else None
        was = None if before is None else bisect_left(self._ranks, before)
        if before == rank:
            return None if was is None else RowChange(was, was, call)
        if was is not None:
            del self._ranks[was], self._rank_of[key]
        if rank is None:
            return RowChange(was, None, call)
        self._rank_of[key] = rank
        insort(self._ranks, rank)
        return RowChange(was, bisect_left(self._ranks, rank), call)

    def _rank(self, call: Call) -> _Rank:
        key = call.tries[0].id
        if self.view.order is BY_TIME and not self.view.descending:
            return (key,)
        value = self.view.order.order(call, self.table)
        if value is None:
            return (True, key)
        return (False, _descending(value) if self.view.descending else value, key)


def _of_try(around: Surroundings, earlier: int) -> Surroundings:
    return replace(around, context=Context(earlier_tries=earlier))


def _descending(value: Value) -> Any:
    if isinstance(value, str):
        return (*(-ord(character) for character in value), 1)
    return None if value is None else -value
