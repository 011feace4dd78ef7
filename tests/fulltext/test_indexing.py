"""The index has what the store has: each text once, nothing that was removed, and it goes on where it ended."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import delete

from candela_tui.exchange import Kept, Outcome
from candela_tui.file_lock import locked_now
from candela_tui.fulltext.index import IndexUnavailable, NewRequest, Progress, SearchIndex
from candela_tui.fulltext.indexer import Indexer, catch_up
from candela_tui.fulltext.texts import Part, Place, Text
from candela_tui.fulltext.thread import IndexerThread
from candela_tui.protocol.kind import Kind
from candela_tui.store.database import connect_to_write
from candela_tui.store.removal import remove_bodies
from candela_tui.store.schema import exchanges
from tests.fulltext.recorded_history import NOW, RecordedHistory, started
from tests.store.recording import PATIENCE_S, exchange, writing


def rows(history: RecordedHistory, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(history.index)) as connection:
        return connection.execute(query).fetchall()


def delete_from_store(history: RecordedHistory, *ids: str) -> None:
    with closing(connect_to_write(history.store)) as connection, connection.begin():
        connection.execute(delete(exchanges).where(exchanges.c.id.in_(ids)))


def words_of(history: RecordedHistory) -> set[object]:
    with closing(sqlite3.connect(history.index)) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, words, row)")
        return {row[0] for row in connection.execute("SELECT term FROM temp.terms")}


def test_a_conversation_that_is_sent_again_is_indexed_once(history: RecordedHistory) -> None:
    for turns in range(1, 6):
        history.say(*(f"the walrus number {turn}" for turn in range(turns)))
    history.index_all()

    assert rows(history, "SELECT count(*) FROM texts") == [(5,)]
    assert len(history.find("walrus")) == 5


def test_it_is_indexed_once_also_when_the_conversation_goes_on_later(history: RecordedHistory) -> None:
    history.say("a walrus")
    history.index_all()
    history.say("a walrus", "a heron")
    history.index_all()

    assert rows(history, "SELECT count(*) FROM texts") == [(2,)]


def test_a_machine_that_is_too_slow_still_indexes_a_few_requests_for_each_search(history: RecordedHistory) -> None:
    for number in range(21):
        history.say(f"walrus {number}")

    catch_up(history.index, history.reader, 0)
    assert history.finder.progress() == Progress(1, started(21))
    catch_up(history.index, history.reader, 0)
    assert history.finder.progress() == Progress(0, None)


def test_what_is_live_is_indexed_once_it_ended(history: RecordedHistory) -> None:
    live = exchange(1)
    with writing(history.store) as (writer, reports):
        writer.begin(live, b'{"messages": [{"role": "user", "content": "a walrus"}]}')
        later = exchange(2, outcome=Outcome.OK, session_id="other")
        writer.begin(later, b'{"messages": [{"role": "user", "content": "a heron"}]}')
        writer.end(later, [], [])
        reports.wait_until_stored(later.id)
        history.index_all()
        assert (len(history.find("walrus")), len(history.find("heron"))) == (0, 1)

        writer.end(exchange(1, outcome=Outcome.CANCELLED), [], [])
        reports.wait_until_stored(live.id)
    history.index_all()

    assert (len(history.find("walrus")), len(history.find("heron"))) == (1, 1)


def test_a_count_of_tokens_is_not_indexed(history: RecordedHistory) -> None:
    history.say("a walrus", kind=Kind.COUNT_TOKENS)
    history.index_all()

    assert history.find("walrus") == []


def test_what_was_removed_from_the_store_is_not_found_from_then_on(history: RecordedHistory) -> None:
    gone = history.say("a walrus", session_id="gone")
    history.say("a heron and a walrus", session_id="kept")
    history.index_all()

    delete_from_store(history, gone.id)

    assert [hit.exchange.session_id for hit in history.find("walrus")] == ["kept"]


def test_the_words_of_what_was_removed_leave_the_index(history: RecordedHistory) -> None:
    gone = history.say("a parseWalrus naïve 海象", session_id="gone")
    history.say("a heron", session_id="kept")
    history.index_all()
    assert {"parsewalrus", "walrus", "naive", "海"} < words_of(history)

    delete_from_store(history, gone.id)
    history.index_all()

    assert words_of(history) == {"heron"}
    assert rows(history, "SELECT count(*) FROM texts") == [(1,)]
    assert len(history.find("heron")) == 1
    with closing(sqlite3.connect(history.index)) as connection:
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")


def test_a_text_of_a_removed_request_is_found_in_a_later_one_that_repeats_it(history: RecordedHistory) -> None:
    first = history.say("a walrus")
    second = history.say("a walrus", "a heron")
    history.index_all()

    delete_from_store(history, first.id)
    history.index_all()

    assert [hit.exchange.id for hit in history.find("walrus")] == [second.id]


def test_earlier_requests_that_were_imported_are_found(history: RecordedHistory) -> None:
    history.say("a heron")
    history.index_all()

    history.record_bytes([{"role": "user", "content": "a walrus"}], b"{}", "application/json", id="0000-000001")
    history.index_all()

    assert len(history.find("walrus")) == 1


def test_progress_says_what_is_missing(history: RecordedHistory) -> None:
    for number in range(30):
        history.say(f"walrus {number}", session_id=str(number))
    assert history.finder.progress() is None

    indexer = Indexer(history.index, history.reader)
    indexer.compare()
    assert history.finder.progress() == Progress(30, started(1))
    indexer.add_some()
    assert history.finder.progress() == Progress(10, started(21))
    indexer.close()

    again = Indexer(history.index, history.reader)
    again.compare()
    assert again.to_go == 10
    again.add_some()
    again.close()
    assert history.finder.progress() == Progress(0, None)
    assert len(history.find("walrus")) == 30


def test_work_that_is_stopped_in_between_loses_nothing(history: RecordedHistory) -> None:
    for number in range(5):
        history.say(f"walrus {number}")
    calls = iter(range(8))

    def stop_soon() -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt

    indexer = Indexer(history.index, history.reader, stop_soon)
    indexer.compare()
    with pytest.raises(KeyboardInterrupt):
        indexer.add_some()
    indexer.close()
    assert history.find("walrus") == []

    history.index_all()

    assert len(history.find("walrus")) == 5


def test_a_request_that_cannot_be_read_does_not_stop_the_rest(history: RecordedHistory) -> None:
    history.say("a walrus " * 1000, session_id="damaged")
    history.say("a heron", session_id="whole")
    with closing(sqlite3.connect(history.store)) as connection, connection:
        connection.execute("UPDATE request_bodies SET data = x'00' WHERE size > 4096")
    history.index_all()

    assert (history.find("walrus"), len(history.find("heron"))) == ([], 1)


@pytest.mark.parametrize("damage", [b"", b"not a database at all", None])
def test_an_index_that_cannot_be_used_is_made_again(history: RecordedHistory, damage: bytes | None) -> None:
    history.say("a walrus")
    history.index_all()
    if damage is None:
        with closing(sqlite3.connect(history.index)) as connection:
            connection.execute("PRAGMA user_version = 99")
    else:
        history.index.write_bytes(damage)
        history.index.with_name("search.db-wal").unlink(missing_ok=True)

    history.index_all()

    assert len(history.find("walrus")) == 1


def test_a_search_in_a_damaged_index_says_what_to_do(history: RecordedHistory) -> None:
    history.say("a walrus")
    history.index_all()
    history.index.write_bytes(b"not a database at all")

    with pytest.raises(IndexUnavailable, match=r"search\.db can't be (read|searched)"):
        history.find("walrus")


def test_the_thread_makes_an_index_again_that_is_damaged_inside(
    history: RecordedHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candela_tui.fulltext.thread._RETRY_S", 0.01)
    history.say("a walrus")
    history.index_all()
    with closing(sqlite3.connect(history.index)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET rootpage = 9999 WHERE name = 'requests'")
    problems: list[str] = []
    thread = IndexerThread(history.index, history.store, problems.append)
    thread.start()
    try:
        history.wait_until_found("walrus")
    finally:
        thread.close(PATIENCE_S)
    assert problems == []


def test_the_index_is_readable_only_by_its_owner(history: RecordedHistory) -> None:
    history.index_all()

    assert history.index.stat().st_mode & 0o077 == 0


def test_the_thread_indexes_what_is_stored_while_it_runs_and_one_process_does_it(history: RecordedHistory) -> None:
    problems: list[str] = []
    thread = IndexerThread(history.index, history.store, problems.append)
    history.say("a walrus")
    thread.start()
    try:
        history.wait_until_found("walrus")
        with locked_now(history.index) as free:
            assert not free
        history.say("a walrus", "a heron")
        history.wait_until_found("heron")
    finally:
        thread.close(PATIENCE_S)

    assert problems == []
    with locked_now(history.index) as free:
        assert free


def test_the_index_is_searched_while_it_is_written(history: RecordedHistory) -> None:
    history.say("a walrus")
    history.index_all()

    def searched_meanwhile() -> Iterator[NewRequest]:
        yield NewRequest("0002-000001", "other", NOW, [Text(Part.PROMPT, None, Place(1, 0), "another walrus")])
        assert len(history.find("walrus")) == 1

    with closing(SearchIndex.open(history.index)) as index:
        index.add(searched_meanwhile())
        assert index.count() == 2


def remove_bodies_of(history: RecordedHistory, *ids: str) -> None:
    with closing(connect_to_write(history.store)) as connection:
        assert remove_bodies(connection, ids) == len(ids)


def test_the_words_of_removed_bodies_are_forgotten_and_nothing_brings_them_back(history: RecordedHistory) -> None:
    first = history.say("a walrus")
    second = history.say("a walrus", "a heron")
    alone = history.say("a badger", session_id="other")
    history.index_all()

    remove_bodies_of(history, first.id, alone.id)
    history.index_all()
    # A later request has the words of the first one.
    assert [hit.exchange.id for hit in history.find("walrus")] == [second.id]
    assert history.find("badger") == []
    assert "badger" not in words_of(history)
    assert "walrus" in words_of(history)

    remove_bodies_of(history, second.id)
    history.index_all()
    history.index_all()
    assert words_of(history) == set()
    assert rows(history, "SELECT count(*) FROM requests") == [(0,)]
    assert history.finder.progress() == Progress(0, None)
    assert history.reader.count_ended() == 3


def test_a_conversation_goes_on_after_its_bodies_were_removed(history: RecordedHistory) -> None:
    first = history.say("a walrus")
    history.index_all()
    remove_bodies_of(history, first.id)
    later = history.say("a walrus", "a heron")
    history.index_all()

    assert [hit.exchange.id for hit in history.find("walrus")] == [later.id]
    history.note_what_is_missing()
    assert history.finder.progress() == Progress(0, None)


def test_requests_without_bodies_are_not_waited_for(history: RecordedHistory) -> None:
    history.say("a walrus", kept=Kept.HEADERS)
    history.say("a heron")
    history.index_all()

    assert rows(history, "SELECT count(*) FROM requests") == [(1,)]
    assert history.finder.progress() == Progress(0, None)
    assert len(history.find("heron")) == 1
