"""A ledger fed live, one filled exchange by exchange and one summed by the database hold the same sums."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import Connection, delete, insert

from candela_tui.exchange import Cost, Exchange, Marks, Outcome
from candela_tui.ledger.ledger import Dimension, Ledger
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.store.database import connect_to_write, driver_connection
from candela_tui.store.history import EVERYTHING, ExchangeQuery
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.reader import StoreReader
from candela_tui.store.rows import row_of
from candela_tui.store.schema import exchanges

BEGUN = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
ENDED = [outcome for outcome in Outcome if outcome is not Outcome.LIVE]
words = some.sampled_from([None, "a", "größer"])
tokens = some.none() | some.integers(0, 10**6)
usd = some.decimals(0, 1000, places=12)


@some.composite
def recorded(draw: Any) -> Exchange:
    number = draw(some.integers(0, 40))
    return Exchange(
        id=f"{number:03}",
        started_at=BEGUN + number * timedelta(minutes=7),
        method=draw(some.sampled_from(["POST", "HEAD"])),
        path="/v1/messages",
        route="anthropic-direct",
        kind=draw(some.sampled_from(Kind)),
        session_id=draw(words),
        agent_id=draw(words),
        model=draw(words),
        model_used=draw(words),
        outcome=draw(some.sampled_from(ENDED)),
        usage=draw(some.none() | some.builds(Usage, tokens, tokens, tokens, tokens, tokens)),
        cost=draw(some.none() | some.builds(Cost, usd, usd, usd, usd, usd, some.booleans())),
        unpriced_model=draw(words),
        client_cost=draw(some.none() | usd),
        unread=draw(words),
        saved=draw(some.none() | some.decimals(-10, 10, places=12)),
        marks=Marks(),
        client=draw(words),
        session_title=draw(words),
        clues=draw(some.none() | some.builds(SessionClues, words, words, words)),
    )


many = some.lists(recorded(), unique_by=lambda exchange: exchange.id, max_size=12)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Return a store whose rows each example replaces: to make one for each would take most of the time."""
    path = tmp_path_factory.mktemp("store") / "candela.db"
    connection = connect_to_write(path)
    connection.exec_driver_sql("PRAGMA synchronous = OFF")
    connection.rollback()
    bring_up_to_date(connection, path)
    yield connection
    connection.close()


def store(connection: Connection, stored: Collection[Exchange]) -> StoreReader:
    with connection.begin():
        connection.execute(delete(exchanges))
        if stored:
            rows = [row_of(exchange, None, response_dropped=False) for exchange in stored]
            connection.execute(insert(exchanges), rows)
    return StoreReader(Path(driver_connection(connection).execute("PRAGMA database_list").fetchone()[2]))


def same(*ledgers: Ledger) -> bool:
    """Return whether ledgers say the same. Bare: pytest takes minutes to explain how two large texts differ."""
    first, *others = map(sums, ledgers)
    for other in others:
        for name, value in first.items():
            if other[name] != value:
                return False
    return True


def sums(ledger: Ledger) -> dict[str, Any]:
    """Return everything that a ledger says."""
    return {
        "totals": ledger.totals,
        "sessions": {session.session_id: session for session in ledger.sessions()},
        "agents": {
            (session, agent): ledger.agent(session, agent) for session in (None, "a", "größer") for agent in "ab"
        },
        "projects": {cwd: ledger.project(cwd) for cwd in ("a", "größer")},
        "models": ledger.by_model(),
        "days": ledger.by_day(lambda moment: moment),
        "today": ledger.day(BEGUN, lambda moment: moment),
        "hours": ledger.cost_by_hour(BEGUN + timedelta(hours=5), 6, lambda moment: moment),
    }


@given(many)
def test_the_database_sums_up_what_a_ledger_counts(database: Connection, stored: list[Exchange]) -> None:
    reader = store(database, stored)
    assert same(reader.totals(), Ledger.of(reader.exchanges()), Ledger.of(stored))


@given(many, some.booleans())
def test_exchanges_counted_as_they_change_are_counted_once(stored: list[Exchange], backwards: bool) -> None:
    live = [
        replace(each, outcome=Outcome.LIVE, usage=None, cost=None, unread=None, unpriced_model=None) for each in stored
    ]
    ledger = Ledger()
    for each in reversed(live) if backwards else live:
        ledger.change(None, each)
    for before, after in zip(live, stored, strict=True):
        ledger.change(before, after)
    assert same(ledger, Ledger.of(stored))


@given(many, many)
def test_sums_of_the_store_go_on_with_what_comes_live(
    database: Connection, stored: list[Exchange], live: list[Exchange]
) -> None:
    newer = {each.id: each for each in live}
    ledger = store(database, stored).totals(without=newer)
    for each in live:
        ledger.change(None, each)
    older = [each for each in stored if each.id not in newer]
    assert same(ledger, Ledger.of([*older, *live]))


def test_a_query_narrows_the_sums_as_it_does_the_list(database: Connection) -> None:
    made = Exchange(
        id="1", started_at=BEGUN, method="POST", path="/", route="anthropic-direct", session_id="s", outcome=Outcome.OK
    )
    stored = [replace(made, id=str(number), started_at=BEGUN + number * timedelta(hours=1)) for number in range(5)]
    reader = store(database, [*stored, replace(made, id="9", session_id=None)])
    for query in (
        EVERYTHING,
        ExchangeQuery("s"),
        ExchangeQuery(None),
        ExchangeQuery(since=BEGUN + timedelta(hours=2)),
        ExchangeQuery("s", before="3"),
    ):
        assert same(reader.totals(query), Ledger.of(reader.exchanges(query)))
    assert reader.totals(ExchangeQuery("s", limit=1)).totals.requests == 5
    assert reader.totals(by=[Dimension.SESSION]).by_model() == {}


def test_what_is_live_counts_as_the_list_says(database: Connection) -> None:
    made = Exchange(
        id="1",
        started_at=BEGUN,
        method="POST",
        path="/v1/messages",
        route="anthropic-direct",
        kind=Kind.MESSAGES,
        cost=Cost(Decimal(1), Decimal(0), Decimal(0), Decimal(0), Decimal(0)),
        marks=Marks(connected=1.0),
        pid=-1,
    )
    # Its process is gone: it was interrupted, and cost at least what was known.
    reader = store(database, [made])
    totals = reader.totals().totals
    assert (totals.live, totals.at_least) == (0, True)
    assert same(reader.totals(), Ledger.of(reader.exchanges()))


def test_days_are_those_of_the_users_clock() -> None:
    made = Exchange(id="1", started_at=BEGUN, method="POST", path="/", route="anthropic-direct", outcome=Outcome.OK)
    ledger = Ledger.of([made, replace(made, id="2", started_at=BEGUN + timedelta(hours=2))])
    assert set(ledger.by_day(lambda moment: moment)) == {date(2026, 11, 20), date(2026, 11, 21)}
    assert set(ledger.by_day(lambda moment: moment - timedelta(hours=5))) == {date(2026, 11, 20)}
