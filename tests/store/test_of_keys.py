"""A query for the requests of some keys reads what ``includes`` says, from lists and from sums."""

import sqlite3
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest

from candela_tui.database_url import StoreLocation
from candela_tui.protocol.usage import Usage
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from tests.store.recording import STARTED, exchange, store_whole, writing

KEYS = ("ada", "bob", None, "ada", "O'Neil", "bob")


@pytest.mark.both_databases
@pytest.mark.parametrize("keys", [{"ada"}, {"ada", "O'Neil"}, {"nobody"}, set(), None])
def test_only_the_requests_of_these_keys_are_read(path: StoreLocation, keys: Collection[str] | None) -> None:
    made = [
        exchange(number, key=key, usage=Usage(number, 0, 0, 0, 1), session_id=f"s{number % 2}")
        for number, key in enumerate(KEYS, 1)
    ]
    with writing(path) as (writer, _):
        for each in made:
            store_whole(writer, each)
    reader = StoreReader(path)
    wanted = frozenset(keys) if keys is not None else None
    for query in (
        ExchangeQuery(keys=wanted),
        ExchangeQuery("s1", keys=wanted),
        ExchangeQuery(keys=wanted, before=made[3].id),
        ExchangeQuery(keys=wanted, since=STARTED - timedelta(days=1), until=STARTED + timedelta(days=1)),
    ):
        included = [each for each in made if query.includes(each)]
        assert [each.id for each in reader.exchanges(query)] == [each.id for each in included]
        without = {included[-1].id} if included else set()
        counted = [each for each in included if each.id not in without]
        totals = reader.totals(query, without=without)
        assert totals.totals.requests == len(counted)
        assert {session.session_id for session in totals.sessions()} == {each.session_id for each in counted}


def test_the_requests_of_a_key_are_found_by_an_index(tmp_path: Path) -> None:
    path = tmp_path / "candela.db"
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1, key="ada"))
    plans: list[str] = []
    with sqlite3.connect(path) as connection:
        for keys in (("ada",), ("ada", "bob")):
            marks = ",".join("?" * len(keys))
            wanted = f"SELECT * FROM exchanges WHERE key IN ({marks}) ORDER BY id DESC LIMIT 500"
            plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {wanted}", keys)]
    assert len([plan for plan in plans if "ix_exchanges_key" in plan]) == 2


@pytest.mark.both_databases
def test_of_several_pages_each_has_the_newest_of_these_keys(path: StoreLocation) -> None:
    with writing(path) as (writer, _):
        for number, key in enumerate(KEYS, 1):
            store_whole(writer, exchange(number, key=key))
    reader = StoreReader(path)
    [newest] = reader.exchanges(ExchangeQuery(keys=frozenset({"ada"}), limit=1))
    [before] = reader.exchanges(ExchangeQuery(keys=frozenset({"ada"}), before=newest.id, limit=1))
    assert [newest.id, before.id] == [exchange(4).id, exchange(1).id]
