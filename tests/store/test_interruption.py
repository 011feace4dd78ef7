"""A candela that was killed leaves what it had; one that runs is left alone."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candela_tui.exchange import ENDED_EARLY, Cost, Marks, Outcome
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.store.reader import StoreReader
from tests.store.recording import exchange, store_whole, writing

USAGE = Usage(input_tokens=1200, output_tokens=7)
COST = Cost(Decimal("0.006"), Decimal(0), Decimal(0), Decimal("0.000175"), Decimal(0))


@contextmanager
def another_candela(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has one exchange in mid-stream, all of it in the store so far."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.test_interruption", str(path)],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "in mid-stream\n"
            yield process
        finally:
            process.kill()


def be_another_candela(path: Path) -> None:
    with writing(path) as (writer, reports):
        live = exchange(1, usage=USAGE, cost=COST)
        writer.begin(live, b'{"question": true}')
        writer.grow(live, [b"what had ", b"arrived"], [10.0, 20.0])
        store_whole(writer, exchange(2))
        reports.wait_until_stored(exchange(2).id)
        sys.stdout.write("in mid-stream\n")
        sys.stdout.flush()
        sys.stdin.read()


def outcomes_in_file(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    found = [outcome for (outcome,) in connection.execute("SELECT outcome FROM exchanges ORDER BY id")]
    connection.close()
    return found


def assert_interrupted(reader: StoreReader) -> None:
    found = reader.exchange(exchange(1).id)
    assert found is not None
    assert found.outcome is Outcome.INTERRUPTED
    assert found.usage == USAGE
    assert found.cost is not None
    assert found.cost.total == COST.total
    assert found.cost.at_least
    assert reader.request_body(found.id) == b'{"question": true}'
    assert reader.response_chunks(found.id) == ([b"what had ", b"arrived"], [10.0, 20.0])
    assert [each.outcome for each in reader.exchanges()] == [Outcome.INTERRUPTED, Outcome.OK]


def test_after_a_kill_the_store_reads_as_interrupted_with_what_had_arrived(path: Path, reader: StoreReader) -> None:
    with another_candela(path) as process:
        process.kill()
        # Not waited for yet: a process that ended but is still in the table is gone too.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert_interrupted(reader)
        process.wait()
        assert_interrupted(reader)
    assert outcomes_in_file(path) == ["live", "ok"]


def test_the_next_start_writes_down_that_it_was_interrupted(path: Path, reader: StoreReader) -> None:
    with another_candela(path) as process:
        process.kill()
        process.wait()
    with writing(path) as (_, reports):
        pass
    assert reports.problems == []
    assert outcomes_in_file(path) == ["interrupted", "ok"]
    assert_interrupted(reader)


def test_what_another_candela_streams_just_now_stays_live(path: Path, reader: StoreReader) -> None:
    with another_candela(path), writing(path) as (writer, reports):
        store_whole(writer, exchange(3))
        reports.wait_until_stored(exchange(3).id)
        assert [each.outcome for each in reader.exchanges()] == [Outcome.LIVE, Outcome.OK, Outcome.OK]
        assert outcomes_in_file(path) == ["live", "ok", "ok"]


@pytest.mark.parametrize("pid_of", [os.getpid, os.getppid, lambda: None], ids=["own", "parent", "none"])
def test_a_process_that_only_has_the_pid_of_the_one_that_died_is_another(
    path: Path, reader: StoreReader, pid_of: Callable[[], int | None]
) -> None:
    with writing(path) as (writer, _):
        writer.begin(exchange(1), b"{}")
    (live,) = reader.exchanges()
    assert live.live
    connection = sqlite3.connect(path)
    connection.execute("UPDATE exchanges SET pid = ?, process = 'an earlier one'", (pid_of(),))
    connection.commit()
    connection.close()
    (gone,) = reader.exchanges()
    assert gone.outcome is Outcome.INTERRUPTED
    with writing(path):
        pass
    assert outcomes_in_file(path) == ["interrupted"]


@pytest.mark.parametrize(
    ("known", "unread"),
    [
        ({"marks": Marks(connected=1.0)}, ENDED_EARLY),
        ({"marks": Marks(connected=1.0), "status": 200}, ENDED_EARLY),
        ({"marks": Marks(connected=1.0), "status": 529}, None),
        ({"marks": Marks(connected=1.0), "kind": Kind.MODELS}, None),
        ({"marks": Marks(connected=1.0), "usage": USAGE, "cost": COST}, None),
        ({"marks": Marks(connected=1.0), "usage": USAGE, "unpriced_model": "m"}, None),
        ({}, None),
    ],
)
def test_a_message_without_usage_is_unread_whoever_finds_it(
    path: Path, reader: StoreReader, known: dict[str, Any], unread: str | None
) -> None:
    with writing(path) as (writer, _):
        live = exchange(1, status=None)
        writer.begin(live, b"{}")
        writer.grow(replace(live, **known), [], [], None)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE exchanges SET process = 'an earlier one'")
    connection.commit()
    connection.close()
    (read,) = reader.exchanges()
    assert (read.outcome, read.unread) == (Outcome.INTERRUPTED, unread)
    with writing(path):
        pass
    (stored,) = reader.exchanges()
    assert (stored.outcome, stored.unread) == (Outcome.INTERRUPTED, unread)


def test_without_a_cost_none_is_made_up(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        writer.begin(exchange(1), b"{}")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE exchanges SET process = 'an earlier one'")
    connection.commit()
    connection.close()
    with writing(path):
        pass
    (gone,) = reader.exchanges()
    assert gone.outcome is Outcome.INTERRUPTED
    assert gone.cost is None


if __name__ == "__main__":
    be_another_candela(Path(sys.argv[1]))
