"""The status line's own reading of the store: the same figures as the other readers have."""

import itertools
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from candela_tui.exchange import Cost, Exchange, Marks, Outcome
from candela_tui.ledger.sessions import summarize
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.store.status_figures import StatusFigures, reading_figures
from tests.store.recording import STARTED, exchange, store_whole, writing

USAGE = Usage(input_tokens=1200, cache_read_tokens=7, output_tokens=7)
COST = Cost(Decimal("0.006"), Decimal("0.000000000001"), Decimal(0), Decimal("0.000175"), Decimal("0.01"))
NOBODY = 2**22 + 1
"""A pid beyond the largest that Linux gives."""
LIMITS = (
    ("anthropic-ratelimit-unified-5h-utilization", "0.42"),
    ("anthropic-ratelimit-unified-5h-reset", "1795979752"),
)


def every_kind_of_exchange() -> list[Exchange]:
    """One session for each way in which a request can add to a cost, some alone and some with others."""
    costs = (
        {},
        {"usage": USAGE, "cost": COST},
        {"usage": USAGE, "cost": replace(COST, at_least=True)},
        {"usage": USAGE, "unpriced_model": "m"},
        {"unread": "why"},
    )
    ends = (
        {"outcome": Outcome.OK, "status": 200},
        {"outcome": Outcome.LIVE},
        {"outcome": Outcome.LIVE, "pid": NOBODY, "marks": Marks(connected=1.0)},
        {"outcome": Outcome.LIVE, "pid": NOBODY, "marks": Marks(connected=1.0), "status": 529},
        {"outcome": Outcome.LIVE, "pid": NOBODY},
    )
    kinds = ({}, {"kind": Kind.COUNT_TOKENS}, {"method": "HEAD"}, {"kind": Kind.OTHER})
    made = []
    for number, (cost, end, kind) in enumerate(itertools.product(costs, ends, kinds)):
        made.append(exchange(number, session_id=f"alone-{number}", **cost, **end, **kind))
        made.append(exchange(1000 + number, session_id=f"seven-{number % 7}", **cost, **end, **kind))
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "candela.db"
    with writing(path) as (writer, _):
        for each in every_kind_of_exchange():
            writer.begin(each, b"{}")
            if not each.live:
                writer.end(each, [b""], [1.0])
    return path


def test_the_cost_of_each_session_is_that_of_the_other_reader(store: Path) -> None:
    reader = StoreReader(store)
    with reading_figures(store) as figures:
        assert figures is not None
        for session_id in {each.session_id for each in every_kind_of_exchange()}:
            assert session_id is not None
            spent, totals = figures.session(session_id), reader.totals(ExchangeQuery(session_id)).totals
            assert (spent.requests, spent.cost_usd) == (totals.requests, totals.cost), session_id
            assert spent.at_least == totals.at_least, session_id


def test_the_cost_since_a_moment_is_that_of_the_other_reader(store: Path) -> None:
    reader = StoreReader(store)
    with reading_figures(store) as figures:
        assert figures is not None
        for quarters in (0, 1, 2, 20):
            since = STARTED + timedelta(minutes=15 * quarters)
            spent, totals = figures.since(since), reader.totals(ExchangeQuery(since=since)).totals
            assert (spent.requests, spent.cost_usd, spent.at_least) == (totals.requests, totals.cost, totals.at_least)


def test_the_cache_lives_as_long_as_the_summary_of_the_session_says(path: Path, reader: StoreReader) -> None:
    written = Usage(12, 0, 0, 900, 5)
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1, usage=written, cache_ttls=("1h",), marks=Marks(1.0, 250.0)))
        store_whole(writer, exchange(2, usage=USAGE, cache_ttls=("1h",)))
        # Neither a sub-agent nor a request outside the conversation prolongs it.
        store_whole(writer, exchange(3, usage=USAGE, agent_id="a", cache_ttls=("5m",)))
        store_whole(writer, exchange(4, usage=USAGE, kind=Kind.TITLE))
        store_whole(writer, exchange(5, usage=USAGE))
    life = summarize("session-1", reader.exchanges()).cache
    assert life is not None
    with reading_figures(path) as figures:
        assert figures is not None
        assert figures.cache_life("session-1") == life
        assert figures.cache_life("another") is None
    assert life.ttl == "1h"


def test_the_limits_are_those_of_the_newest_answer_that_states_any(path: Path) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1, rate_limits=LIMITS))
        store_whole(writer, exchange(2, rate_limits=(("retry-after", "3"),)))
    with reading_figures(path) as figures:
        assert figures is not None
        limits = figures.limits("session-1")
        assert limits is not None
        assert [(window.name, window.utilization) for window in limits.windows] == [("5h", 0.42)]
        assert figures.limits("another") is None


def test_a_subscription_pays_if_it_paid_the_newest_answer(path: Path) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1, usage=USAGE, subscription=True))
        store_whole(writer, exchange(2))
    with reading_figures(path) as figures:
        assert figures is not None
        assert figures.on_subscription("session-1")
        assert not figures.on_subscription("another")


def test_without_a_store_there_are_no_figures(path: Path) -> None:
    with reading_figures(path) as figures:
        assert figures is None
    assert not path.exists()


def _read(figures: StatusFigures | None) -> None:
    assert figures is not None
    figures.since(datetime(2026, 1, 1, tzinfo=UTC))
    figures.session("session-1")
    figures.cache_life("session-1")
    figures.limits("session-1")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE sums SET cost_input = 'text'",
        "UPDATE exchanges SET cost_input = 0.5",
        "UPDATE exchanges SET started_at_us = 9e18",
        "UPDATE exchanges SET cache_ttls = '{', rate_limits = '['",
        "ALTER TABLE exchanges RENAME COLUMN unread TO said",
        "DROP TABLE exchanges",
    ],
)
def test_a_damaged_store_is_named_with_what_to_do(path: Path, damage: str) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1, usage=USAGE, cost=COST))
    connection = sqlite3.connect(path)
    connection.execute(damage)
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=str(path)), reading_figures(path) as figures:
        _read(figures)


def test_a_file_that_is_no_store_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"hello" * 1000)
    with pytest.raises(StoreError, match="damaged"), reading_figures(path) as figures:
        _read(figures)


def test_reading_changes_nothing(store: Path) -> None:
    before = store.read_bytes()
    with reading_figures(store) as figures:
        _read(figures)
    assert store.read_bytes() == before
    assert [file.name for file in store.parent.iterdir()] == ["candela.db"]
