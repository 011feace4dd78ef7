"""Budgets hold for any interleaving of requests: they are asked, end, fail and are cancelled in any order."""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from candela_tui.exchange import Outcome
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.rules.budgets.account import Amount
from candela_tui.rules.budgets.engine import Refusal
from tests.rules.budgets.making import NOON, answered, asked, budgets_of, request

LIMIT = Decimal(10)
KNOWN = ("s1", "s2", "s3")
SESSIONS = st.sampled_from([*KNOWN, "s4", "s5", "s6"])
COSTS = st.decimals(Decimal("0.01"), Decimal(6), places=2)


@dataclass
class Sent:
    id: str
    session: str
    at: datetime
    expected: Decimal | None
    most: Decimal | None
    task: "asyncio.Task[Refusal | None]"

    @property
    def day(self) -> date:
        return self.at.date()


class Interleaving(RuleBasedStateMachine):
    """A budget of $10 a day, beside a plain account of the same requests. Of some it is known what they are expected to
    cost, of others only what they may cost at most, and some may cost any amount."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = NOON
        self.budgets = budgets_of({"name": "day", "window": "day", "limit_usd": LIMIT}, now=lambda: self.now)
        self.number = 0
        self.in_flight: list[Sent] = []
        self.waiting: list[Sent] = []
        self.spent: dict[date, Decimal] = defaultdict(Decimal)
        self.underestimated: dict[date, Decimal] = defaultdict(Decimal)
        self.largest_unknown: dict[date, Decimal] = defaultdict(Decimal)
        self.recent: dict[str, deque[Decimal]] = defaultdict(lambda: deque(maxlen=5))

    def teardown(self) -> None:
        for sent in self.waiting:
            sent.task.cancel()
        self.pump()
        self.loop.close()

    def pump(self) -> None:
        async def turns() -> None:
            for _ in range(20):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    def expected(self, session: str) -> Decimal | None:
        known = self.recent[session]
        return sum(known, Decimal(0)) / len(known) if known else None

    def reserved(self) -> Decimal:
        return sum((each.expected or Decimal(0) for each in self.in_flight if each.day == self.now.date()), Decimal(0))

    def settle(self) -> None:
        """Take note of what became of the requests that waited."""
        self.pump()
        # One that began to run is beside those that ran before it: the first ones may have begun before the last ones.
        begun = [each for each in self.waiting if each.task.done()]
        for sent in begun:
            self.waiting.remove(sent)
            sent.expected = self.expected(sent.session)
            if sent.task.result() is None:
                self.in_flight.append(sent)
            else:
                assert not self.fits(sent.expected)

    def fits(self, expected: Decimal | None) -> bool:
        taken = self.spent[self.now.date()] + self.reserved()
        return taken < LIMIT if expected is None else taken + expected <= LIMIT

    def has_to_wait(self, expected: Decimal | None, most: Decimal | None) -> bool:
        """Whether a request that fits might exceed the limit, by what others in flight may cost."""
        others = [each for each in self.in_flight if each.expected is None and each.day == self.now.date()]
        if expected is None:
            if not others:
                return False
            if most is None or any(each.most is None for each in others):
                return True
        possible = self.reserved() + sum((each.most or Decimal(0) for each in others), Decimal(0))
        return self.spent[self.now.date()] + possible + (most if expected is None else expected) > LIMIT

    @initialize(costs=st.fixed_dictionaries(dict.fromkeys(KNOWN, COSTS)))
    def some_sessions_are_known_from_the_day_before(self, costs: dict[str, Decimal]) -> None:
        for session, cost in costs.items():
            exchange = request(f"0-{session}", self.now - timedelta(days=1), session_id=session)
            self.budgets.ended(answered(exchange, cost), None)
            self.recent[session].append(cost)

    @rule(session=SESSIONS, most=st.none() | COSTS)
    def a_request_is_asked(self, session: str, most: Decimal | None) -> None:
        self.number += 1
        exchange = request(f"{self.number:04}", self.now, session_id=session)
        self.budgets.began(exchange, None)
        noted: list[RuleAction] = []
        expected = self.expected(session)
        could, waits = self.fits(expected), self.has_to_wait(expected, most)
        at_most = Amount(most, 1000) if most is not None else None
        task = self.loop.create_task(self.budgets.admit(asked(exchange, "day", most=at_most), noted.append))
        sent = Sent(exchange.id, session, self.now, expected, most, task)
        self.pump()
        if not task.done():
            assert could
            assert waits
            self.waiting.append(sent)
        elif task.result() is None:
            assert could
            assert not waits
            self.in_flight.append(sent)
        else:
            assert not could
            assert [action.action for action in noted] == ["refuse"]

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), cost=COSTS, outcome=st.sampled_from([Outcome.OK, Outcome.CANCELLED, Outcome.ERROR]))
    def one_ends(self, data: st.DataObject, cost: Decimal, outcome: Outcome) -> None:
        sent = data.draw(st.sampled_from(self.in_flight))
        self.in_flight.remove(sent)
        cost = cost if outcome is not Outcome.ERROR else Decimal(0)
        if sent.expected is None and sent.most is not None:
            cost = min(cost, sent.most)
        exchange = request(sent.id, sent.at, session_id=sent.session)
        self.budgets.ended(answered(exchange, cost, outcome=outcome), None)
        self.spent[sent.day] += cost
        if sent.expected is not None:
            self.underestimated[sent.day] += max(Decimal(0), cost - sent.expected)
        else:
            self.largest_unknown[sent.day] = max(self.largest_unknown[sent.day], cost)
        if outcome is Outcome.OK:
            self.recent[sent.session].append(cost)
        self.settle()

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def one_is_not_sent_after_all(self, data: st.DataObject) -> None:
        sent = data.draw(st.sampled_from(self.in_flight))
        self.in_flight.remove(sent)
        self.budgets.give_back(sent.id)
        self.settle()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def one_that_waits_is_cancelled(self, data: st.DataObject) -> None:
        sent = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(sent)
        sent.task.cancel()
        self.pump()

    @rule()
    def a_night_passes(self) -> None:
        self.now += timedelta(days=1)
        for sent in self.in_flight:
            self.budgets.grew(request(sent.id, sent.at, session_id=sent.session), None)
        # Their windows are over, and so are the reservations that others would wait for.
        self.budgets.recheck()
        self.settle()

    @invariant()
    def the_limit_holds_up_to_what_was_underestimated_and_one_request_of_which_nothing_was_known(self) -> None:
        for day, spent in self.spent.items():
            assert spent <= LIMIT + self.underestimated[day] + self.largest_unknown[day]

    @invariant()
    def nobody_waits_without_a_request_in_flight_that_may_exceed_the_limit(self) -> None:
        for sent in self.waiting:
            assert self.has_to_wait(self.expected(sent.session), sent.most)

    @invariant()
    def the_ledger_is_the_sum_of_the_costs(self) -> None:
        [state] = self.budgets.states()
        assert state.spent_usd == self.spent[self.now.date()]
        assert state.reserved_usd == self.reserved()
        assert (state.in_flight, state.waiting) == (len(self.in_flight), len(self.waiting))


Interleaving.TestCase.settings = settings(stateful_step_count=40, max_examples=60)
TestAnyInterleaving = Interleaving.TestCase
