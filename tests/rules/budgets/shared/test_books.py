"""Budgets of several replicas hold together."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from candela_tui.config import PricingSettings, RulesSettings
from candela_tui.exchange import Exchange
from candela_tui.ledger.running import RunningLedger
from candela_tui.pricing import Pricer
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.rules.budgets.books import Unreachable
from candela_tui.rules.budgets.engine import Budgets, NotReady, Reached, Refusal
from candela_tui.rules.budgets.shared import statements
from candela_tui.rules.budgets.shared.books import SharedBooks
from candela_tui.rules.budgets.shared.overrides import SharedOverrides
from candela_tui.rules.budgets.shared.replica import Replica
from candela_tui.rules.budgets.state import BudgetStanding, BudgetState, Override
from candela_tui.store.errors import StoreError
from candela_tui.text.times import Clock, utc_now
from tests.rules.budgets.making import answered, asked, request
from tests.standin.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("postgres")

BUDGET: dict[str, Any] = {"name": "b", "window": "day", "limit_usd": 10}


class Recorded:
    """A store with these exchanges."""

    def __init__(self, *exchanges: Exchange) -> None:
        self._exchanges = {each.id: each for each in exchanges}

    def each_cost(self, _: object) -> Any:
        yield list(self._exchanges.values())

    def exchange(self, id: str) -> Exchange | None:
        if not self._exchanges:
            raise StoreError("away")
        return self._exchanges.get(id)


class Candela:
    """The budgets of one replica, and what they said."""

    def __init__(self, database: Engine, *settings: dict[str, Any], lease_s: float = 30) -> None:
        self.replica = Replica(lambda: database, lease_s)
        self.overrides = SharedOverrides(database.begin)
        self.books = SharedBooks(self.replica, self.overrides)
        self.notices: list[str] = []
        self.reached: list[float] = []
        self.noted: list[RuleAction] = []
        self.budgets = Budgets(
            Pricer(PricingSettings()), RunningLedger(Clock()), self.overrides, self.notices.append, books=self.books
        )
        self.books.listen(self.budgets)
        self.budgets.on_reached = self._reached
        self.settings = RulesSettings.model_validate({"budgets": settings, "timezone": "UTC"})

    def _reached(self, _: object, reached: Reached) -> None:
        self.reached.append(reached.mark)

    async def ask(self, id: str, session: str = "s1") -> Refusal | None:
        exchange = request(id, utc_now(), session_id=session)
        self.budgets.began(exchange, None)
        return await self.budgets.admit(asked(exchange, *self.budgets.names), self.noted.append)

    def end(self, id: str, usd: str, session: str = "s1") -> None:
        self.budgets.ended(answered(request(id, utc_now(), session_id=session), usd), None)

    def state(self) -> BudgetState:
        [state] = self.budgets.states()
        return state

    async def until(self, met: Callable[[BudgetState], bool]) -> BudgetState:
        await self.until_true(lambda: met(self.state()))
        return self.state()

    async def until_true(self, met: Callable[[], bool]) -> None:
        """Look again whenever there are news of the counters."""
        async with asyncio.timeout(20):
            while not met():
                await self.budgets._changed.wait()


@asynccontextmanager
async def replicas(
    database: Engine, number: int, *settings: dict[str, Any], lease_s: float = 30, recorded: Any = None
) -> AsyncIterator[list[Candela]]:
    made = [Candela(database, *(settings or (BUDGET,)), lease_s=lease_s) for _ in range(number)]
    for each in made:
        each.budgets.configure(each.settings)
        await each.budgets.fill(recorded or Recorded())
    try:
        yield made
    finally:
        for each in made:
            await each.budgets.close()


def costs(*, usd: str, number: int, session: str = "s1") -> Recorded:
    return Recorded(*(answered(request(f"old-{i}", utc_now(), session_id=session), usd) for i in range(number)))


async def test_what_one_replica_spends_and_reserves_counts_on_the_others(database: Engine) -> None:
    async with replicas(database, 2) as (one, other):
        assert await one.ask("1") is None
        one.end("1", "6")
        assert await one.ask("2") is not None, "it would cost 6, as the one before"
        await other.until(lambda state: state.spent_usd == 6)
        assert await other.ask("3") is None, "the other replica knows nothing of what it may cost"
        await one.until(lambda state: state.in_flight == 1)
        other.end("3", "4")
        state = await one.until(lambda state: state.spent_usd == 10)
        assert (state.state, state.last_hour_usd, state.in_flight) == (BudgetStanding.BLOCKED, 10, 0)
        refusal = await other.ask("4")
        assert refusal is not None
        assert "$10.00 of $10.00 spent" in refusal.words


async def test_200_requests_at_once_on_three_replicas_stop_at_the_limit(database: Engine) -> None:
    async with replicas(database, 3, recorded=costs(usd="0.10", number=1)) as candelas:

        async def run(number: int) -> bool:
            candela = candelas[number % 3]
            if await candela.ask(f"new-{number}") is not None:
                return False
            await asyncio.sleep(0)
            candela.end(f"new-{number}", "0.10")
            return True

        sent = await asyncio.gather(*map(run, range(200)))
        state = await candelas[0].until(lambda state: not state.in_flight)
        assert sum(sent) == 99
        assert (state.spent_usd, state.reserved_usd) == (10, 0)


async def test_where_nothing_is_known_one_request_runs_at_a_time_on_all_replicas(database: Engine) -> None:
    async with replicas(database, 2) as (one, other):
        assert await one.ask("1") is None
        waits = asyncio.create_task(other.ask("2", "s2"))
        await other.until(lambda state: state.waiting == 1)
        assert not waits.done()
        one.end("1", "9.5")
        assert await asyncio.wait_for(waits, 10) is None
        other.end("2", "9.5", "s2")
        state = await one.until(lambda state: state.spent_usd == 19)
        assert state.spent_usd <= 10 + Decimal("9.5"), "by one request, whose cost nobody knew"
        assert await one.ask("3") is not None


async def test_history_counts_once_on_however_many_replicas(database: Engine) -> None:
    history = costs(usd="1.5", number=4)
    async with replicas(database, 3, recorded=history) as candelas:
        assert [each.state().spent_usd for each in candelas] == [6, 6, 6]
    async with replicas(database, 1, {**BUDGET, "limit_usd": 20}, recorded=history) as [again]:
        assert (again.state().spent_usd, again.reached) == (6, [])


async def test_another_budget_of_the_same_name_counts_from_history(database: Engine) -> None:
    async with replicas(database, 1, recorded=costs(usd="1.5", number=4)) as [candela]:
        candela.budgets.configure(RulesSettings.model_validate({"budgets": [{**BUDGET, "scope": "session"}]}))
        await candela.budgets.fill(costs(usd="1.5", number=2))  # type: ignore[arg-type]
        assert (candela.state().target, candela.state().spent_usd) == ("s1", 3)


async def test_requests_of_a_replica_that_was_killed_are_settled_as_they_are_recorded(database: Engine) -> None:
    async with replicas(database, 1, lease_s=2, recorded=costs(usd="0.5", number=1)) as [alive]:
        dead = Candela(database, BUDGET, lease_s=2)
        dead.budgets.configure(dead.settings)
        dead.budgets.begin()
        assert await dead.ask("lost-1") is None
        dead.budgets.grew(answered(request("lost-1", utc_now()), "3"), None)
        await alive.until(lambda state: state.reserved_usd == 3)
        # As after kill -9: its thread ends without a word, its reservation stays.
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("candela_tui.rules.budgets.shared.statements.leave", lambda *_: None)
            await dead.replica.close()
        alive.budgets._store = Recorded(answered(request("lost-1", utc_now()), "2.25"))  # type: ignore[assignment]
        state = await alive.until(lambda state: state.in_flight == 0)
        await alive.until(lambda state: state.spent_usd == Decimal("2.75"))
        assert state.reserved_usd == 0


async def test_a_replica_whose_leases_ended_while_it_slept_reserves_again(database: Engine) -> None:
    async with replicas(database, 2, lease_s=3, recorded=costs(usd="0.5", number=1)) as (one, other):
        assert await one.ask("1") is None
        await other.until(lambda state: state.in_flight == 1)
        with database.connect() as connection:

            def leases() -> int:
                with connection.begin():
                    return connection.execute(text("SELECT count(*) FROM budget_leases")).scalar_one()

            while leases():
                # It may say something in between.
                with connection.begin():
                    connection.execute(text("UPDATE budget_replicas SET seen_at = seen_at - interval '1 hour'"))
                statements.end_leases(connection, {}, {"1": ()}, 3)
            await one.until_true(lambda: leases() == 1)
        assert (await other.until(lambda state: state.in_flight == 1)).reserved_usd == Decimal("0.5")
        one.end("1", "2")
        state = await other.until(lambda state: state.spent_usd == Decimal("2.5"))
        assert (state.in_flight, state.reserved_usd) == (0, 0)


async def test_only_one_replica_tells_that_a_mark_is_reached(database: Engine) -> None:
    async with replicas(database, 3, {**BUDGET, "warn_at": [0.5]}) as candelas:
        await candelas[0].ask("1")
        candelas[0].end("1", "6")
        for each in candelas:
            await each.until(lambda state: state.state is BudgetStanding.WARNED)
        await candelas[0].until_true(lambda: any(each.reached for each in candelas))
        await candelas[1].ask("2")
        candelas[1].end("2", "6")
        for each in candelas:
            await each.until(lambda state: state.spent_usd == 12)
        await candelas[0].until_true(lambda: sum(len(each.reached) for each in candelas) >= 2)
        assert sorted(mark for each in candelas for mark in each.reached) == [0.5, 1.0]


async def test_an_override_counts_on_every_replica(database: Engine) -> None:
    async with replicas(database, 2, recorded=costs(usd="10", number=1)) as (one, other):
        assert await other.ask("1") is not None
        now = utc_now()
        override = Override("b", now + timedelta(hours=1), "release", now)
        await asyncio.to_thread(one.overrides.set, override)
        await other.until(lambda state: state.override == override)
        assert await other.ask("2") is None
        assert [action.words.endswith("overridden: release") for action in other.noted] == [False, True]
        assert await asyncio.to_thread(other.overrides.remove, "b", now)
        await one.until(lambda state: state.override is None)
        assert await asyncio.to_thread(one.overrides.all, now) == []


async def test_a_rolling_window_counts_what_is_in_it(database: Engine) -> None:
    old = answered(request("old", utc_now() - timedelta(hours=1, seconds=-4)), "9")
    async with replicas(database, 1, {**BUDGET, "window": "rolling:1h"}, recorded=Recorded(old)) as [candela]:
        assert (candela.state().spent_usd, candela.state().resets_at) == (9, old.started_at + timedelta(hours=1))
        async with asyncio.timeout(20):
            while await candela.ask("1") is not None:
                await candela.budgets._changed.wait()
        candela.end("1", "1")
        assert (await candela.until(lambda state: not state.in_flight)).spent_usd == 1


async def test_while_postgresql_is_away_requests_pass_or_not_as_the_budget_says(
    postgres_server: PostgresServer, database: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    closed = {**BUDGET, "name": "c", "fail": "closed", "match": "session:s2"}
    async with replicas(database, 1, BUDGET) as [candela], replicas(database, 1, BUDGET, closed) as [strict]:
        assert await candela.ask("1") is None
        with database.connect() as connection, connection.begin():
            # A server that is ended at once may lose what it did in the last moments: the tests do not wait for disks.
            connection.execute(text("CHECKPOINT"))
        postgres_server.stop()
        try:
            assert await candela.ask("2", "s2") is None
            assert [(each.rule, each.words) for each in candela.noted] == [
                ("b", "not checked, as PostgreSQL can't be reached")
            ]
            with pytest.raises(NotReady, match='the budget "c" can\'t be checked'):
                await strict.ask("3", "s2")
            candela.end("1", "1")
            await candela.until_true(lambda: bool(candela.notices))
            assert "Traceback" not in caplog.text
        finally:
            postgres_server.start()
        # What passed unchecked is reserved once that is possible.
        await candela.until(lambda state: state.spent_usd == 1 and state.in_flight == 1)
        candela.end("2", "2")
        state = await candela.until(lambda state: state.spent_usd == 3)
        assert (state.in_flight, state.reserved_usd) == (0, 0)
        assert [notice.split(":")[0].split(",")[0] for notice in candela.notices] == [
            "Budgets can't be checked",
            "PostgreSQL answers again",
        ]
        # Each replica connects again by itself.
        await strict.until_true(lambda: any(each.startswith("PostgreSQL answers again") for each in strict.notices))
        assert await strict.ask("4", "s3") is None


async def test_without_a_budget_nothing_is_connected_to() -> None:
    def engine() -> Engine:
        raise AssertionError("connected")

    replica = Replica(engine)
    books = SharedBooks(replica, SharedOverrides(lambda: engine().begin()))
    budgets = Budgets(Pricer(PricingSettings()), RunningLedger(Clock()), books=books)
    budgets.configure(RulesSettings())
    assert not replica.started
    assert await budgets.admit(asked(request("1")), lambda _: None) is None
    budgets.ended(answered(request("1"), 1), None)
    await budgets.close()


async def test_no_request_waits_for_a_database_that_is_known_to_be_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candela_tui.rules.budgets.shared.replica._PATIENCE_S", 3600)
    back, attempts = threading.Event(), itertools.count()

    def engine() -> Engine:
        if next(attempts):
            # As a host that drops all packets.
            back.wait()
        raise ConnectionRefusedError

    replica, away = Replica(engine), asyncio.Event()
    replica.start(lambda news: away.set() if news.reachable is False else None)
    try:
        async with asyncio.timeout(20):
            await away.wait()
            with pytest.raises(Unreachable):
                await replica.reserve("1", ())
    finally:
        back.set()
        await replica.close()


async def test_nobody_waits_for_a_replica_that_has_ended() -> None:
    def engine() -> Engine:
        raise ConnectionRefusedError

    replica = Replica(engine)
    replica.start(lambda _: None)
    await replica.close()
    async with asyncio.timeout(20):
        for asked_for in (replica.refresh(), replica.reserve("1", ())):
            with pytest.raises(Unreachable):
                await asked_for


async def test_after_all_ended_the_counters_are_the_sums_of_the_charges(database: Engine) -> None:
    per_session = {**BUDGET, "name": "each", "scope": "session", "limit_tokens": 100_000}
    del per_session["limit_usd"]
    async with replicas(database, 3, {**BUDGET, "limit_usd": 1000}, per_session) as candelas:

        async def run(number: int) -> None:
            candela, session = candelas[number % 3], f"s{number % 4}"
            if await candela.ask(str(number), session) is None:
                if number % 5:
                    candela.end(str(number), f"0.{number:02}", session)
                else:
                    candela.budgets.give_back(str(number))

        await asyncio.gather(*map(run, range(60)))
    with database.connect() as connection, connection.begin():
        rows = connection.execute(
            text("""
                SELECT c.spent_usd, c.spent_tokens, coalesce(sum(b.usd), 0), coalesce(sum(b.tokens), 0),
                  c.reserved_usd, c.reserved_tokens, c.in_flight, c.unknown
                FROM budget_counters c LEFT JOIN budget_charges b ON b.counter = c.id GROUP BY c.id
            """)
        ).all()
        assert connection.execute(text("SELECT count(*) FROM budget_leases")).scalar() == 0
        assert connection.execute(text("SELECT count(*) FROM budget_replicas")).scalar() == 0
    assert len(rows) == 5
    for row in rows:
        assert row[:2] == row[2:4]
        assert row[4:] == (0, 0, 0, 0)
