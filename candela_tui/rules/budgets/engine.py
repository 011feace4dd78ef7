"""The budgets of a proxy: what each has spent and reserved, and whether a request fits."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from heapq import nlargest

from candela_tui.analysis.filter import Filter, parse_for_arrivals
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.config import BudgetRule, RulesSettings
from candela_tui.exchange import Exchange
from candela_tui.ledger.running import Spending
from candela_tui.pricing import Pricer
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.exchange_ids import id_at
from candela_tui.rules.budgets.account import NOTHING, Account, Amount, Limit, Room
from candela_tui.rules.budgets.overrides import Overrides
from candela_tui.rules.budgets.recent_costs import Caller, RecentCosts, amount_of, caller_of
from candela_tui.rules.budgets.state import BudgetState, Override, Standing
from candela_tui.rules.budgets.targets import Place, target_of
from candela_tui.rules.budgets.windows import Bounds, Window
from candela_tui.rules.budgets.words import breach_facts, reached_words, refusal_words
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import utc_now

_FILL_S = 10.0
"""Seconds that a request waits at most until what was spent before is counted."""
_LEASE_UNSEEN = timedelta(minutes=1)
"""How long a reservation lasts whose request is not recorded. Only a failure of the recording can make that matter."""
_LEASE = timedelta(hours=1)
"""How long it lasts after the last sign of its request."""
_MOST_ACCOUNTS = 10_000
_COUNTED_AT_ONCE = 50
"""Exchanges counted before the loop continues with other work: about a millisecond."""
_MOST_TARGETS = 200
"""The targets of a budget whose states are told at once: more would hold up the loop."""
_OF_AGENTS = frozenset({"agent", "type"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A budget refuses a request."""

    budget: str
    words: str
    state: BudgetState


@dataclass(frozen=True, slots=True)
class Reached:
    """A part of a budget's limit is reached."""

    state: BudgetState
    mark: float
    """The part: 1 is all of the limit."""
    words: str


class NotReady(Exception):
    """What was spent before is not known."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is to be sent."""

    exchange: Exchange
    """What the request says, with the id of its exchange."""
    place: Place
    """Where its session works, as far as is known."""
    matching: Collection[str]
    """The names of the budgets whose filters it matches."""
    most: Amount | None
    """What it may cost at most. None: not known."""


@dataclass(slots=True)
class _Budget:
    settings: BudgetRule
    dry_run: bool
    window: Window
    limit: Limit
    wanted: Filter
    bounds: Bounds | None = None
    """The window that was asked for last."""
    accounts: OrderedDict[str, Account] = field(default_factory=OrderedDict)
    told: dict[str, tuple[datetime | None, float]] = field(default_factory=dict)
    """The highest part of the limit that the user was told of, by target, with the beginning of the window that it was
    in. Of a rolling window, with the moment at which the user was told."""

    @classmethod
    def of(cls, settings: BudgetRule, *, dry_run: bool) -> "_Budget":
        limit = Limit(settings.limit_usd, settings.limit_tokens)
        wanted = parse_for_arrivals(settings.match)
        return cls(settings, dry_run or settings.dry_run, Window(settings.window), limit, wanted)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def refuses(self) -> bool:
        return self.settings.on_breach == "block" and not self.dry_run

    def account(self, target: str, bounds: Bounds) -> Account:
        found = self.accounts.get(target)
        if found is None:
            found = self.accounts[target] = Account(self.limit, self.window)
            if len(self.accounts) > _MOST_ACCOUNTS:
                self._forget_idle(bounds, target)
        found.begin_at(bounds.start)
        return found

    def _forget_idle(self, bounds: Bounds, kept: str) -> None:
        for account in self.accounts.values():
            account.begin_at(bounds.start)
        for target in [target for target, account in self.accounts.items() if account.idle and target != kept]:
            del self.accounts[target]


_Concerned = tuple[_Budget, str, Account]
"""A budget that a request falls under, and the target that it counts for."""


@dataclass(slots=True)
class _InFlight:
    asked: Asked
    caller: Caller
    expected: Amount | None
    concerned: list[_Concerned]
    lease: datetime
    """When the reservation ends by itself, unless there is a sign of the request before."""


