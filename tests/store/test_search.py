"""A search finds what the filter of the request list would, in the whole history."""

from datetime import timedelta
from pathlib import Path

import pytest

from candela_tui.analysis.filter import parse
from candela_tui.exchange import Exchange
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.store.search import read_sessions
from tests.store.recording import STARTED, ended, exchange, store_whole, writing

NOW = STARTED + timedelta(hours=1)


@pytest.mark.both_databases
def test_a_search_finds_by_facts_of_a_request_and_of_its_session(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, ended(exchange(1, session_id="a", session_title="Fix the tests")))
        store_whole(writer, ended(exchange(2, session_id="b", model="claude-haiku-4-5")))
        store_whole(writer, ended(exchange(3, session_id="a")))

    def found(text: str, query: ExchangeQuery = ExchangeQuery()) -> list[str]:  # noqa: B008 - frozen
        return [each.id for each in reader.search(parse(text), query, now=NOW)]

    ids = [exchange(number).id for number in (1, 2, 3)]
    assert found("") == ids
    assert found("model:haiku") == [ids[1]]
    assert found("session:fix") == [ids[0], ids[2]]
    assert found("session:fix", ExchangeQuery(limit=1)) == [ids[2]]
    assert found("", ExchangeQuery(since=exchange(2).started_at)) == ids[1:]
    assert found("nothing says this") == []


def test_sessions_are_read_one_at_a_time(path: Path, reader: StoreReader, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing(path) as (writer, _):
        for number, session_id in enumerate("bab", 1):
            store_whole(writer, ended(exchange(number, session_id=session_id)))
    read: list[str] = []
    exchanges_of = reader.exchanges

    def listening(query: ExchangeQuery) -> list[Exchange]:
        read.append(str(query.session_id))
        return exchanges_of(query)

    monkeypatch.setattr(reader, "exchanges", listening)
    sessions = read_sessions(reader, ExchangeQuery(), parse(""), NOW)
    assert [each.id for each in next(sessions).exchanges] == [exchange(1).id, exchange(3).id]
    assert read == ["b"]
    assert [each.session.session_id for each in sessions] == ["a"]
