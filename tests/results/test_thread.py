"""A running candela works out each request once, at its end or later, and stores the result."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from candela_tui.analysis.context_parts import sums_of
from candela_tui.exchange import Exchange
from candela_tui.exchange.context_sums import ContextSums
from candela_tui.results.thread import ResultsThread
from candela_tui.store.reader import StoreReader
from candela_tui.store.writer import StoreWriter
from tests.results.sessions import PRICER, Sent, expected, growing, store
from tests.store.recording import PATIENCE_S, store_whole


class Told:
    """What a thread told."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.results: dict[str, Exchange] = {}
        self.more = 0
        self.problems: list[str] = []

    def take_results(self, exchanges: Sequence[Exchange]) -> None:
        with self._changed:
            self.results |= {each.id: each for each in exchanges}
            self._changed.notify_all()

    def take_more(self) -> None:
        with self._changed:
            self.more += 1
            self._changed.notify_all()

    def wait(self, until: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(until, PATIENCE_S), (self.results.keys(), self.more, self.problems)


@contextmanager
def running(path: Path) -> Iterator[tuple[StoreWriter, Told]]:
    """A writer, and the thread that works out what it has stored."""
    told = Told()
    writer = StoreWriter(path, on_problem=told.problems.append, on_stored=lambda each: thread.stored(each))
    thread = ResultsThread(
        path,
        writer,
        PRICER,
        on_results=told.take_results,
        on_more=told.take_more,
        on_problem=told.problems.append,
    )
    writer.start()
    thread.start()
    try:
        yield writer, told
    finally:
        thread.close(PATIENCE_S)
        writer.close(PATIENCE_S)
    assert told.problems == []


def results(path: Path) -> dict[str, object]:
    return {each.id: each.cache for each in StoreReader(path).exchanges()}


def contexts(path: Path) -> list[object]:
    reader = StoreReader(path)
    return [(each.context, reader.context_parts(each.id)) for each in reader.exchanges()]


def test_what_ends_while_it_runs_and_what_was_there_before_get_the_same_results(tmp_path: Path) -> None:
    requests = growing(5)
    with running(tmp_path / "live.db") as (writer, told):
        for sent in requests:
            store_whole(writer, sent.exchange, sent.body)
        told.wait(lambda: len(told.results) == len(requests))
    store(tmp_path / "earlier.db", requests)
    with running(tmp_path / "earlier.db") as (_, told_later):
        told_later.wait(lambda: told_later.more > 0)
    assert results(tmp_path / "live.db") == results(tmp_path / "earlier.db") == expected(requests)
    assert contexts(tmp_path / "live.db") == contexts(tmp_path / "earlier.db")
    assert all(sums == sums_of(parts) for sums, parts in contexts(tmp_path / "live.db"))
    assert told_later.results == {}


def test_what_is_told_is_what_a_list_has(path: Path) -> None:
    requests = growing(2)
    with running(path) as (writer, told):
        for sent in requests:
            store_whole(writer, sent.exchange, sent.body)
        told.wait(lambda: len(told.results) == len(requests))
        listed = [StoreReader(path).exchange(each) for each in sorted(told.results)]
        assert [told.results[each] for each in sorted(told.results)] == listed


def test_what_is_known_of_a_request_whose_body_is_gone_stays(path: Path) -> None:
    requests = growing(2)
    store(path, requests)
    with running(path) as (_, told):
        told.wait(lambda: told.more > 0)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM request_bodies")
    connection.execute("UPDATE context_sums SET version = 0")
    connection.commit()
    connection.close()
    with running(path) as (_, told):
        told.wait(lambda: told.more > 0)
    assert results(path) == expected(requests)
    assert [each.context for each in StoreReader(path).exchanges()] == [ContextSums()] * 2


def test_the_results_of_another_version_are_worked_out_again(path: Path) -> None:
    requests: list[Sent] = growing(3)
    store(path, requests)
    for _ in range(2):
        with running(path) as (_, told):
            told.wait(lambda told=told: told.more > 0)
        assert results(path) == expected(requests)
        connection = sqlite3.connect(path)
        connection.execute("UPDATE cache_diagnoses SET version = 0, cause = 'unknown'")
        connection.commit()
        connection.close()
