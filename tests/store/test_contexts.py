"""What fills the context window at a request is stored beside the request."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from candela_tui.analysis.context_items import Source
from candela_tui.analysis.context_parts import ContextPart, sums_of
from candela_tui.analysis.filter import parse
from candela_tui.exchange import Exchange
from candela_tui.exchange.context_sums import ContextSums
from candela_tui.protocol.usage import Usage
from candela_tui.store.check import Check
from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader
from candela_tui.store.repair import Repair
from candela_tui.store.writer import StoreWriter
from tests.store.recording import PATIENCE_S, STARTED, exchange, store_whole, writing

PARTS = (
    ContextPart(Source.SYSTEM, "memory", "/reef/CLAUDE.md", 120, 300),
    ContextPart(Source.TOOLS, "built_in", "Read", 1_000, 2_500),
    ContextPart(Source.TOOLS, "mcp", "mcp__harbour__tides", 400, 900),
    ContextPart(Source.MESSAGES, "tool_result", "Read", 8_480, 20_000),
)
SUMS = ContextSums(120, 1_400, 8_480)


def answered(number: int = 1, **changes: object) -> Exchange:
    return exchange(number, usage=Usage(input_tokens=10_000, output_tokens=7), **changes)


def store_with_context(path: Path, *exchanges: Exchange) -> StoreReader:
    """Store exchanges; the first of them with a context."""
    with writing(path) as (writer, reports):
        for each in exchanges:
            store_whole(writer, each)
        reports.wait_until_stored(*(each.id for each in exchanges))
        store_context(writer, exchanges[0])
    return StoreReader(path)


def store_context(writer: StoreWriter, of: Exchange) -> None:
    committed = threading.Event()
    writer.add_results([replace(of, context=SUMS)], committed.set, {of.id: PARTS})
    assert committed.wait(PATIENCE_S)


def change(path: Path, statement: str) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_the_sums_are_those_of_the_parts() -> None:
    assert sums_of(PARTS) == SUMS


def test_an_exchange_is_read_with_its_sums_and_its_parts_apart(path: Path) -> None:
    reader = store_with_context(path, answered(1), answered(2))
    assert [each.context for each in reader.exchanges()] == [SUMS, None]
    assert reader.context_parts(answered(1).id) == PARTS
    assert reader.context_parts(answered(2).id) is None


def test_those_of_another_version_are_not_used(path: Path) -> None:
    reader = store_with_context(path, answered())
    for table in ("context_sums", "context_parts"):
        change(path, f"UPDATE {table} SET version = version - 1")
    assert reader.exchanges()[0].context is None
    assert reader.context_parts(answered().id) is None
    assert reader.without_results(None, 9) == [answered().id]


def test_a_repair_keeps_them(path: Path, tmp_path: Path) -> None:
    store_with_context(path, answered())
    repair = Repair(path, tmp_path / "repaired.db")
    for _ in repair.steps():
        pass
    repaired = StoreReader(tmp_path / "repaired.db")
    assert (repaired.exchanges()[0].context, repaired.context_parts(answered().id)) == (SUMS, PARTS)


def test_damaged_parts_are_found_and_not_read(path: Path) -> None:
    reader = store_with_context(path, answered())
    change(path, "UPDATE context_parts SET data = x'0102'")
    with pytest.raises(StoreError, match="are damaged"):
        reader.context_parts(answered().id)
    check = Check(path)
    for _ in check.steps():
        pass
    assert [problem.request_id for problem in check.problems] == [answered().id]


@pytest.mark.parametrize(
    ("filter_text", "sessions"),
    [
        ("tools_tokens>1.2k", {"one"}),
        ("tools_tokens>2k", set()),
        ("messages_tokens>8k system_tokens<1k", {"one"}),
        ("-messages_tokens>8k", {"two"}),
    ],
)
def test_a_filter_finds_them_without_reading_the_sessions_that_have_none(
    path: Path, filter_text: str, sessions: set[str]
) -> None:
    reader = store_with_context(path, answered(1, session_id="one"), answered(2, session_id="two"))
    wanted = parse(filter_text)
    assert {each.session_id for each in reader.search(wanted, now=STARTED)} == sessions
    if not filter_text.startswith("-"):
        assert reader.sessions_that_may_match(wanted) == sessions
