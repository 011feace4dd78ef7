"""What replicas reserve and spend together is exact, whatever they do at the same time."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from candela_tui.rules.budgets.account import Amount, Limit, Room
from candela_tui.rules.budgets.shared import statements
from candela_tui.rules.budgets.shared.account import SharedAccount
from candela_tui.rules.budgets.shared.counter import Charge, Claim, CounterKey, Figures
from candela_tui.rules.budgets.windows import Window
from candela_tui.store.indexed_text import indexed_text
from candela_tui.store.units import stored_money

pytestmark = pytest.mark.xdist_group("postgres")

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
_numbers = itertools.count()


def key(budget: str = "b", target: str = "") -> CounterKey:
    return CounterKey(budget, "d", target, 0, None)


def new_key() -> CounterKey:
    return key(f"b{next(_numbers)}")


def usd(amount: str | int | Decimal) -> Amount:
    return Amount(Decimal(amount), 10)


def claim(of: CounterKey, expected: Amount | None = None, most: Amount | None = None, *, limit: str = "10") -> Claim:
    return Claim(of, Limit(Decimal(limit), None), True, expected, most)


class Counters:
    """The counters over one connection."""

    def __init__(self, connection: Connection, replica: str = "r1") -> None:
        self.connection = connection
        self.replica = replica
        self._ids = statements.CounterIds()

    def reserve(self, request: str, *claims: Claim) -> statements.Reserved:
        ids = self._ids.of(self.connection, [each.key for each in claims])
        return statements.reserve(self.connection, ids, self.replica, [statements.Wanted(request, claims)])[request]

    def reserve_together(self, *wanted: statements.Wanted) -> dict[str, statements.Reserved]:
        ids = self._ids.of(self.connection, [claim.key for each in wanted for claim in each.claims])
        return statements.reserve(self.connection, ids, self.replica, wanted)

    def settle(self, request: str, *charges: Charge) -> None:
        ids = self._ids.of(self.connection, [each.key for each in charges])
        statements.settle(self.connection, ids, {request: charges})

    def end_leases(self, ended: dict[str, list[Charge]]) -> None:
        ids = self._ids.of(self.connection, [each.key for charges in ended.values() for each in charges])
        statements.end_leases(self.connection, ids, ended, 30)

    def grow(self, request: str, amount: Amount) -> None:
        statements.grow(self.connection, {request: amount})

    def figures(self, of: CounterKey) -> Figures:
        return statements.changed(self.connection, ["d"], 0, NOW).figures[of]

    def id(self, of: CounterKey) -> int:
        return self._ids.of(self.connection, [of])[of]


@contextmanager
def counters(database: Engine, replica: str = "r1") -> Iterator[Counters]:
    with database.connect() as connection:
        yield Counters(connection, replica)


def test_a_request_that_does_not_fit_in_one_budget_reserves_nothing_in_any(database: Engine) -> None:
    wide, narrow = key("wide"), key("narrow")
    with counters(database) as made:
        refused = made.reserve("1", claim(wide, usd(2)), claim(narrow, usd(2), limit="1"))
        assert not refused.passes
        assert set(refused.figures) == {wide, narrow}
        assert made.figures(wide).held == made.figures(narrow).held == Amount(Decimal(0), 0)
        assert made.reserve("2", claim(wide, usd(2))).passes
        assert (made.figures(wide).held, made.figures(wide).in_flight) == (usd(2), 1)


def test_a_budget_that_does_not_bind_reserves_beyond_its_limit(database: Engine) -> None:
    with counters(database) as made:
        assert made.reserve("1", claim(key(), usd(2), limit="1")._replace(binding=False)).passes
        assert made.figures(key()).held == usd(2)


def test_requests_that_reserve_together_are_judged_one_after_the_other(database: Engine) -> None:
    wide, narrow = key("wide"), key("narrow")
    costs = {"1": "6", "2": "5", "3": "4", "4": "0.5"}
    with counters(database) as made:
        wanted = [statements.Wanted(id, [claim(wide, usd(cost), limit="100")]) for id, cost in costs.items()]
        for each in wanted[1:]:
            each.claims.append(claim(narrow, usd(costs[each.request_id]), limit="9"))
        reserved = made.reserve_together(*wanted)
        assert [each.passes for each in reserved.values()] == [True, True, True, False]
        assert [each.figures[wide].held for each in reserved.values()] == [
            Amount(Decimal(usd_), tokens) for usd_, tokens in ((0, 0), (6, 10), (11, 20), (15, 30))
        ]
        assert (made.figures(wide).in_flight, made.figures(narrow).held) == (3, Amount(Decimal(9), 20))


def test_what_a_request_cost_counts_once_in_place_of_what_was_reserved(database: Engine) -> None:
    with counters(database) as made:
        made.reserve("1", claim(key(), usd(3)))
        for _ in range(2):
            made.settle("1", Charge(key(), NOW, usd("2.5"), "unheard-of"))
        found = made.figures(key())
        assert (found.spent, found.held, found.in_flight) == (usd("2.5"), Amount(Decimal(0), 0), 0)
        assert (found.unpriced, found.oldest) == (("unheard-of",), NOW)


def test_a_request_that_was_settled_before_it_ended_counts_with_all_that_it_cost(database: Engine) -> None:
    with counters(database) as made:
        for cost in ("1", "2.5", "2"):
            made.settle("1", Charge(key(), NOW, usd(cost), None))
            made.settle("2", Charge(key(), NOW, usd("0.5"), None), Charge(key(), NOW, usd("0.5"), None))
        assert made.figures(key()).spent == Amount(Decimal(3), 20)


def test_a_reservation_that_is_repeated_counts_once(database: Engine) -> None:
    with counters(database) as made:
        for _ in range(2):
            assert made.reserve("1", claim(key(), usd(3))).passes
        assert (made.figures(key()).held, made.figures(key()).in_flight) == (usd(3), 1)


def test_a_reservation_grows_with_what_the_request_already_cost(database: Engine) -> None:
    with counters(database) as made:
        made.reserve("1", claim(key(), usd(1)))
        made.grow("1", Amount(Decimal("0.5"), 400))
        made.grow("1", Amount(Decimal(2), 300))
        assert made.figures(key()).held == Amount(Decimal(2), 400)
        made.settle("1")
        assert made.figures(key()).held == Amount(Decimal(0), 0)


def test_what_leaves_a_rolling_window_is_no_longer_spent(database: Engine) -> None:
    with counters(database) as made:
        for number, hours in enumerate((6, 4, 1)):
            made.settle(str(number), Charge(key(), NOW - timedelta(hours=hours), usd(1), None))
        statements.roll(made.connection, {made.id(key()): NOW - timedelta(hours=5)})
        found = made.figures(key())
        assert (found.spent, found.oldest) == (Amount(Decimal(2), 20), NOW - timedelta(hours=4))
        by_minute = statements.spent_by_minute(made.connection, [made.id(key())], NOW - timedelta(hours=2))
        assert by_minute == {made.id(key()): {NOW - timedelta(hours=1): usd(1)}}


def test_only_the_first_replica_tells_of_a_mark(database: Engine) -> None:
    with counters(database) as made:
        made.settle("1", Charge(key(), NOW, usd(1), None))
        told = [statements.tell(made.connection, key(), mark, NOW, None) for mark in (0.8, 0.8, 0.95, 0.8, 1.0)]
        assert told == [True, False, True, False, True]
        later = NOW + timedelta(hours=6)
        assert statements.tell(made.connection, key(), 0.8, later, later - timedelta(hours=5))


def silence(connection: Connection, replica: str) -> None:
    """Make a replica one that said nothing for 31 seconds."""
    with connection.begin():
        connection.execute(
            text("UPDATE budget_replicas SET seen_at = seen_at - interval '31 s' WHERE id = :id"), {"id": replica}
        )


def test_a_replica_that_says_nothing_leaves_orphans(database: Engine) -> None:
    with counters(database, "dead") as dead, counters(database, "alive") as alive:
        statements.beat(dead.connection, "dead", 30)
        statements.beat(alive.connection, "alive", 30)
        dead.reserve("1", claim(key(), usd(1)))
        alive.reserve("2", claim(key(), usd(1)))
        assert statements.orphans(alive.connection, 30) == []
        silence(alive.connection, "dead")
        assert statements.orphans(alive.connection, 30) == ["1"]
        alive.end_leases({"1": [Charge(key(), NOW, usd("0.5"), None)]})
        assert (alive.figures(key()).spent, alive.figures(key()).held) == (usd("0.5"), usd(1))
        assert statements.orphans(alive.connection, 30) == []
        with alive.connection.begin():
            left = alive.connection.execute(text("SELECT id FROM budget_replicas")).scalars().all()
        assert left == ["alive"]


def test_a_replica_that_was_only_cut_off_keeps_what_it_reserved_if_it_is_back_in_time(database: Engine) -> None:
    """Others saw that its leases were over, and read what is recorded, before they end them."""
    with counters(database, "back") as back, counters(database, "other") as other:
        assert statements.beat(back.connection, "back", 30), "it holds nothing yet"
        back.reserve("1", claim(key(), usd(1)))
        assert not statements.beat(back.connection, "back", 30)
        silence(other.connection, "back")
        assert statements.orphans(other.connection, 30) == ["1"]
        assert statements.beat(back.connection, "back", 30), "its reservations may have ended"
        other.end_leases({"1": [Charge(key(), NOW, usd("0.5"), None)]})
        assert (other.figures(key()).spent, other.figures(key()).held) == (Amount(Decimal(0), 0), usd(1))


def test_odd_text_of_a_target_is_kept_apart_and_found_again(database: Engine) -> None:
    odd = ["a\0b", "half \ud800", "x" * 5000, "x" * 4999, "é\n'\"\\", ""]
    keys = [key(target=indexed_text(each)) for each in odd]
    with counters(database) as made:
        for number, each in enumerate(keys):
            made.settle(str(number), Charge(each, NOW, usd(number + 1), None))
        assert [made.figures(each).spent.usd for each in keys] == [1, 2, 3, 4, 5, 6]


def test_odd_text_of_a_model_without_a_price_keeps_no_cost_from_being_counted(database: Engine) -> None:
    with counters(database) as made:
        made.settle("1", Charge(key(), NOW, usd(1), "half \ud800\0"))
        assert made.figures(key()).spent == usd(1)
        assert made.figures(key()).unpriced == (indexed_text("half \ud800\0"),)


@pytest.mark.parametrize("target", ["x" * 300, "x" * 301, "é" * 5000, "a\0b", "half \ud800"])
def test_the_text_of_a_target_stays_the_same_when_it_is_kept_again(target: str) -> None:
    assert indexed_text(indexed_text(target)) == indexed_text(target)
    assert len(indexed_text(target)) <= 300


def test_windows_that_ended_are_forgotten_unless_requests_are_in_flight(database: Engine) -> None:
    def window(budget: str) -> CounterKey:
        return CounterKey(budget, "d", "", 1, 2)

    with counters(database) as made:
        made.settle("1", Charge(window("over"), NOW, usd(1), None))
        made.reserve("2", claim(window("busy"), usd(1)))
        statements.forget_windows(made.connection, NOW)
        with made.connection.begin():
            left = made.connection.execute(text("SELECT budget FROM budget_counters")).scalars().all()
        assert left == ["busy"]


def test_requests_of_many_replicas_at_once_fill_a_limit_exactly(database: Engine) -> None:
    """Eight replicas ask in two budgets, in either order."""
    first, second = key("first"), key("second")
    passed: list[str] = []

    def run(number: int) -> None:
        with counters(database, f"r{number}") as made:
            for turn in range(25):
                request = f"{number}-{turn}"
                claims = [claim(first, usd("0.25")), claim(second, usd("0.25"), limit="100")]
                if made.reserve(request, *(claims if number % 2 else reversed(claims))).passes:
                    passed.append(request)
                    charged = Amount(Decimal("0.25"), 10)
                    made.settle(request, Charge(first, NOW, charged, None), Charge(second, NOW, charged, None))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 40
    with counters(database) as made:
        assert made.figures(first).spent == made.figures(second).spent == Amount(Decimal(10), 400)
        assert made.figures(first).held == made.figures(second).held == Amount(Decimal(0), 0)


@st.composite
def states(draw: st.DrawFn) -> tuple[Figures, Amount | None, Amount | None]:
    """Figures of a counter, and a claim, with small whole numbers: what is just full, or just fits, is frequent."""
    some = st.builds(Amount, st.integers(0, 6).map(Decimal), st.integers(0, 6).map(lambda each: 100 * each))
    unknown = draw(st.integers(0, 3))
    unbounded = draw(st.integers(0, unknown))
    most = draw(some) if unknown > unbounded else Amount(Decimal(0), 0)
    figures = Figures(draw(some), draw(some), draw(st.integers(unknown, 5)), unknown, unbounded, most, None, ())
    return figures, draw(st.none() | some), draw(st.none() | some)


@given(st.lists(states(), max_size=30), st.booleans())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_postgresql_judges_any_state_as_an_account_does(
    database: Engine, drawn: list[tuple[Figures, Amount | None, Amount | None]], by_usd: bool
) -> None:
    limit = Limit(Decimal(10), None) if by_usd else Limit(None, 1000)
    with counters(database) as made:
        for figures, expected, most in drawn:
            of = new_key()
            row = {"id": made.id(of), **_columns(figures)}
            with made.connection.begin():
                made.connection.execute(_SET, row)
            result = made.reserve(of.budget, Claim(of, limit, True, expected, most))
            assert result.figures[of] == figures
            account = SharedAccount(limit, Window("total"))
            account.show(figures, NOW)
            assert result.passes == (account.room(expected, most) is Room.FITS)


_SET = text("""
UPDATE budget_counters SET spent_usd = :spent_usd, spent_tokens = :spent_tokens, reserved_usd = :held_usd,
  reserved_tokens = :held_tokens, in_flight = :in_flight, unknown = :unknown, unbounded = :unbounded,
  most_usd = :most_usd, most_tokens = :most_tokens
