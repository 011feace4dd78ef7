"""The budgets of a proxy: what each has spent and reserved, and whether a request fits."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from heapq import nlargest

from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.config import BudgetRule, RulesSettings
from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Dimension
from candela_tui.ledger.running import Spending
from candela_tui.ledger.session_sums import SessionFacts
from candela_tui.pricing import Pricer
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.exchange_ids import id_at
from candela_tui.rules.budgets.account import NOTHING, Amount, Balance, Room
from candela_tui.rules.budgets.asked import Asked
from candela_tui.rules.budgets.books import Books, LocalBooks, Unreachable
from candela_tui.rules.budgets.budget import Budget, Concerned
from candela_tui.rules.budgets.newly_stored import NewlyStored
from candela_tui.rules.budgets.overrides import Overrides
from candela_tui.rules.budgets.recent_costs import Caller, RecentCosts, amount_of, caller_of
from candela_tui.rules.budgets.state import BudgetStanding, BudgetState, Override
from candela_tui.rules.budgets.targets import NOBODY, Owner, Place, target_of
from candela_tui.rules.budgets.windows import Bounds
from candela_tui.rules.budgets.words import breach_facts, reached_words, refusal_words
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import utc_now

_LOOK_AGAIN_S = 5.0
"""Seconds after which a request that waits looks again whether it fits."""
_FILL_S = 10.0
"""Seconds that a request waits at most until what was spent before is counted."""
_LEASE_UNSEEN = timedelta(minutes=1)
"""How long a reservation lasts whose request is not recorded. Only a failure of the recording can make that matter."""
_LEASE = timedelta(hours=1)
"""How long it lasts after the last sign of its request."""
_COUNTED_AT_ONCE = 50
"""Exchanges counted before the loop continues with other work: about a millisecond."""
_MOST_TARGETS = 200
"""The targets of a budget whose states are told at once: more would hold up the loop."""
_OF_AGENTS = frozenset({"agent", "type"})
_OF_SESSIONS = frozenset({"project", "session", ""})
_SCOPES_OF_SESSIONS = frozenset({"project", "branch"})
"""The fields of filters and the scopes that ask what a session states about itself."""


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


@dataclass(slots=True)
class _InFlight:
    asked: Asked
    caller: Caller
    expected: Amount | None
    concerned: list[Concerned]
    lease: datetime
    """When the reservation ends by itself, unless there is a sign of the request before."""


@dataclass(frozen=True, slots=True)
class _Decision:
    actions: list[RuleAction]
    waits_for: list[Balance]
    refusal: Refusal | None = None


Noted = Callable[[RuleAction], None]
_About = Callable[[str | None], SessionFacts]
"""Returns what the requests of a session state about it."""
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
        books: Books | None = None,
        look_again_s: float = _LOOK_AGAIN_S,
    ) -> None:
        """``spending`` knows where sessions work. ``notify`` gets messages for the user. Without ``overrides`` no
        budget can be overridden. ``books`` is where everything is counted; without it, in this process alone.
        ``look_again_s`` are the seconds after which a request that waits looks again."""
        self.pricer = pricer
        self.overrides = overrides
        self._spending = spending
        self._notify = notify
        self._now = now
        self._books = books or LocalBooks()
        self._look_again_s = look_again_s
        self._zone: tzinfo | None = None
        self._settings = RulesSettings()
        self._budgets: list[Budget] = []
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
        self._stored = NewlyStored(now())
        self._before: Amount | None = None
        """What all requests from before that id cost, whatever they count for. None: not known."""
        self._owners: dict[str, Owner] = {}
        self._store: StoreReader | None = None
        self.on_reached: Callable[[BudgetRule, Reached], None] = lambda *_: None
        """Called with a budget when a part of its limit is reached, once in each window."""

    def configure(self, settings: RulesSettings, owners: Iterable[tuple[str, Owner]] = ()) -> None:
        """Take the budgets of the settings, and whose the keys are, by their names. Unless they are the same, ``fill``
        must count what was spent before.

        Raises FilterError if a filter in them can't be read."""
        known, self._owners = self._owners, dict(owners)
        # A new key has spent nothing yet.
        moved = any(self._owners.get(name) != owner for name, owner in known.items())
        if _budgets_of(settings) == _budgets_of(self._settings) and not (moved and _of_owners(settings)):
            return
        zone: tzinfo | None = None
        if settings.timezone is not None:
            from zoneinfo import ZoneInfo  # Import it here: hardly anyone sets it.

            zone = ZoneInfo(settings.timezone)
        make = self._books.balance
        budgets = [Budget.of(each, zone, make, dry_run=settings.dry_run) for each in settings.budgets]
        self._books.configure(budgets, settings.timezone)
        self._settings, self._zone, self._budgets = settings, zone, budgets
        self._before = None
        now = self._now()
        self._fill_before, self._stored = id_at(now), NewlyStored(now)
        if budgets:
            self._filled.clear()
        else:
            self._filled.set()
        for found in self._in_flight.values():
            found.concerned = self._concerned(found.asked)
            self._books.reserve(found.asked, found.expected, found.concerned)
        self.recheck()

    def __bool__(self) -> bool:
        """Whether there are any budgets."""
        return bool(self._budgets)

    @property
    def shared(self) -> bool:
        """Whether other replicas count in the same budgets."""
        return self._books.shared

    async def show_shared(self) -> None:
        """Learn how shared budgets stand, without counting anything. Raises Unreachable."""
        await self._books.earlier_counted()
        self.begin()

    @property
    def _looks(self) -> bool:
        """Whether ``count_newly_stored`` is used, so that the ids of what is counted are needed."""
        return self._store is not None and not self.shared

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
        in the store yet. Raises StoreError and Unreachable."""
        self._store = store
        if self._filled.is_set() and not self._incomplete:
            return
        budgets, about = self._budgets, self._spending.about
        for exchange in unstored:
            if exchange.id < self._fill_before and self._count_earlier(exchange, {}, about) is not None:
                # It may be stored by now, and be read again.
                self._stored.count(exchange.id)
        query = ExchangeQuery(since=self._earliest(), before=self._fill_before)
        if not self.shared:
            # That takes milliseconds, and is enough for a request that fits whatever of it counts.
            all_of_it = (await asyncio.to_thread(store.totals, query, by=())).totals
            if budgets is self._budgets:
                self._before = Amount(all_of_it.cost_usd, all_of_it.prompt_tokens + all_of_it.output_tokens)
                self.recheck()
        types = await self._agent_types(store, query)
        recorded = store.each_cost(query)
        while (some := await asyncio.to_thread(next, recorded, None)) is not None:
            for number, exchange in enumerate(some):
                if number % _COUNTED_AT_ONCE == 0:
                    await asyncio.sleep(0)
                if budgets is not self._budgets:
                    return
                self._count_earlier(exchange, types, about)
            await self._books.earlier_counted()
        await self._books.earlier_counted()
        if budgets is self._budgets:
            self.begin()

    def begin(self, *, incomplete: bool = False) -> None:
        """Let requests pass from now on. ``incomplete`` says that what was spent before could not be counted: then
        budgets with ``fail = "closed"`` refuse."""
        self._incomplete = incomplete
        for budget in self._budgets:
            start = self._now() if budget.window.span is not None else self._bounds(budget).start
            for target, account in budget.accounts.items():
                # The user was told of it before.
                passed = [mark for mark in budget.marks if account.share() >= mark]
                if passed:
                    budget.told[target] = start, passed[-1]
        self._filled.set()
        self.recheck()

    async def count_newly_stored(self, store: StoreReader) -> None:
        """Count what requests cost that another process stored since the last time. Replicas that share their books
        have no need of it. Raises StoreError."""
        budgets, stored = self._budgets, self._stored
        if not budgets or self.shared or not self._filled.is_set():
            return
        found = await stored.look(store, self._live, self._now())
        if not found:
            return
        types = await self._agent_types(store, ExchangeQuery(since=self._earliest()))
        about = await self._about_sessions(store, {exchange.session_id for exchange in found})
        for number, exchange in enumerate(found):
            if number % _COUNTED_AT_ONCE == 0:
                await asyncio.sleep(0)
            if budgets is not self._budgets:
                return
            for budget, target, account in self._count_earlier(exchange, types, about) or ():
                self._tell(budget, target, account, account.share())
        self.recheck()

    async def _agent_types(self, store: StoreReader, query: ExchangeQuery) -> _AgentTypes:
        """Return the types of sub-agents, if any budget asks for them."""
        if any(each.wanted.fields & _OF_AGENTS for each in self._budgets):
            return (await asyncio.to_thread(store.agent_types, query)).by_agent()
        return {}

    async def _about_sessions(self, store: StoreReader, sessions: Collection[str | None]) -> _About:
        """Return what tells about sessions that another process may have begun, if any budget asks for that."""
        if not any(each.scope in _SCOPES_OF_SESSIONS or each.wanted.fields & _OF_SESSIONS for each in self._budgets):
            return self._spending.about
        known: dict[str | None, SessionFacts] = {}
        for session in sessions:
            known[session] = self._spending.about(session)
            if known[session].cwd is None:
                query = ExchangeQuery(session_id=session)
                known[session] = (await asyncio.to_thread(store.totals, query, by=(Dimension.SESSION,))).about(session)
        return known.__getitem__

    def _count_earlier(self, exchange: Exchange, types: _AgentTypes, about: _About) -> list[Concerned] | None:
        """Count what a request cost, and return the budgets that it falls under; None if it is live or counted."""
        stored = self._stored
        if exchange.id in stored:
            return None
        if exchange.live:
            if exchange.id not in self._live:
                stored.expect(exchange.id)
            return None
        stored.count_read(exchange.id)
        if exchange.imported is not None or not exchange.asks_message:
            return []
        self._recent.add(caller_of(exchange), exchange)
        concerned = self._concerned(self._recorded(exchange, types, about))
        self._books.count_earlier(exchange, amount_of(exchange), concerned, self._now())
        return concerned

    def _earliest(self) -> datetime | None:
        """Return the beginning of the longest window. None: everything counts."""
        starts = [self._bounds(each).start for each in self._budgets]
        return None if None in starts else min((start for start in starts if start is not None), default=self._now())

    def _bounds(self, budget: Budget) -> Bounds:
        return budget.bounds(self._now())

    def _recorded(self, exchange: Exchange, types: _AgentTypes, about: _About | None = None) -> Asked:
        """Return a request that was recorded as it was asked. ``about`` tells about sessions, the ledger unless it is
        given."""
        title, cwd, branch = (about or self._spending.about)(exchange.session_id)
        agent = exchange.agent_type or types.get((exchange.session_id, exchange.agent_id or ""))
        names = {exchange.agent_id: agent} if exchange.agent_id is not None and agent is not None else {}
        around = Surroundings(self._now(), names, lambda _: title, lambda _: cwd)
        matching = [each.name for each in self._budgets if each.wanted.matches(exchange, around)]
        return Asked(exchange, Place(cwd, branch), matching, None)

    def _concerned(self, asked: Asked) -> list[Concerned]:
        """Return the budgets that a request falls under."""
        exchange, place, matching, named = asked.exchange, asked.place, asked.matching, self._books.target
        owner = self._owners.get(exchange.key or "", NOBODY)
        now = self._now()
        found: list[Concerned] = []
        for budget in self._budgets:
            if budget.name in matching and (budget.team is None or budget.team == owner.team):
                target = target_of(exchange, budget.scope, place, owner)
                if target is not None:
                    target = named(target)
                    found.append((budget, target, budget.account(target, budget.bounds(now))))
        return found

    # What requests ask.

    def knows_cost_of(self, exchange: Exchange) -> bool:
        """Return whether it is known what a request is expected to cost."""
        return self._recent.expected(caller_of(exchange)) is not None

    async def admit(self, asked: Asked, noted: Noted) -> Refusal | None:
        """Reserve what a request is expected to cost in every budget that it falls under, or return why it is refused.

        This waits as long as the limit may be exceeded by what nothing is known of: this request, or others in flight.
        Raises NotReady.
        """
        while True:
            if self._incomplete or not self._filled.is_set():
                await self.ready(asked)
            self._end_leases()
            budgets = self._budgets
            concerned = self._concerned(asked)
            expected = self._recent.expected(caller_of(asked.exchange))
            try:
                claimed = await self._books.claim(asked, expected, concerned, self._binds)
            except Unreachable:
                self._pass_unchecked(asked, expected, concerned, noted)
                return None
            if budgets is not self._budgets:
                # They were changed meanwhile.
                self._books.give_back(asked.exchange.id, concerned)
                continue
            decision = self._decide(expected, concerned, asked.most)
            if not claimed:
                if decision.refusal is None and decision.waits_for:
                    await self._wait(decision.waits_for)
                    continue
                if decision.refusal is None and claimed is not None:
                    # There is room by now.
                    continue
            for action in decision.actions:
                noted(action)
            if claimed or decision.refusal is None:
                self._sent(asked, expected, concerned)
                if claimed is None:
                    self._books.reserve(asked, expected, concerned)
                return None
            return decision.refusal

    def _binds(self, budget: Budget) -> bool:
        return budget.refuses and self._override(budget) is None

    def _pass_unchecked(self, asked: Asked, expected: Amount | None, concerned: list[Concerned], noted: Noted) -> None:
        """Let a request pass whose budgets can't be checked. Raises NotReady if one of them wants it to be refused."""
        for budget, _, _ in concerned:
            if budget.refuses and self._override(budget) is None:
                if budget.settings.fail == "closed":
                    raise NotReady(f"the budget \"{budget.name}\" can't be checked while PostgreSQL can't be reached")
                noted(RuleAction(budget.name, "warn", False, "not checked, as PostgreSQL can't be reached"))
        self._sent(asked, expected, concerned)
        self._books.reserve(asked, expected, concerned)

    def tried(self, exchange: Exchange, types: "_AgentTypes") -> list[RuleAction]:
        """Return what is done about a request that was recorded, as if it came now, and count what it cost unless it is
        refused. Nothing else may be in flight. ``types`` are those of sub-agents, by session and agent."""
        asked = self._recorded(exchange, types)
        concerned, expected = self._concerned(asked), self._recent.expected(caller_of(exchange))
        decision = self._decide(expected, concerned, asked.most)
        if decision.refusal is None:
            self._sent(asked, expected, concerned)
            self._books.reserve(asked, expected, concerned)
            self.ended(exchange, None)
        return decision.actions

    def _decide(self, expected: Amount | None, concerned: Iterable[Concerned], most: Amount | None) -> "_Decision":
        """Return whether a request is refused, what is noted of that, and what it has to wait for."""
        actions: list[RuleAction] = []
        waits_for: list[Balance] = []
        for budget, target, account in concerned:
            room = account.room(expected, most)
            if room is Room.WAIT and budget.refuses and self._override(budget) is None:
                waits_for.append(account)
            elif room is Room.FULL:
                refusal = self._full(budget, target, account, expected, actions)
                if refusal is not None:
                    return _Decision(actions, [], refusal)
        return _Decision(actions, waits_for)

    def _sent(self, asked: Asked, expected: Amount | None, concerned: list[Concerned]) -> None:
        exchange = asked.exchange
        lease = self._now() + (_LEASE if exchange.id in self._live else _LEASE_UNSEEN)
        self._in_flight[exchange.id] = _InFlight(asked, caller_of(exchange), expected, concerned, lease)

    async def ready(self, asked: Asked | None = None) -> None:
        """Wait until what was spent before is counted, or until a request fits whatever that was. Raises NotReady."""
        if not self._filled.is_set():
            try:
                async with asyncio.timeout(_FILL_S):
                    while not (self._filled.is_set() or (asked is not None and self._fits_anyway(asked))):
                        await self._changed.wait()
            except TimeoutError:
                raise NotReady("what was spent before could not be counted in time") from None
        if self._incomplete and self.fails_closed:
            raise NotReady("what was spent before could not be counted")

    def _fits_anyway(self, asked: Asked) -> bool:
        """Return whether a request fits in its budgets even if all that was spent before counts in each of them."""
        needs = self._recent.expected(caller_of(asked.exchange)) or asked.most
        if self._before is None or needs is None:
            return False
        possible = self._before.plus(needs)
        return all(account.room(possible, None) is Room.FITS for _, _, account in self._concerned(asked))

    def _full(
        self, budget: Budget, target: str, account: Balance, expected: Amount | None, actions: list[RuleAction]
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

    async def _wait(self, accounts: Iterable[Balance]) -> None:
        waited = list(accounts)
        for account in waited:
            account.waiting += 1
        try:
            # Time alone makes room, too: as a lease ends whose request was not recorded, or a window.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_again_s):
                    await self._changed.wait()
        finally:
            for account in waited:
                account.waiting -= 1

    def recheck(self) -> None:
        """Let the requests that wait look again, as after an override."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _override(self, budget: Budget) -> Override | None:
        return self.overrides.active(budget.name, self._now()) if self.overrides is not None else None

    def give_back(self, request_id: str) -> None:
        """Reserve nothing for a request any more, as it is not sent."""
        found = self._in_flight.pop(request_id, None)
        if found is not None:
            self._books.give_back(request_id, found.concerned)
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
            self._books.grow(exchange.id, amount_of(exchange), found.concerned)

    def ended(self, exchange: Exchange, growth: object) -> None:
        """Count what a request cost, in place of what was reserved."""
        self._live.discard(exchange.id)
        if not self._budgets and exchange.id not in self._in_flight:
            return
        if not self._filled.is_set() or self._looks:
            self._stored.count(exchange.id)
        found = self._in_flight.pop(exchange.id, None)
        if found is not None:
            caller, concerned = found.caller, found.concerned
        else:
            caller, concerned = caller_of(exchange), self._concerned(self._recorded(exchange, {}))
        if exchange.asks_message:
            self._recent.add(caller, exchange)
            self._books.settle(exchange, amount_of(exchange), concerned, self._now())
        elif found is not None:
            self._books.give_back(exchange.id, concerned)
        if found is not None:
            self.recheck()
        for budget, target, account in concerned:
            self._tell(budget, target, account, account.share())

    def _seen(self, exchange: Exchange) -> _InFlight | None:
        found = self._in_flight.get(exchange.id)
        if found is not None:
            found.lease = self._now() + _LEASE
        return found

    def _tell(self, budget: Budget, target: str, account: Balance, share: float) -> None:
        """Tell the user that a part of the limit is reached, once in each window."""
        reached = [mark for mark in budget.marks if share >= mark]
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
        found = Reached(state, reached[-1], words)
        self._books.first_to_tell(budget, target, reached[-1], lambda: self._say(budget.settings, found))

    def _say(self, budget: BudgetRule, reached: Reached) -> None:
        self._notify(reached.words)
        self.on_reached(budget, reached)

    # What other replicas do.

    def counters_changed(self, changed: Iterable[Concerned]) -> None:
        """Take note of accounts that changed, and that overrides may have."""
        if self._filled.is_set():
            for budget, target, account in changed:
                self._tell(budget, target, account, account.share())
        self.recheck()

    def reachable(self, *, reachable: bool, why: str = "") -> None:
        """Tell the user whether the counters can be reached, or why not."""
        self.recheck()
        if reachable:
            self._notify("PostgreSQL answers again: budgets are checked, and what was spent meanwhile is counted.")
            return
        passes = "are refused" if self.fails_closed else "pass unchecked"
        self._notify(f"Budgets can't be checked, as PostgreSQL can't be used ({why}). Requests {passes} until it can.")

    async def recorded(self, request_id: str) -> tuple[Exchange, list[Concerned]] | None:
        """Return what is recorded of a request of another replica, with the budgets that it falls under; None if
        nothing is. Raises StoreError."""
        exchange = await asyncio.to_thread(self._store.exchange, request_id) if self._store is not None else None
        return (exchange, self._concerned(self._recorded(exchange, {}))) if exchange is not None else None

    async def close(self) -> None:
        """Keep what was counted, and end."""
        await self._books.close()

    # What others ask.

    @property
    def filters(self) -> dict[str, str]:
        """The filter of each budget, by its name."""
        return {each.name: each.settings.match for each in self._budgets}

    def states(self, shows: Callable[[str, str], bool] = lambda scope, target: True) -> list[BudgetState]:
        """Return the state of every budget for each of its targets, the fullest 200 of them first. ``shows`` says
        which of them, by the scope and the target."""
        self._end_leases()
        found: list[BudgetState] = []
        for budget in self._budgets:
            start = self._bounds(budget).start
            for account in budget.accounts.values():
                account.begin_at(start)
            fullest = nlargest(
                _MOST_TARGETS,
                (
                    (target, account)
                    for target, account in budget.accounts.items()
                    if (not target or not account.idle) and shows(budget.settings.scope, target)
                ),
                key=lambda each: each[1].share_with_reserved(),
            )
            of_targets = [self._state(budget, target, account) for target, account in fullest]
            if not of_targets and shows(budget.settings.scope, ""):
                of_targets = [self._state(budget, "", self._books.balance(budget.limit, budget.window))]
            found += of_targets
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

    def full_for_recorded(self, exchange: Exchange, types: "_AgentTypes", budget: str | None = None) -> float:
        """Return how full the fullest budget is that a recorded request falls under, as if it came now."""
        return self.full(self._recorded(exchange, types), budget)

    def _state(self, budget: Budget, target: str, account: Balance) -> BudgetState:
        now, bounds = self._now(), self._bounds(budget)
        override = self._override(budget)
        span, oldest = budget.window.span, account.oldest
        resets_at = bounds.end if span is None else (oldest + span if oldest is not None else None)
        spent, held, last_hour = account.spent, account.held, account.last_hour(now)
        if override is not None:
            standing = BudgetStanding.OVERRIDDEN
        elif budget.refuses and account.is_blocked:
            standing = BudgetStanding.BLOCKED
        else:
            warns = account.share() >= budget.marks[0]
            standing = BudgetStanding.WARNED if warns else BudgetStanding.OK
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
            in_flight=account.in_flight,
            waiting=account.waiting,
            last_hour_usd=last_hour.usd,
            last_hour_tokens=last_hour.tokens,
            unpriced_models=tuple(account.unpriced),
            override=override,
            passed_mark=max((mark for mark in budget.marks if account.share() >= mark), default=0.0),
        )


def _of_owners(settings: RulesSettings) -> bool:
    """Return whether it matters whose a key is."""
    return any(each.scope in ("user", "team") or each.team is not None for each in settings.budgets)


def _budgets_of(settings: RulesSettings) -> tuple[object, ...]:
    return settings.budgets, settings.timezone, settings.dry_run
