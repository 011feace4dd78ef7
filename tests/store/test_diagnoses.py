"""What became of a request's cache is stored beside the request."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from candela_tui.analysis.filter import parse
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Diagnosis
from candela_tui.exchange.context_sums import ContextSums
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.store.check import Check
from candela_tui.store.reader import StoreReader
from candela_tui.store.repair import Repair
from candela_tui.store.writer import StoreWriter
from tests.store.recording import PATIENCE_S, STARTED, ended, exchange, store_whole, writing

USAGE = Usage(
    input_tokens=5, cache_read_tokens=100, cache_write_5m_tokens=900, cache_write_1h_tokens=0, output_tokens=7
)
RESULT = CacheResult(
    Diagnosis(
        CacheState.PARTIAL,
        Cause.TOOLS_CHANGED,
        where="tools[3].description",
        previous_id="0001-000000",
        idle=timedelta(seconds=61, microseconds=7),
        ttl="5m",
        expected_read_tokens=950,
        read_tokens=100,
        write_5m_tokens=900,
        write_1h_tokens=0,
        rewritten_tokens=850,
        provider_reason="tools_changed",
    ),
    Decimal("0.003910000001"),
)


def answered(number: int = 1, **changes: object) -> Exchange:
    return exchange(number, usage=USAGE, answer_facts=(("cache_miss_reason", "tools_changed"),), **changes)


def store_results(writer: StoreWriter, *diagnosed: Exchange) -> None:
    """Store results, and wait until they are committed."""
    committed = threading.Event()
    writer.add_results(diagnosed, committed.set)
    assert committed.wait(PATIENCE_S)


def stored_with_results(path: Path, exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Store exchanges with a result each, and return what a reader then lists."""
    with writing(path) as (writer, reports):
        for each in exchanges:
            store_whole(writer, each)
        reports.wait_until_stored(*(each.id for each in exchanges))
        store_results(writer, *(replace(each, cache=RESULT) for each in exchanges))
    return StoreReader(path).exchanges()


@pytest.mark.both_databases
def test_an_exchange_is_read_with_its_result(path: Path) -> None:
    (listed,) = stored_with_results(path, [answered()])
    assert listed.cache == RESULT
    assert listed == ended(answered(), cache=RESULT)
    reader = StoreReader(path)
    whole = reader.exchange(listed.id)
    assert whole is not None
    assert whole.cache == RESULT
    assert [each.cache for each in reader.each()] == [RESULT]
    assert reader.with_ids([listed.id]) == {listed.id: listed}


def test_without_a_result_there_is_none(path: Path) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, answered())
    (listed,) = StoreReader(path).exchanges()
    assert listed.cache is None


@pytest.mark.both_databases
def test_the_newest_exchanges_without_a_result_come_first(path: Path) -> None:
    with writing(path) as (writer, reports):
        for number in range(1, 6):
            store_whole(writer, answered(number))
        store_whole(writer, answered(6, kind=Kind.COUNT_TOKENS))
        writer.begin(answered(7), b"{}")
        reports.wait_until_stored(*(answered(number).id for number in range(1, 7)))
        store_results(writer, replace(answered(4), cache=RESULT, context=ContextSums()))
        reader = StoreReader(path)
        assert reader.without_results(None, 3) == [answered(number).id for number in (5, 3, 2)]
        assert reader.without_results(answered(2).id, 3) == [answered(1).id]


def test_the_result_of_another_version_is_not_used_and_replaced(path: Path) -> None:
    stored_with_results(path, [answered()])
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE cache_diagnoses SET version = version - 1"))
    engine.dispose()
    reader = StoreReader(path)
    assert reader.exchanges()[0].cache is None
    assert reader.without_results(None, 9) == [answered().id]
    with writing(path) as (writer, _):
        store_results(writer, replace(answered(), cache=replace(RESULT, rewritten_usd=None)))
    assert reader.exchanges()[0].cache == replace(RESULT, rewritten_usd=None)


def test_the_result_of_a_removed_exchange_is_dropped(path: Path) -> None:
    with writing(path) as (writer, reports):
        store_whole(writer, answered())
        reports.wait_until_stored(answered().id)
        store_results(writer, *(replace(answered(number), cache=RESULT) for number in (1, 2)))
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT exchange_id FROM cache_diagnoses")).scalars().all() == [answered().id]
    engine.dispose()


def test_a_check_finds_a_damaged_result_and_one_without_a_request(path: Path) -> None:
    stored_with_results(path, [answered(1), answered(2)])
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE cache_diagnoses SET cause = 'weather' WHERE exchange_id LIKE '%1'"))
        connection.execute(text("UPDATE cache_diagnoses SET exchange_id = 'nobody' WHERE exchange_id LIKE '%2'"))
    engine.dispose()
    check = Check(path)
    for _ in check.steps():
        pass
    assert sorted(str(problem.request_id) for problem in check.problems) == [answered(1).id, "None"]
    assert any("cache_diagnoses has 1 rows without a request" in problem.words for problem in check.problems)


def test_a_repair_keeps_results(path: Path, tmp_path: Path) -> None:
    (before,) = stored_with_results(path, [answered()])
    repair = Repair(path, tmp_path / "repaired.db")
    for _ in repair.steps():
        pass
    assert repair.lost == []
    assert StoreReader(tmp_path / "repaired.db").exchanges() == [before]


@pytest.mark.both_databases
@pytest.mark.parametrize("same_agent", [True, False])
def test_the_earlier_exchanges_of_an_agent_come_newest_first(path: Path, same_agent: bool) -> None:
    with writing(path) as (writer, _):
        for number in range(1, 5):
            store_whole(writer, answered(number, agent_id=None if number % 2 else "agent"))
    found = StoreReader(path).earlier_of_agent(answered(5, agent_id=None if same_agent else "agent"), "0001-000005", 9)
    assert found == [f"0001-{number:06}" for number in ((3, 1) if same_agent else (4, 2))]


@pytest.mark.parametrize(
    ("filter_text", "sessions"),
    [
        ("cause:tools_changed", {"missed"}),
        ("cause:ttl", set()),
        ("missed>0.8k", {"missed"}),
        ("missed>9k", set()),
        ("-missed>0", {"other"}),
    ],
)
def test_a_filter_finds_results_without_reading_the_sessions_that_have_none(
    path: Path, filter_text: str, sessions: set[str]
) -> None:
    missed, other = answered(1, session_id="missed"), answered(2, session_id="other")
    with writing(path) as (writer, reports):
        for each in (missed, other):
            store_whole(writer, each)
        reports.wait_until_stored(missed.id, other.id)
        store_results(writer, replace(missed, cache=RESULT))
    reader, wanted = StoreReader(path), parse(filter_text)
    assert {each.session_id for each in reader.search(wanted, now=STARTED)} == sessions
    if not filter_text.startswith("-"):
        assert reader.sessions_that_may_match(wanted) == sessions
