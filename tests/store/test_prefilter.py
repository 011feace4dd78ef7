"""Sessions that the database leaves out have no match of the filter."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import Connection

from candela_tui.analysis.filter import parse
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.usage import Usage
from candela_tui.store.history import EVERYTHING, ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.store.search import search_sessions
from tests.ledger.test_three_ways import recorded, store
from tests.store.test_sums import database

__all__ = ["database"]

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TEXTS = ["claude-opus-4-8", "Opus", "\u212aimi", "ſonnet", "größer", "bash", None]
texts = some.sampled_from(TEXTS)


@some.composite
def various(draw: Any) -> Exchange:
    return replace(
        draw(recorded()),
        model=draw(texts),
        model_used=draw(texts),
        tools_called=draw(some.sampled_from([(), ("Bash", "Read"), ("\u212aill",)])),
        betas=draw(some.sampled_from([None, (), ("context-1m-2025-08-07",)])),
        request_bytes=draw(some.integers(0, 3000)),
        stop_reason=draw(texts),
        error=draw(some.none() | some.just(ApiError("overloaded_error", "sk-ant-api03-" + "x" * 40))),
        outcome=draw(some.sampled_from(Outcome)),
        usage=draw(some.none() | some.builds(Usage, some.none() | some.integers(0, 3000), output_tokens=some.just(7))),
    )


FILTERS = [
    "model:opus",
    "model:kimi",
    "model:sonnet",
    "-model:opus",
    "tool:bash",
    "tool:kill",
    "beta:1m",
    "stop:OPUS",
    "error:redacted",
    "status:error",
    "status:interrupted",
    "cost>500",
    "cost=0",
    "cost<0.0000000000001",
    "in>1.5k",
    "in<=1000",
    "prompt>=2k out:7",
    "sent>1kb",
    "model:opus or cost>500",
    "(model:opus | tool:read) cost>1",
    "model:opus -tool:read in>10",
    "größer",
]


@given(some.lists(various(), unique_by=lambda each: each.id, max_size=12), some.sampled_from(FILTERS))
def test_a_filter_finds_the_same_as_where_it_is_tried_on_all(
    database: Connection, stored: list[Exchange], text: str
) -> None:
    reader, wanted = store(database, stored), parse(text)

    class Unaided(StoreReader):
        def sessions_that_may_match(self, wanted: object) -> None:
            return None

    every = search_sessions(Unaided(reader._path), wanted, EVERYTHING, NOW)
    assert reader.search(wanted, now=NOW) == every


@pytest.fixture
def sessions(database: Connection) -> StoreReader:
    made = Exchange(
        id="1", started_at=NOW, method="POST", path="/", route="anthropic-direct", session_id="a", outcome=Outcome.OK
    )
    others = [replace(made, id=f"{number}", session_id=f"s{number}", request_bytes=number) for number in range(2, 9)]
    return store(database, [made, *others])


def test_only_sessions_with_a_possible_match_are_read(sessions: StoreReader, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    exchanges = StoreReader.exchanges

    def noted(self: StoreReader, query: ExchangeQuery = EVERYTHING) -> list[Exchange]:
        read.append(query.session_id)
        return exchanges(self, query)

    monkeypatch.setattr(StoreReader, "exchanges", noted)
    assert [each.id for each in sessions.search(parse("sent>=8"), now=NOW)] == ["8"]
    assert read == ["s8"]


def test_a_filter_says_what_each_match_must_meet() -> None:
    assert [term.value for term in parse("model:opus -tool:Bash (cost>1 or in>2) out>3").required] == ["opus", "3"]
    assert parse("model:opus or cost>1").required == ()
    assert parse("").required == ()
