"""Which calls a list shows and in which order, kept up to date exchange by exchange."""

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
from candela_tui.ui.dashboard.columns import BY_TIME
from candela_tui.ui.dashboard.table import Column, Table, Value
from candela_tui.ui.ledger import BACKGROUND

_CHUNK = 100
"""Exchanges that are taken at a stretch."""
_NEAR = 300
"""Calls on either side among which a new exchange may be a try of."""

_Rank = tuple[Any, ...]
"""Sorts as the list does; ends in the call's key."""


@dataclass(frozen=True, slots=True)
class View:
    """What of a session is wanted, and how."""

    filter: Filter
    agent_id: str | None = None
    """Only this sub-agent's; None: everybody's."""
    background: bool = False
    """Also what the client asks for itself."""
    order: Column = BY_TIME
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A row that changes: where it was (None: it was not there), and where it is now (None: it is there no more)."""

    was: int | None
    now: int | None
    call: Call


class _Verdict(Enum):
    SHOWN = auto()
    BACKGROUND = auto()
    OTHER = auto()
    """The filter does not look for it."""
    ELSEWHERE = auto()
    """Of another agent."""


@dataclass(slots=True)
class Listing:
    """Calls by key, which is the id of the first try."""

    view: View
    table: Table
    _calls: dict[str, Call] = field(default_factory=dict)
    _keys: list[str] = field(default_factory=list)
    """In the order of time."""
    _key_of: dict[str, str] = field(default_factory=dict)
    _verdicts: dict[str, _Verdict] = field(default_factory=dict)
    _counts: Counter[_Verdict] = field(default_factory=Counter)
    _rank_of: dict[str, _Rank] = field(default_factory=dict)
    _ranks: list[_Rank] = field(default_factory=list)
    """Of the calls that are shown, sorted: the list itself."""

    def load(self, exchanges: Sequence[Exchange], around: Surroundings) -> Iterator[None]:
        """Take all exchanges of a session, the earliest first, in steps."""
        for start in range(0, len(exchanges), _CHUNK):
            self._fold(exchanges[start : start + _CHUNK])
            yield
        runs: list[list[_Rank]] = []
        for start in range(0, len(self._keys), _CHUNK):
            ranks = []
            for key in self._keys[start : start + _CHUNK]:
                if self._judge(key, around) is _Verdict.SHOWN:
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
        """How many there would be without a filter."""
        return self._counts[_Verdict.SHOWN] + self._counts[_Verdict.OTHER]

    @property
    def hidden(self) -> int:
        """How many more there would be with what the client asks for itself."""
        return self._counts[_Verdict.BACKGROUND]

    @property
    def earliest(self) -> Call | None:
        """The call that began first, shown or not."""
        return self._calls[self._keys[0]] if self._keys else None

    @property
    def newest_key(self) -> str | None:
        """The key of the call that began last, shown or not; None: there is none."""
        return self._keys[-1] if self._keys else None

    def calls(self, start: int = 0, end: int | None = None) -> list[Call]:
        """The calls that are shown, in their order."""
        return [self._calls[rank[-1]] for rank in self._ranks[start:end]]

    def exchanges(self) -> Iterator[Exchange]:
        """Yield the tries of the calls that are shown, the earliest first; the list may change meanwhile."""
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
        """The call with a key; raises KeyError."""
        return self._calls[key]

    def key_of(self, exchange_id: str) -> str | None:
        """The key of the call that an exchange is a try of."""
        return self._key_of.get(exchange_id)

    def take(self, exchanges: Iterable[Exchange], around: Surroundings) -> Iterator[Step]:
        """Take new snapshots; the steps are to be followed one after the other."""
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
            self._verdicts_forget(key)
            if (step := self._place(key, call, shown=False)) is not None:
                yield step
        for key in sorted(changed | known - gone.keys()):
            shown = self._judge(key, around) is _Verdict.SHOWN
            if (step := self._place(key, self._calls[key], shown=shown)) is not None:
                yield step

    def _fold(self, new: Sequence[Exchange]) -> tuple[dict[str, Call], set[str]]:
        """Fold new exchanges into the calls near them; return the calls that others have taken in, and changed keys."""
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
        # Where something is looked for, each side request has its own row.
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

    def _judge(self, key: str, around: Surroundings) -> _Verdict:
        call = self._calls[key]
        view = self.view
        if view.agent_id is not None and call.last.agent_id != view.agent_id:
            verdict = _Verdict.ELSEWHERE
        elif not any(view.filter.matches(exchange, around) for exchange in call.tries):
            hidden = not view.background and call.last.kind in BACKGROUND
            verdict = _Verdict.ELSEWHERE if hidden else _Verdict.OTHER
        elif not view.background and call.last.kind in BACKGROUND:
            verdict = _Verdict.BACKGROUND
        else:
            verdict = _Verdict.SHOWN
        self._verdicts_forget(key)
        self._verdicts[key] = verdict
        self._counts[verdict] += 1
        return verdict

    def _verdicts_forget(self, key: str) -> None:
        before = self._verdicts.pop(key, None)
        if before is not None:
            self._counts[before] -= 1

    def _place(self, key: str, call: Call, *, shown: bool) -> Step | None:
        before = self._rank_of.get(key)
        rank = self._rank(call) if shown else None
        was = None if before is None else bisect_left(self._ranks, before)
        if before == rank:
            return None if was is None else Step(was, was, call)
        if was is not None:
            del self._ranks[was], self._rank_of[key]
        if rank is None:
            return Step(was, None, call)
        self._rank_of[key] = rank
        insort(self._ranks, rank)
        return Step(was, bisect_left(self._ranks, rank), call)

    def _rank(self, call: Call) -> _Rank:
        key = call.tries[0].id
        if self.view.order is BY_TIME and not self.view.descending:
            return (key,)
        value = self.view.order.order(call, self.table)
        if value is None:
            return (True, key)
        return (False, _descending(value) if self.view.descending else value, key)


def _descending(value: Value) -> Any:
    if isinstance(value, str):
        return (*(-ord(character) for character in value), 1)
    return None if value is None else -value
