"""Two budgets on one store: each counts what the other's requests cost, once, in whatever order things happen."""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from candela_tui.config import PricingSettings, RulesSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ledger.ledger import Ledger
from candela_tui.ledger.running import RunningLedger
from candela_tui.pricing import Pricer
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.usage import Usage
from candela_tui.providers.exchange_ids import id_at
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import Listed, StoreReader
from candela_tui.store.writer import StoreWriter
from candela_tui.text.times import Clock
from tests.rules.budgets.making import NOON, cost_of
from tests.store.recording import PATIENCE_S, Reports, exchange

DAY = {"name": "day", "window": "day", "limit_usd": 1000}
COSTS = st.decimals(Decimal("0.01"), Decimal(6), places=2)


def configured(now: Any, *budgets: dict[str, Any], **more: Any) -> Budgets:
    made = Budgets(Pricer(PricingSettings()), RunningLedger(Clock()), now=now, **more)
    made.configure(RulesSettings.model_validate({"timezone": "UTC", "budgets": budgets or [DAY]}))
    return made


def request_at(moment: datetime, number: int, **facts: Any) -> Exchange:
    return exchange(id=f"{id_at(moment)}{number:06x}", started_at=moment, **facts)


def priced(live: Exchange, usd: Decimal | int, **facts: Any) -> Exchange:
    usage = Usage(input_tokens=1000, output_tokens=0)
    return replace(live, outcome=Outcome.OK, status=200, usage=usage, cost=cost_of(usd), **facts)


class Stored:
    """A store, written as a candela does."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "candela.db"
        self._reports = Reports()
        self._writer = StoreWriter(self.path, on_problem=self._reports.problem, on_stored=self._reports.store)
        self._writer.start()
        self.reader = StoreReader(self.path)

    def begin(self, live: Exchange) -> None:
        self._writer.begin(live, b"{}")

    def end(self, over: Exchange) -> None:
        self._writer.end(over, [b"answer"], [1.0])
        self._reports.wait_until_stored(over.id)

    def close(self) -> None:
        self._writer.close(PATIENCE_S)


class InMemory:
    """What budgets read of a store."""

    def __init__(self) -> None:
        self.rows: dict[str, Exchange] = {}

    def listed_after(self, exchange_id: str, limit: int) -> list[Listed]:
        later = sorted(each for each in self.rows if each > exchange_id)[:limit]
        return [Listed(each, self.rows[each].started_at, self.rows[each].live) for each in later]

    def costs_of(self, ids: Collection[str]) -> list[Exchange]:
        return [self.rows[each] for each in sorted(ids) if each in self.rows]

    def each_cost(self, query: ExchangeQuery) -> Iterator[list[Exchange]]:
        yield [self.rows[each] for each in sorted(self.rows) if query.includes(self.rows[each])]

    def totals(self, query: ExchangeQuery, *, by: object) -> Ledger:
        return Ledger.of(filter(query.includes, self.rows.values()))


class TwoOnOneStore(RuleBasedStateMachine):
    """Requests of two candelas begin, are stored and end, while each looks at the store, and now and then gets its
    budgets again."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stored: Any = InMemory()
        self.now = NOON
        self.both = [configured(lambda: self.now) for _ in range(2)]
        self.number = 0
        self.live: list[tuple[Budgets, Exchange]] = []
        self.unstored: list[tuple[Budgets, Exchange]] = []
        self.spent = Decimal(0)
        for budgets in self.both:
            self.fill(budgets)

    def teardown(self) -> None:
        self.loop.close()

    def fill(self, budgets: Budgets) -> None:
        mine = [over for of, over in self.unstored if of is budgets]
        self.loop.run_until_complete(budgets.fill(self.stored, mine))

    def look(self, budgets: Budgets) -> None:
        self.loop.run_until_complete(budgets.count_newly_stored(self.stored))

    @rule(which=st.sampled_from([0, 1]))
    def a_request_begins(self, which: int) -> None:
        self.number += 1
        live = request_at(self.now, self.number)
        self.both[which].began(live, None)
        self.stored.rows[live.id] = live
        self.live.append((self.both[which], live))

    @precondition(lambda self: self.live)
    @rule(data=st.data(), cost=COSTS)
    def one_ends(self, data: st.DataObject, cost: Decimal) -> None:
        found = data.draw(st.sampled_from(self.live))
        self.live.remove(found)
        budgets, live = found
        over = priced(live, cost)
        budgets.ended(over, None)
        self.spent += cost
        self.unstored.append((budgets, over))

    @precondition(lambda self: self.unstored)
    @rule(data=st.data())
    def one_that_ended_is_stored(self, data: st.DataObject) -> None:
        found = data.draw(st.sampled_from(self.unstored))
        self.unstored.remove(found)
        self.stored.rows[found[1].id] = found[1]

    @rule(which=st.sampled_from([0, 1]))
    def one_looks(self, which: int) -> None:
        self.look(self.both[which])

    @rule(seconds=st.sampled_from([1, 30, 90, 600]))
    def time_passes(self, seconds: int) -> None:
        # Both look every few seconds, whatever else happens.
        for budgets in self.both:
            self.look(budgets)
        self.now += timedelta(seconds=seconds)

    @rule(which=st.sampled_from([0, 1]), limit=st.integers(500, 2000))
    def the_budgets_of_one_change(self, which: int, limit: int) -> None:
        budgets = self.both[which]
        changed = {"timezone": "UTC", "budgets": [{**DAY, "limit_usd": limit}]}
        self.now += timedelta(microseconds=1)
        budgets.configure(RulesSettings.model_validate(changed))
        self.fill(budgets)

    @invariant()
    def each_counts_what_was_spent_except_what_the_other_has_not_stored(self) -> None:
        for budgets in self.both:
            self.look(budgets)
            [state] = budgets.states()
            missing = [over for of, over in self.unstored if of is not budgets]
            assert state.spent_usd == self.spent - sum(over.cost.total for over in missing if over.cost is not None)


