"""Counts together with other replicas."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from candela_tui.exchange import Exchange
from candela_tui.rules.budgets.account import NOTHING, Amount, Balance, Limit
from candela_tui.rules.budgets.asked import Asked
from candela_tui.rules.budgets.books import Unreachable
from candela_tui.rules.budgets.budget import Budget, Concerned
from candela_tui.rules.budgets.recent_costs import amount_of
from candela_tui.rules.budgets.shared.account import SharedAccount
from candela_tui.rules.budgets.shared.counter import (
    Charge,
    Claim,
    CounterKey,
    counter_key,
    definition_of,
)
from candela_tui.rules.budgets.shared.overrides import SharedOverrides
from candela_tui.rules.budgets.shared.replica import News, Replica
from candela_tui.rules.budgets.windows import Window
from candela_tui.store.errors import StoreError
from candela_tui.store.indexed_text import indexed_text
from candela_tui.text.times import utc_now


class Listener(Protocol):
    """Hears what other replicas do."""

    def counters_changed(self, changed: Sequence[Concerned]) -> None:
        """Take note of accounts that changed, and that overrides may have."""

    async def recorded(self, request_id: str) -> tuple[Exchange, list[Concerned]] | None:
        """Return what is recorded of a request of another replica, with the budgets that it falls under; None if
        nothing is. Raises StoreError."""

    def reachable(self, *, reachable: bool, why: str) -> None:
        """Take note of whether the counters can be reached, or why not."""


class SharedBooks:
    """Counts in PostgreSQL. The accounts show what it last said."""

    shared = True

    def __init__(self, replica: Replica, overrides: SharedOverrides, now: Callable[[], datetime] = utc_now) -> None:
        self._replica = replica
        self._overrides = overrides
        self._now = now
        self._listener: Listener | None = None
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._definitions: dict[str, str] = {}
        self._earlier: dict[str, list[Charge]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self, listener: Listener) -> None:
        """Tell a listener from now on."""
        self._listener = listener

    def balance(self, limit: Limit, window: Window) -> Balance:
        """Return the account of a target of which nothing is known yet."""
        return SharedAccount(limit, window)

    def target(self, target: str) -> str:
        """Return how a target is named in the counters."""
        return indexed_text(target)

    def configure(self, budgets: Sequence[Budget], timezone: str | None) -> None:
        """Count for these budgets from now on. Without any, nothing is connected to."""
        self._definitions = {each.name: definition_of(each.settings, timezone) for each in budgets}
        self._budgets = {(indexed_text(each.name), self._definitions[each.name]): each for each in budgets}
        self._earlier = {}
        self._replica.watch({self._definitions[each.name]: each.window.span for each in budgets})
        if budgets and not self._replica.started:
            self._replica.start(self._told)

    def _key(self, budget: Budget, target: str, moment: datetime) -> CounterKey:
        rolls = budget.window.span is not None
        return counter_key(budget.name, self._definitions[budget.name], target, budget.bounds(moment), rolls=rolls)

    def _claims(
        self,
        asked: Asked,
        expected: Amount | None,
        concerned: Iterable[Concerned],
        binds: Callable[[Budget], bool],
    ) -> list[Claim]:
        now = self._now()
        return [
            Claim(self._key(budget, target, now), budget.limit, binds(budget), expected, asked.most)
            for budget, target, _ in concerned
        ]

    async def claim(
        self, asked: Asked, expected: Amount | None, concerned: Sequence[Concerned], binds: Callable[[Budget], bool]
    ) -> bool:
        """Reserve what a request is expected to cost, unless it does not fit. Raises Unreachable."""
        claims = self._claims(asked, expected, concerned, binds)
        if not claims:
            return True
        reserved = await self._replica.reserve(asked.exchange.id, claims)
        now = self._now()
        for claim, (_, _, account) in zip(claims, concerned, strict=True):
            figures = reserved.figures.get(claim.key)
            if isinstance(account, SharedAccount) and figures is not None:
                account.show(figures.with_claim(claim) if reserved.passes else figures, now)
        return reserved.passes

    def reserve(self, asked: Asked, expected: Amount | None, concerned: Sequence[Concerned]) -> None:
        """Reserve what a request is expected to cost, whether it fits or not; later if the counters are away."""
        self._replica.hold(asked.exchange.id, self._claims(asked, expected, concerned, lambda _: False))

    def grow(self, request_id: str, so_far: Amount, concerned: Iterable[Concerned]) -> None:
        """Reserve at least what a request already cost."""
        self._replica.grow(request_id, so_far)

    def give_back(self, request_id: str, concerned: Iterable[Concerned]) -> None:
        """Reserve nothing for a request any more, also for one of another replica."""
        self._replica.free(request_id)

    def settle(self, exchange: Exchange, amount: Amount, concerned: Sequence[Concerned], now: datetime) -> None:
        """Count what a request cost, in place of what was reserved, as soon as the counters can be reached."""
        self._replica.settle(exchange.id, self._charges(exchange, amount, concerned))

    def count_earlier(self, exchange: Exchange, amount: Amount, concerned: Sequence[Concerned], now: datetime) -> None:
        """Note what a request cost that ended before the budgets were taken, if its window is not over."""
        counting = [each for each in concerned if _counts(exchange.started_at, each[0], now)]
        charges = self._charges(exchange, amount, counting)
        if charges:
            self._earlier[exchange.id] = charges

    async def earlier_counted(self) -> None:
        """Count what ``count_earlier`` noted, each request once among all replicas. Raises Unreachable."""
        earlier, self._earlier = self._earlier, {}
        if earlier:
            await self._replica.count(earlier)
        else:
            await self._replica.refresh()

    def _charges(self, exchange: Exchange, amount: Amount, concerned: Iterable[Concerned]) -> list[Charge]:
        at = exchange.started_at
        if amount == NOTHING and exchange.unpriced_model is None:
            return []
        return [
            Charge(self._key(budget, target, at), at, amount, exchange.unpriced_model)
            for budget, target, _ in concerned
        ]

    def first_to_tell(self, budget: Budget, target: str, mark: float, tell: Callable[[], None]) -> None:
        """Report a mark that was reached, unless another replica did."""
        now, span = self._now(), budget.window.span
        since = now - span if span is not None else None
        self._begin(self._tell(self._key(budget, target, now), mark, since, tell), "budget mark")

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, key: CounterKey, mark: float, since: datetime | None, tell: Callable[[], None]) -> None:
        try:
            first = await self._replica.tell(key, mark, since)
        except Unreachable:
            # Twice is better than not at all.
            first = True
        if first:
            tell()

    async def close(self) -> None:
        """Settle what has ended, and end."""
        await self._replica.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _told(self, news: News) -> None:
        if news.overrides is not None:
            self._overrides.known(news.overrides)
        if self._listener is None:
            return
        now = self._now()
        changed: list[Concerned] = []
        for key, figures in news.figures.items():
            budget = self._budgets.get((key.budget, key.definition))
            if budget is None or key != self._key(budget, key.target, now):
                continue
            account = budget.account(key.target, budget.bounds(now))
            if isinstance(account, SharedAccount):
                account.show(figures, now, news.minutes.get(key))
                changed.append((budget, key.target, account))
        if news.reachable is not None:
            self._listener.reachable(reachable=news.reachable, why=news.why)
        if changed or news.overrides is not None:
            self._listener.counters_changed(changed)
        if news.orphans:
            self._begin(self._settle_orphans(news.orphans, self._listener), "orphaned requests")

    async def _settle_orphans(self, request_ids: Sequence[str], listener: Listener) -> None:
        """Count what is recorded of requests whose replica says nothing, in place of what it reserved. One that fails
        here is tried again, as it stays reserved."""
        ended: dict[str, Sequence[Charge]] = {}
        with contextlib.suppress(StoreError, Unreachable):
            for request_id in request_ids:
                found = await listener.recorded(request_id)
                ended[request_id] = self._charges(found[0], amount_of(found[0]), found[1]) if found is not None else ()
            await self._replica.end_leases(ended)


def _counts(at: datetime, budget: Budget, now: datetime) -> bool:
    """Return whether the window is not over that a moment is in."""
    start = budget.bounds(now).start
    return start is None or at >= start
