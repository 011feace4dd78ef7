"""The limits of the history: what is too old or too much is removed, and said."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from candela_tui.store.database import connect_to_write
from candela_tui.store.reader import StoreReader
from candela_tui.store.removal import bytes_used
from candela_tui.store.retention import Limits, Retention
from candela_tui.text.times import Clock
from tests.store.recording import Reports, ended, exchange, store_whole, writing
from tests.store.test_request_chains import conversation

BERLIN = ZoneInfo("Europe/Berlin")


def applied(path: Path, limits: Limits, clock: Clock) -> list[str]:
    """Apply limits to a store, and return what the user is told."""
    told: list[str] = []
    retention, connection = Retention(limits, clock, told.append), connect_to_write(path)
    while retention.step(connection):
        pass
    connection.close()
    return told


def clock_at(moment: datetime) -> Clock:
    return Clock(lambda: moment, BERLIN)


@pytest.mark.parametrize(
    ("now", "days", "first_kept"),
    [
        (datetime(2026, 11, 29, 15, tzinfo=UTC), 7, datetime(2026, 11, 22, tzinfo=BERLIN)),
        (datetime(2026, 11, 29, 22, 59, tzinfo=UTC), 7, datetime(2026, 11, 22, tzinfo=BERLIN)),
        (datetime(2026, 11, 29, 23, 1, tzinfo=UTC), 7, datetime(2026, 11, 23, tzinfo=BERLIN)),
        # A day of 25 hours is in between.
        (datetime(2026, 10, 26, 12, tzinfo=UTC), 2, datetime(2026, 10, 24, tzinfo=BERLIN)),
    ],
)
def test_a_day_begins_at_midnight_of_the_user(
    path: Path, reader: StoreReader, now: datetime, days: int, first_kept: datetime
) -> None:
    early, late = first_kept - timedelta(microseconds=1), first_kept
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1, started_at=early.astimezone(UTC)))
        store_whole(writer, exchange(2, started_at=late.astimezone(UTC)))
    told = applied(path, Limits(days=days), clock_at(now))
    assert [each.id for each in reader.exchanges()] == [exchange(2).id]
    assert told == [f"Removed 1 request from before {first_kept:%Y-%m-%d}: [history] keep_days is {days}."]
    assert applied(path, Limits(days=days), clock_at(now)) == []


def test_without_limits_everything_stays(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1, started_at=datetime(2001, 1, 1, tzinfo=UTC)))
    assert applied(path, Limits(), Clock()) == []
    assert len(reader.exchanges()) == 1


@pytest.mark.both_databases
def test_a_request_in_flight_is_never_too_old(path: Path, reader: StoreReader) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    with writing(path) as (writer, _):
        writer.begin(exchange(1, started_at=long_ago), b"{}")
        store_whole(writer, exchange(2, started_at=long_ago))
    assert "1 request " in applied(path, Limits(days=1), Clock())[0]
    assert [each.id for each in reader.exchanges()] == [exchange(1).id]


@pytest.mark.both_databases
def test_a_running_candela_applies_the_limits_without_anything_to_store(path: Path, reader: StoreReader) -> None:
    bodies = conversation(12)
    with writing(path) as (writer, reports):
        for number, body in enumerate(bodies):
            store_whole(writer, exchange(number), body)
            reports.wait_until_stored(exchange(number).id)
    removed = Reports()
    later = clock_at(exchange(0).started_at + timedelta(days=3))
    with writing(
        path, limits=Limits(days=2), clock=later, on_removed=lambda ids: [removed.store(each) for each in ids]
    ) as (_, reports):
        assert "12 requests" in reports.wait_for_problem("keep_days is 2")
        removed.wait_until_stored(*(exchange(number).id for number in range(12)))
    assert reader.exchanges() == []


def test_a_store_that_is_too_large_loses_its_oldest_requests(path: Path, reader: StoreReader) -> None:
    def turn(number: int) -> bytes:
        # Nothing that zstd could make smaller, in sessions of their own.
        return bytes(conversation(1, seed=number)[0])

    with writing(path) as (writer, reports):
        for number in range(300):
            live = exchange(number, session_id=f"session-{number}")
            writer.begin(live, turn(number % 7))
            writer.end(ended(live), [], [])
            reports.wait_until_stored(live.id)
    connection = connect_to_write(path)
    before = bytes_used(connection)
    connection.close()
    limit = before * 2 // 3
    (told,) = applied(path, Limits(bytes=limit), Clock())
    left = [each.id for each in reader.exchanges()]
    assert left == [exchange(number).id for number in range(300 - len(left), 300)]
    # 100 at a time, until they are 5% below the limit.
    assert len(left) == 100
    assert "oldest 200 requests" in told
    assert "max_size_gb" in told
    assert applied(path, Limits(bytes=limit), Clock()) == []


def test_a_limit_that_is_far_away_removes_nothing(path: Path, reader: StoreReader) -> None:
    with writing(path, limits=Limits(days=36_500, bytes=2**40)) as (writer, reports):
        store_whole(writer, exchange(1))
        reports.wait_until_stored(exchange(1).id)
    assert reports.problems == []
    assert len(reader.exchanges()) == 1
