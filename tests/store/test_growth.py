"""What a query reads is proportional to what it returns, however large the store is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, event

from candela_tui.ledger.ledger import Dimension
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from tests.store.recording import STARTED, exchange, store_whole, writing


class Executed(NamedTuple):
    """A statement that was executed, with its parameters."""

    statement: str
    parameters: tuple[Any, ...]


@contextmanager
def executed() -> Iterator[list[Executed]]:
    """Record the statements that any engine executes."""
    found: list[Executed] = []

    def record(*called: Any) -> None:
        _, _, statement, parameters, _, _ = called
        found.append(Executed(statement, tuple(parameters)))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", record)


def results(path: Path, run: Executed, explain: str = "") -> list[tuple[Any, ...]]:
    """The rows of a statement, or of its explanation."""
    with StoreReader(path)._engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(explain + run.statement, run.parameters)]


@pytest.fixture
def recorded(path: Path) -> Path:
    with writing(path) as (writer, _):
        for number in range(1, 9):
            clues = SessionClues("a title") if number == 1 else SessionClues(model="claude-opus-4-8[1m]")
            begun = STARTED + timedelta(minutes=number // 2)
            live = exchange(number, started_at=begun, session_id=f"session-{number // 5}", clues=clues)
            store_whole(writer, live)
    return path


@pytest.mark.parametrize(
    "read",
    [
        lambda reader: reader.exchanges(ExchangeQuery(since=STARTED + timedelta(seconds=5))),
        lambda reader: reader.exchanges(ExchangeQuery(since=STARTED, before="9", limit=2)),
        lambda reader: reader.exchanges(ExchangeQuery("session-1", before="9", limit=2)),
        lambda reader: reader.exchange("0001-000001"),
        lambda reader: list(reader.each(ExchangeQuery("session-1"))),
        lambda reader: reader.sessions_beginning("session", 3),
    ],
)
def test_a_query_searches_an_index(recorded: Path, read: Callable[[StoreReader], object]) -> None:
    with executed() as statements:
        read(StoreReader(recorded))
    plans = [
        step[-1]
        for run in statements
        if " exchanges" in run.statement
        for step in results(recorded, run, "EXPLAIN QUERY PLAN ")
    ]
    assert plans
    assert [step for step in plans if step.startswith("SCAN") or "TEMP B-TREE" in step] == []


def test_the_titles_of_sessions_are_read_only_where_a_request_states_them(recorded: Path) -> None:
    with executed() as statements:
        StoreReader(recorded).totals(by=(Dimension.SESSION,))
    (facts,) = [run for run in statements if "exchanges.session_title, exchanges.clues" in run.statement]
    assert len(results(recorded, facts)) == 1


@pytest.mark.both_databases
def test_requests_that_began_at_a_moment_are_found_whatever_came_before(recorded: Path) -> None:
    every = StoreReader(recorded).exchanges()
    for known in every:
        found = StoreReader(recorded).exchanges(ExchangeQuery(since=known.started_at))
        assert found == [each for each in every if each.started_at >= known.started_at]


@pytest.mark.both_databases
def test_sessions_are_found_by_the_beginning_of_their_id(recorded: Path) -> None:
    reader = StoreReader(recorded)
    assert reader.sessions_beginning("session", 3) == ["session-0", "session-1"]
    assert reader.sessions_beginning("session", 1) == ["session-0"]
    assert reader.sessions_beginning("session-1", 3) == ["session-1"]
    assert reader.sessions_beginning("t", 3) == []


def test_exchanges_are_listed_in_pages(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candela_tui.store.reader._AT_ONCE", 3)
    reader = StoreReader(recorded)
    assert list(reader.each()) == reader.exchanges()
    of_session = ExchangeQuery("session-0", since=STARTED + timedelta(minutes=1))
    assert list(reader.each(of_session)) == reader.exchanges(of_session)
