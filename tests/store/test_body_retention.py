"""[history] body_days: old bodies go, and everything else stays as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from candela_tui.exchange import Kept, ProviderSide
from candela_tui.store.body_retention import BodyRetention
from candela_tui.store.check import Check
from candela_tui.store.database import connect_to_write
from candela_tui.store.reader import StoreReader
from candela_tui.store.retention import Limits
from candela_tui.store.schema import HAS_BODIES, exchanges, provider_parts, provider_requests, request_bodies
from candela_tui.text.times import Clock
from tests.store.recording import STARTED, Reports, ended, exchange, store_whole, writing
from tests.store.test_request_chains import conversation

LIMIT = datetime(2026, 11, 21, tzinfo=UTC)
"""With a limit of one day on the day after the first exchanges began, this is the first day that is kept."""
CLOCK = Clock(lambda: STARTED + timedelta(days=1), UTC)


@contextmanager
def connected(path: Path) -> Iterator[Connection]:
    connection = connect_to_write(path)
    try:
        yield connection
    finally:
        connection.close()


def applied(path: Path, days: int = 1, clock: Clock = CLOCK) -> list[str]:
    """Apply the limit to a store, and return what the user is told."""
    told: list[str] = []
    bodies = BodyRetention(days, clock, told.append)
    with connected(path) as connection:
        while bodies.step(connection):
            pass
    return told


def problems(path: Path) -> list[str]:
    checking = Check(path)
    for _ in checking.steps():
        pass
    return [each.words for each in checking.problems]


@pytest.fixture
def bodies() -> list[bytes]:
    return conversation(30)


@pytest.fixture
def recorded(path: Path, bodies: list[bytes]) -> Path:
    """A conversation of 30 turns, of which the first 20 are too old."""
    with writing(path) as (writer, reports):
        for number, body in enumerate(bodies):
            at = LIMIT + timedelta(seconds=number - 20)
            store_whole(writer, exchange(number, started_at=at), body)
            # One after the other, as turns come: what waits in bulk is stored without patches.
            reports.wait_until_stored(exchange(number).id)
    return path


@pytest.mark.both_databases
def test_old_bodies_go_and_those_built_on_them_stay_as_they_were_sent(
    path: Path, recorded: Path, bodies: list[bytes], reader: StoreReader
) -> None:
    with connected(recorded) as connection:
        based = select(func.count()).where(request_bodies.c.base_id < exchange(20).id)
        assert connection.execute(based.where(request_bodies.c.exchange_id >= exchange(20).id)).scalar_one() > 0
    before, totals = reader.exchanges(), reader.totals().totals

    assert applied(recorded) == ["Removed the bodies of 20 requests from before 2026-11-21: [history] body_days is 1."]

    assert reader.exchanges() == [*(replace(each, kept=Kept.HEADERS) for each in before[:20]), *before[20:]]
    assert reader.totals().totals == totals
    for number, (body, found) in enumerate(zip(bodies, before, strict=True)):
        assert reader.request_body(found.id) == (body if number >= 20 else None)
        assert reader.response_body(found.id) == (b"answer" if number >= 20 else None)
    assert problems(recorded) == []
    assert applied(recorded) == []


@pytest.mark.both_databases
def test_what_is_in_flight_or_has_no_bodies_is_left_alone(path: Path, reader: StoreReader) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    with writing(path) as (writer, reports):
        writer.begin(exchange(1, started_at=long_ago), b"{}")
        store_whole(writer, exchange(2, started_at=long_ago, kept=Kept.NONE))
        store_whole(writer, exchange(3, started_at=long_ago))
        reports.wait_until_stored(exchange(2).id, exchange(3).id)
        assert "1 request " in applied(path)[0]
        writer.end(ended(exchange(1, started_at=long_ago)), [b"answer"], [1.0])
    assert [each.kept for each in reader.exchanges()] == [Kept.FULL, Kept.NONE, Kept.HEADERS]
    assert reader.request_body(exchange(1).id) == b"{}"


def test_what_crossed_on_the_providers_side_goes_too(path: Path) -> None:
    with writing(path) as (writer, _):
        live = exchange(1, started_at=LIMIT - timedelta(days=1))
        writer.begin(live, b"{}")
        writer.end(ended(live), [b"answer"], [1.0], ProviderSide(b"adapted", chunks=(b"other",), times=(1.0,)))
    with connected(path) as connection:
        left = [select(func.count()).select_from(each) for each in (provider_requests, provider_parts)]
        assert [connection.execute(each).scalar_one() for each in left] == [1, 1]
    applied(path)
    with connected(path) as connection:
        assert [connection.execute(each).scalar_one() for each in left] == [0, 0]


def test_many_are_looked_at_in_steps(path: Path) -> None:
    with writing(path) as (writer, _):
        for number in range(1_100):
            # Several of them began at the same moment.
            store_whole(writer, exchange(number, started_at=LIMIT - timedelta(days=2, seconds=number // 7)))
    assert "1,100 requests" in applied(path)[0]
    with connected(path) as connection:
        assert connection.execute(select(func.count()).select_from(exchanges).where(HAS_BODIES)).scalar_one() == 0


def test_without_the_limit_every_body_stays(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1, started_at=datetime(2001, 1, 1, tzinfo=UTC)))
    assert applied(path, 0) == []
    assert reader.request_body(exchange(1).id) == b"{}"


@pytest.mark.both_databases
def test_a_running_candela_removes_them_and_frees_their_space(
    path: Path, recorded: Path, bodies: list[bytes], reader: StoreReader
) -> None:
    removed = Reports()
    with writing(
        recorded,
        limits=Limits(body_days=1),
        clock=CLOCK,
        on_removed=lambda ids: [removed.store(each) for each in ids],
    ) as (writer, reports):
        assert "20 requests" in reports.wait_for_problem("body_days is 1")
        # The conversation goes on, and is stored against what is still there.
        store_whole(writer, exchange(30, started_at=LIMIT + timedelta(seconds=10)), bodies[-1])
        reports.wait_until_stored(exchange(30).id)
    assert removed.stored == []
    assert reader.request_body(exchange(30).id) == bodies[-1]
    assert len(reader.exchanges()) == 31


@pytest.mark.both_databases
def test_nothing_is_built_on_a_body_that_another_process_removed(path: Path, reader: StoreReader) -> None:
    bodies = conversation(2)
    early, late = exchange(1), exchange(2, started_at=exchange(1).started_at + timedelta(days=2))
    with writing(path) as (writer, reports):
        store_whole(writer, early, bodies[0])
        reports.wait_until_stored(early.id)
        applied(path, clock=Clock(lambda: late.started_at, UTC))
        store_whole(writer, late, bodies[1])
        reports.wait_until_stored(late.id)
    assert reports.problems == []
    assert (reader.request_body(early.id), reader.request_body(late.id)) == (None, bodies[1])
    assert problems(path) == []