TwoOnOneStore.TestCase.settings = settings(stateful_step_count=30, max_examples=40)
TestTwoOnOneStore = TwoOnOneStore.TestCase


async def test_what_changes_its_cost_after_it_was_counted_counts_as_before(tmp_path: Path) -> None:
    stored, over = Stored(tmp_path), priced(request_at(NOON, 1), 1)
    budgets = configured(lambda: NOON)
    await budgets.fill(stored.reader)
    for usd in (1, 3):
        # As ``candela reprice`` does.
        stored.begin(replace(over, outcome=Outcome.LIVE))
        stored.end(priced(over, usd))
        await budgets.count_newly_stored(stored.reader)
    stored.close()
    assert budgets.states()[0].spent_usd == 1


async def test_imported_requests_do_not_count(tmp_path: Path) -> None:
    stored, live = Stored(tmp_path), request_at(NOON, 1)
    budgets = configured(lambda: NOON)
    await budgets.fill(stored.reader)
    stored.begin(live)
    stored.end(priced(live, 1, imported="transcript"))
    await budgets.count_newly_stored(stored.reader)
    stored.close()
    assert budgets.states()[0].spent_usd == 0


async def test_a_process_that_ends_leaves_what_it_had_stored(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    usage, gone = Usage(input_tokens=1000, output_tokens=0), 2**22 + 1
    budgets = configured(lambda: NOON)
    await budgets.fill(stored.reader)
    stored.begin(request_at(NOON, 1, usage=usage, cost=cost_of(2), pid=gone))
    stored.close()
    await budgets.count_newly_stored(stored.reader)
    assert budgets.states()[0].spent_usd == 2


async def test_what_another_spends_is_told_and_counts_where_its_session_works(tmp_path: Path) -> None:
    stored, told = Stored(tmp_path), list[str]()
    budget = {**DAY, "limit_usd": 1, "scope": "project"}
    budgets = configured(lambda: NOON, budget, notify=told.append)
    await budgets.fill(stored.reader)
    first = request_at(NOON, 1, clues=SessionClues(cwd="/work/api"))
    stored.begin(first)
    stored.end(priced(first, 0))
    await budgets.count_newly_stored(stored.reader)
    second = request_at(NOON, 2)
    stored.begin(second)
    stored.end(priced(second, 1))
    await budgets.count_newly_stored(stored.reader)
    stored.close()
    [state] = budgets.states()
    assert (state.target, state.spent_usd) == ("/work/api", 1)
    assert len(told) == 1
    assert told[0].startswith('The budget "day"')
