"""Several threads and processes use one store at the same time."""

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

from candela_tui.store.deletion import deleting
from candela_tui.store.reader import StoreReader
from candela_tui.store.sequential_reader import SequentialReader
from tests.store.recording import ended, exchange, store_whole, writing

MANY = 60


def seen_by_another_process(path: Path) -> int:
    """How many requests it counts. Closing the store, it removes the log if it finds no lock of another process."""
    statement = "SELECT count(*) FROM exchanges"
    program = f"import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute({statement!r}).fetchone())"
    return int(subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True).stdout)


def test_readers_see_whole_exchanges_while_they_are_written(path: Path) -> None:
    stop = threading.Event()
    wrong: list[object] = []
    reads: list[int] = []

    def read() -> None:
        reader = StoreReader(path)
        while not stop.is_set():
            found = reader.exchanges()
            reads.append(len(found))
            for each in found[-5:]:
                number = int(each.id[-6:])
                if each.live:
                    continue
                body = reader.request_body(each.id)
                chunks, times = reader.response_chunks(each.id)
                if body != b"body %d" % number or chunks != [b"a", b"b"] or times != [1.0, 2.0]:
                    wrong.append((each.id, body, chunks, times))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    with writing(path) as (writer, reports):
        for number in range(MANY):
            live = exchange(number)
            writer.begin(live, b"body %d" % number)
            writer.grow(live, [b"a"], [1.0])
            writer.end(ended(live), [b"b"], [2.0])
            if number % 10 == 0:
                reports.wait_until_stored(live.id)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert any(reads)
    assert len(StoreReader(path).exchanges()) == MANY


def test_many_threads_may_hand_in_exchanges(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, reports):

        def hand_in(first: int) -> None:
            for number in range(first, first + MANY):
                store_whole(writer, exchange(number), b"%d" % number)

        threads = [threading.Thread(target=hand_in, args=(each * 1000,)) for each in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert reports.problems == []
    assert writer.stored == len(reader.exchanges()) == 4 * MANY
    assert reader.request_body(exchange(2005).id) == b"2005"


def test_two_candelas_start_on_one_new_store_and_share_it(path: Path, reader: StoreReader) -> None:
    program = "\n".join(
        (
            "import sys",
            "from pathlib import Path",
            "from tests.store.recording import exchange, store_whole, writing",
            "first = int(sys.argv[2])",
            "with writing(Path(sys.argv[1])) as (writer, reports):",
            f"    for number in range(first, first + {MANY}):",
            "        store_whole(writer, exchange(number), b'turn %d ' % number * 1000)",
            "assert reports.problems == [], reports.problems",
        )
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, str(path), str(first)]) for first in (0, 1000, 2000)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(reader.exchanges()) == 3 * MANY
    for number in (0, 1, 59, 1000, 1059, 2030):
        assert reader.request_body(exchange(number).id) == b"turn %d " % number * 1000


def test_the_log_stays_while_the_writer_is_open_though_the_same_process_deletes(path: Path) -> None:
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1, session_id="deleted"))
        store_whole(writer, exchange(2))
        reports.wait_until_stored(exchange(2).id)
        with deleting(path) as deletion:
            deletion.delete("deleted")
        assert seen_by_another_process(path) == 1
        store_whole(writer, exchange(3))
        reports.wait_until_stored(exchange(3).id)
        assert seen_by_another_process(path) == 2


def test_the_log_stays_if_a_reader_was_open_before_the_writer(path: Path) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1))
    with contextlib.closing(SequentialReader(path)) as reader:
        assert len(reader.exchanges()) == 1
        with writing(path) as (writer, reports):
            store_whole(writer, exchange(2))
            reports.wait_until_stored(exchange(2).id)
            assert seen_by_another_process(path) == 2
            store_whole(writer, exchange(3))
            reports.wait_until_stored(exchange(3).id)
            assert seen_by_another_process(path) == 3