@dataclass(frozen=True, slots=True)
class _Decision:
    concerned: list[_Concerned]
    expected: Amount | None
    actions: list[RuleAction]
    waits_for: list[Account]
    refusal: Refusal | None = None


Noted = Callable[[RuleAction], None]
_AgentTypes = Mapping[tuple[str | None, str], str | None]
"""The types of sub-agents, by session and agent."""


class Budgets:
    """All budgets. It is used on the proxy's loop, and is a sink: what exchanges cost is counted as they end.

    Without any budget, it does nothing. What was spent before comes from the store (``fill``).
    """

    def __init__(
        self,
        pricer: Pricer,
        spending: Spending,
        overrides: Overrides | None = None,
        notify: Callable[[str], None] = lambda _: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """``spending`` knows where sessions work. ``notify`` gets messages for the user. Without ``overrides`` no
        budget can be overridden."""
        self.pricer = pricer
        self.overrides = overrides
        self._spending = spending
        self._notify = notify
        self._now = now
        self._zone: tzinfo | None = None
        self._settings = RulesSettings()
        self._budgets: list[_Budget] = []
        self._recent = RecentCosts()
        self._in_flight: dict[str, _InFlight] = {}
        self._live: set[str] = set()
        """The requests that are being recorded, which says when they end."""
        self._changed = asyncio.Event()
        self._filled = asyncio.Event()
        self._filled.set()
        self._incomplete = False
        self._fill_before = ""
        """The id before which what the store has is not counted yet."""
        self._counted: set[str] = set()
        """Exchanges from before that id which were counted already."""
        self.on_reached: Callable[[BudgetRule, Reached], None] = lambda *_: None
        """Called with a budget when a part of its limit is reached, once in each window."""

    def configure(self, settings: RulesSettings) -> None:
        """Take the budgets of the settings. Unless they are the same, ``fill`` must count what was spent before.

        Raises FilterError if a filter in them can't be read."""
        if _budgets_of(settings) == _budgets_of(self._settings):
            return
        budgets = [_Budget.of(each, dry_run=settings.dry_run) for each in settings.budgets]
        zone: tzinfo | None = None
        if settings.timezone is not None:
            from zoneinfo import ZoneInfo  # Import it here: hardly anyone sets it.

            zone = ZoneInfo(settings.timezone)
        self._settings, self._zone, self._budgets = settings, zone, budgets
        self._counted.clear()
        self._fill_before = id_at(self._now())
        if budgets:
            self._filled.clear()
        else:
            self._filled.set()
        for request_id, found in self._in_flight.items():
            found.concerned = list(self._concerned(found.asked))
            for _, _, account in found.concerned:
                account.reserve(request_id, found.asked.exchange.started_at, found.expected, found.asked.most)
        self.recheck()

    def __bool__(self) -> bool:
        """Whether there are any budgets."""
        return bool(self._budgets)

    @property
    def names(self) -> list[str]:
        """The names of all budgets."""
        return [each.name for each in self._budgets]

    @property
    def fails_closed(self) -> bool:
        """Whether a budget wants requests to be refused if it can't be checked."""
        return any(each.settings.fail == "closed" and each.refuses for each in self._budgets)

    async def fill(self, store: StoreReader, unstored: Iterable[Exchange] = ()) -> None:
        """Count what requests cost that ended before the budgets were taken. ``unstored`` are exchanges that may not be
        in the store yet. Raises StoreError."""
        if self._filled.is_set():
            return
        budgets = self._budgets
        for exchange in unstored:
            if exchange.id < self._fill_before:
                self._count_earlier(exchange, {})
        query = ExchangeQuery(since=self._earliest(), before=self._fill_before)
        types: _AgentTypes = {}
        if any(each.wanted.fields & _OF_AGENTS for each in budgets):
            types = (await asyncio.to_thread(store.agent_types, query)).by_agent()
        recorded = store.each_cost(query)
        while (some := await asyncio.to_thread(next, recorded, None)) is not None:
            for number, exchange in enumerate(some):
                if number % _COUNTED_AT_ONCE == 0:
                    await asyncio.sleep(0)
                if budgets is not self._budgets:
                    return
                self._count_earlier(exchange, types)
        self.begin()

    def begin(self, *, incomplete: bool = False) -> None:
        """Let requests pass from now on. ``incomplete`` says that what was spent before could not be counted: then
        budgets with ``fail = "closed"`` refuse."""
        self._incomplete = incomplete
        self._counted.clear()
        for budget in self._budgets:
            start = self._now() if budget.window.span is not None else self._bounds(budget).start
            for target, account in budget.accounts.items():
                # The user was told of it before.
                passed = [mark for mark in _marks(budget.settings) if account.share() >= mark]
                if passed:
                    budget.told[target] = start, passed[-1]
        self._filled.set()
        self.recheck()

    def _count_earlier(self, exchange: Exchange, types: _AgentTypes) -> None:
        if not exchange.live and exchange.imported is None and exchange.id not in self._counted:
            self._counted.add(exchange.id)
            self._count(exchange, caller_of(exchange), list(self._concerned(self._recorded(exchange, types))))

    def _earliest(self) -> datetime | None:
        """Return the beginning of the longest window. None: everything counts."""
        starts = [self._bounds(each).start for each in self._budgets]
        return None if None in starts else min((start for start in starts if start is not None), default=self._now())

    def _bounds(self, budget: _Budget) -> Bounds:
        now, known = self._now(), budget.bounds
        if known is None or not known.hold_at(now):
            known = budget.bounds = budget.window.bounds(now, self._zone)
        return known

    def _recorded(self, exchange: Exchange, types: _AgentTypes) -> Asked:
        """Return a request that was recorded as it was asked."""
        title, cwd, branch = self._spending.about(exchange.session_id)
        agent = exchange.agent_type or types.get((exchange.session_id, exchange.agent_id or ""))
        names = {exchange.agent_id: agent} if exchange.agent_id is not None and agent is not None else {}
        around = Surroundings(self._now(), names, lambda _: title, lambda _: cwd)
        matching = [each.name for each in self._budgets if each.wanted.matches(exchange, around)]
        return Asked(exchange, Place(cwd, branch), matching, None)

    def _concerned(self, asked: Asked) -> Iterator[_Concerned]:
        """Yield the budgets that a request falls under."""
        for budget in self._budgets:
            if budget.name in asked.matching:
                target = target_of(asked.exchange, budget.settings.scope, asked.place)
                if target is not None:
                    yield budget, target, budget.account(target, self._bounds(budget))

    # What requests ask.

    def knows_cost_of(self, exchange: Exchange) -> bool:
        """Return whether it is known what a request is expected to cost."""
        return self._recent.expected(caller_of(exchange)) is not None

    async def admit(self, asked: Asked, noted: Noted) -> Refusal | None:
        """Reserve what a request is expected to cost in every budget that it falls under, or return why it is refused.

        If nothing is known of what it may cost, this waits until the request can run. Raises NotReady.
        """
        while True:
            await self.ready()
            self._end_leases()
            decision = self._decide(asked)
            if decision.refusal is None and decision.waits_for:
                await self._wait(decision.waits_for)
                continue
            for action in decision.actions:
                noted(action)
            if decision.refusal is None:
                self._reserve(asked, decision)
            return decision.refusal

    def tried(self, exchange: Exchange, types: "_AgentTypes") -> list[RuleAction]:
        """Return what is done about a request that was recorded, as if it came now, and count what it cost unless it is
        refused. Nothing else may be in flight. ``types`` are those of sub-agents, by session and agent."""
        asked = self._recorded(exchange, types)
        decision = self._decide(asked)
        if decision.refusal is None:
            self._reserve(asked, decision)
            self.ended(exchange, None)
        return decision.actions

    def _decide(self, asked: Asked) -> "_Decision":
        """Return whether a request is refused, what is noted of that, and what it has to wait for."""
        concerned = list(self._concerned(asked))
        expected = self._recent.expected(caller_of(asked.exchange))
        actions: list[RuleAction] = []
        waits_for: list[Account] = []
        for budget, target, account in concerned:
            room = account.room(expected, asked.most)
            if room is Room.WAIT and budget.refuses and self._override(budget) is None:
                waits_for.append(account)
            elif room is Room.FULL:
                refusal = self._full(budget, target, account, expected, actions)
                if refusal is not None:
                    return _Decision(concerned, expected, actions, [], refusal)
        return _Decision(concerned, expected, actions, waits_for)

    def _reserve(self, asked: Asked, decision: "_Decision") -> None:
        exchange = asked.exchange
        for _, _, account in decision.concerned:
            account.reserve(exchange.id, exchange.started_at, decision.expected, asked.most)
        lease = self._now() + (_LEASE if exchange.id in self._live else _LEASE_UNSEEN)
        self._in_flight[exchange.id] = _InFlight(
            asked, caller_of(exchange), decision.expected, decision.concerned, lease
        )

    async def ready(self) -> None:
        """Wait until what was spent before is counted. Raises NotReady."""
        if not self._filled.is_set():
            try:
                await asyncio.wait_for(self._filled.wait(), _FILL_S)
            except TimeoutError:
                raise NotReady("what was spent before could not be counted in time") from None
        if self._incomplete and self.fails_closed:
            raise NotReady("what was spent before could not be counted")

    def _full(
        self, budget: _Budget, target: str, account: Account, expected: Amount | None, actions: list[RuleAction]
    ) -> Refusal | None:
        """Note that a request does not fit, and return its refusal, or None if it passes nevertheless."""
        override = self._override(budget)
        refuses = budget.refuses and override is None
        if refuses:
            account.refused = expected or NOTHING
        state = self._state(budget, target, account)
        words = breach_facts(state, expected)
        self._tell(budget, target, account, 1.0)
        if refuses:
            actions.append(RuleAction(budget.name, "refuse", False, words))
            return Refusal(budget.name, refusal_words(state, expected, self._zone, self._now()), state)
        if budget.settings.on_breach == "warn":
            actions.append(RuleAction(budget.name, "warn", budget.dry_run, words))
        elif override is not None:
            actions.append(RuleAction(budget.name, "warn", False, f"{words}; overridden: {override.why}"))
        else:
            actions.append(RuleAction(budget.name, "refuse", True, words))
        return None

    async def _wait(self, accounts: Iterable[Account]) -> None:
        waited = list(accounts)
        for account in waited:
            account.waiting += 1
        try:
            await self._changed.wait()
        finally:
            for account in waited:
                account.waiting -= 1

    def recheck(self) -> None:
        """Let the requests that wait look again, as after an override."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _override(self, budget: _Budget) -> Override | None:
        return self.overrides.active(budget.name, self._now()) if self.overrides is not None else None

    def give_back(self, request_id: str) -> None:
        """Reserve nothing for a request any more, as it is not sent."""
        found = self._in_flight.pop(request_id, None)
        if found is not None:
            for _, _, account in found.concerned:
                account.give_back(request_id)
            self.recheck()

    def _end_leases(self) -> None:
        now = self._now()
        for request_id in [each for each, found in self._in_flight.items() if found.lease < now]:
            self.give_back(request_id)

    # What is recorded of them.

    def began(self, exchange: Exchange, recording: object) -> None:
        """Note that the end of a request will be recorded."""
        self._live.add(exchange.id)
        self._seen(exchange)

    def grew(self, exchange: Exchange, growth: object) -> None:
        """Reserve at least what a request already cost."""
        found = self._seen(exchange)
        if found is not None:
            so_far = amount_of(exchange)
            for _, _, account in found.concerned:
                account.grow(exchange.id, so_far)

    def ended(self, exchange: Exchange, growth: object) -> None:
        """Count what a request cost, in place of what was reserved."""
        self._live.discard(exchange.id)
        if not self._budgets:
            return
        if not self._filled.is_set() and exchange.id < self._fill_before:
            self._counted.add(exchange.id)
        found = self._in_flight.get(exchange.id)
        if found is not None:
            caller, concerned = found.caller, found.concerned
        else:
            caller, concerned = caller_of(exchange), list(self._concerned(self._recorded(exchange, {})))
        try:
            self._count(exchange, caller, concerned)
        finally:
            self.give_back(exchange.id)
        for budget, target, account in concerned:
            self._tell(budget, target, account, account.share())

    def _seen(self, exchange: Exchange) -> _InFlight | None:
        found = self._in_flight.get(exchange.id)
        if found is not None:
            found.lease = self._now() + _LEASE
        return found

    def _count(self, exchange: Exchange, caller: Caller, concerned: Iterable[_Concerned]) -> None:
        if not exchange.asks_message:
            return
        self._recent.add(caller, exchange)
        amount = amount_of(exchange)
        for budget, _, account in concerned:
            account.begin_at(self._bounds(budget).start)
            account.add(exchange.started_at, amount)
            if exchange.unpriced_model is not None:
                account.unpriced[exchange.unpriced_model] = None

    def _tell(self, budget: _Budget, target: str, account: Account, share: float) -> None:
        """Tell the user that a part of the limit is reached, once in each window."""
        reached = [mark for mark in _marks(budget.settings) if share >= mark]
        if not reached:
            return
        # A rolling window has no beginning to count from: its span after the last time is as good.
        span, now = budget.window.span, self._now()
        start = self._bounds(budget).start if span is None else now
        since, before = budget.told.get(target, (start, 0.0))
        same = since == start if span is None else since is not None and now - since < span
        if same and before >= reached[-1]:
            return
        budget.told[target] = start, reached[-1]
        state = self._state(budget, target, account)
        words = reached_words(state, reached[-1], self._zone, now)
        self._notify(words)
        self.on_reached(budget.settings, Reached(state, reached[-1], words))

    # What others ask.

    @property
    def filters(self) -> dict[str, str]:
        """The filter of each budget, by its name."""
        return {each.name: each.settings.match for each in self._budgets}

    def states(self) -> list[BudgetState]:
        """Return the state of every budget for each of its targets, the fullest 200 of them first."""
        self._end_leases()
        found: list[BudgetState] = []
        for budget in self._budgets:
            start = self._bounds(budget).start
            for account in budget.accounts.values():
                account.begin_at(start)
            fullest = nlargest(
                _MOST_TARGETS,
                ((target, account) for target, account in budget.accounts.items() if not target or not account.idle),
                key=lambda each: each[1].share_with_reserved(),
            )
            of_targets = [self._state(budget, target, account) for target, account in fullest]
            found += of_targets or [self._state(budget, "", Account(budget.limit, budget.window))]
        return found

    def states_of(self, asked: Asked) -> list[BudgetState]:
        """Return the state of each budget that a request falls under."""
        return [self._state(budget, target, account) for budget, target, account in self._concerned(asked)]

    def full(self, asked: Asked, budget: str | None = None) -> float:
        """Return how full the fullest budget is that a request falls under: 1 is all of its limit. 0 without any.

        ``budget`` is the name of the only one to look at.
        """
        shares = [
            account.share_with_reserved()
            for each, _, account in self._concerned(asked)
            if budget is None or each.name == budget
        ]
        return max(shares, default=0.0)

    def _state(self, budget: _Budget, target: str, account: Account) -> BudgetState:
        now, bounds = self._now(), self._bounds(budget)
        override = self._override(budget)
        span, oldest = budget.window.span, account.oldest
        resets_at = bounds.end if span is None else (oldest + span if oldest is not None else None)
        spent, held, last_hour = account.spent, account.held, account.last_hour(now)
        if override is not None:
            standing = Standing.OVERRIDDEN
        elif budget.refuses and account.is_blocked:
            standing = Standing.BLOCKED
        else:
            warns = account.share() >= _marks(budget.settings)[0]
            standing = Standing.WARNED if warns else Standing.OK
        return BudgetState(
            name=budget.name,
            scope=budget.settings.scope,
            target=target or None,
            window=budget.settings.window,
            starts_at=bounds.start,
            resets_at=resets_at,
            limit_usd=budget.limit.usd,
            limit_tokens=budget.limit.tokens,
            spent_usd=spent.usd,
            spent_tokens=spent.tokens,
            reserved_usd=held.usd,
            reserved_tokens=held.tokens,
            state=standing,
            on_breach=budget.settings.on_breach,
            dry_run=budget.dry_run,
            in_flight=len(account.reserved),
            waiting=account.waiting,
            last_hour_usd=last_hour.usd,
            last_hour_tokens=last_hour.tokens,
            unpriced_models=tuple(account.unpriced),
            override=override,
        )


def _budgets_of(settings: RulesSettings) -> tuple[object, ...]:
    return settings.budgets, settings.timezone, settings.dry_run


def _marks(settings: BudgetRule) -> list[float]:
    """Return the parts of the limit that the user wants to know of, the smallest first. All of it is the last."""
    return [*sorted(settings.warn_at), 1.0]