WHERE id = :id
""")


def _columns(figures: Figures) -> dict[str, object]:
    counts = {"in_flight": figures.in_flight, "unknown": figures.unknown, "unbounded": figures.unbounded}
    of = {"spent": figures.spent, "held": figures.held, "most": figures.most}
    usd = {f"{name}_usd": stored_money(amount.usd) for name, amount in of.items()}
    return {**counts, **usd, **{f"{name}_tokens": amount.tokens for name, amount in of.items()}}


amounts = st.builds(Amount, st.decimals(0, 6, places=2), st.integers(0, 600))
maybe = st.none() | amounts
steps = st.lists(
    st.tuples(st.sampled_from(["reserve", "settle", "grow", "give back"]), maybe, maybe, amounts), max_size=12
)


@given(steps, st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_postgresql_decides_as_an_account_does(database: Engine, done: list, by_usd: bool) -> None:
    """The statement that reserves, and ``Balance.room`` over the same figures, agree on any history."""
    limit = Limit(Decimal(10), None) if by_usd else Limit(None, 1000)
    of = new_key()
    spent, held = Amount(Decimal(0), 0), {}
    with counters(database) as made:
        for number, (what, expected, most, cost) in enumerate(done):
            if what == "reserve":
                result = made.reserve(str(number), Claim(of, limit, True, expected, most))
                account = SharedAccount(limit, Window("total"))
                account.show(result.figures[of], NOW)
                assert result.passes == (account.room(expected, most) is Room.FITS)
                if result.passes:
                    held[str(number)] = expected or Amount(Decimal(0), 0)
            elif held:
                request = next(iter(held))
                if what == "grow":
                    made.grow(request, cost)
                    held[request] = held[request].at_least(cost)
                else:
                    del held[request]
                    made.settle(request, *([Charge(of, NOW, cost, None)] if what == "settle" else []))
                    spent = spent.plus(cost) if what == "settle" else spent
            if of in (known := statements.changed(made.connection, ["d"], 0, NOW).figures):
                reserved = Amount(
                    sum((each.usd for each in held.values()), Decimal(0)), sum(each.tokens for each in held.values())
                )
                assert (known[of].spent, known[of].held, known[of].in_flight) == (spent, reserved, len(held))
                if not held:
                    assert (known[of].unknown, known[of].unbounded) == (0, 0)
                    assert known[of].most == Amount(Decimal(0), 0)
