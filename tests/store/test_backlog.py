"""What is still to be stored: when it is handed to the writer, and how much at a time."""

import time

from candela_tui.store.backlog import Backlog, Entry
from tests.store.recording import ended, exchange

AN_HOUR_S = 3600.0


def backlog_of(*entries: Entry) -> Backlog:
    backlog = Backlog(2**30)
    for entry in entries:
        backlog.add(entry)
    return backlog


def test_an_exchange_that_ended_does_not_wait_for_the_next_batch() -> None:
    backlog = backlog_of(Entry(exchange(1), b"{}"), Entry(ended(exchange(1)), ended=True))
    backlog.wait(
        time.monotonic() + AN_HOUR_S, patience_s=0.0, most_bytes=2**30, idle_until=time.monotonic() + AN_HOUR_S
    )
    (entry,) = backlog.take(2**30)
    assert entry.ended


def test_nor_does_one_that_came_back_because_it_could_not_be_stored() -> None:
    backlog = backlog_of(Entry(ended(exchange(1)), b"{}", ended=True))
    backlog.give_back(backlog.take(2**30))
    backlog.wait(
        time.monotonic() + AN_HOUR_S, patience_s=0.0, most_bytes=2**30, idle_until=time.monotonic() + AN_HOUR_S
    )
    assert len(backlog.take(2**30)) == 1


def test_much_does_not_wait_for_the_next_batch() -> None:
    backlog = backlog_of(Entry(exchange(1), bytes(1001)))
    backlog.wait(
        time.monotonic() + AN_HOUR_S, patience_s=AN_HOUR_S, most_bytes=1000, idle_until=time.monotonic() + AN_HOUR_S
    )
    assert len(backlog.take(2**30)) == 1


def test_much_is_taken_piece_by_piece_in_the_order_in_which_it_came() -> None:
    backlog = backlog_of(*(Entry(exchange(number), bytes(1_000_000)) for number in range(5)))
    taken = []
    while entries := backlog.take(2_000_000):
        assert len(entries) <= 2
        taken += [entry.exchange.id for entry in entries]
    assert taken == [exchange(number).id for number in range(5)]
