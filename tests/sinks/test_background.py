"""The queue of a sink: bounded, never waited for, and told once where it is full or fails."""

import threading
from collections.abc import Sequence

from candela_tui.sinks.background import BackgroundQueue, SinkError

PATIENCE_S = 30.0


def test_what_does_not_fit_is_left_out_with_one_notice_and_the_rest_comes_in_order() -> None:
    started, going_on = threading.Event(), threading.Event()
    got: list[int] = []
    notices: list[str] = []

    def consume(items: Sequence[int]) -> None:
        started.set()
        assert going_on.wait(PATIENCE_S)
        got.extend(items)

    queue = BackgroundQueue("sinks.test", consume, notices.append, most_waiting=2)
    queue.put(0)
    assert started.wait(PATIENCE_S)
    for item in range(1, 6):
        queue.put(item)
    going_on.set()
    queue.close(PATIENCE_S)
    assert got == [0, 1, 2]
    assert notices == ["[sinks.test] is slower than requests end: it leaves some out until it has caught up"]


def test_a_failure_is_told_once_until_it_works_again() -> None:
    notices: list[str] = []
    done = threading.Semaphore(0)

    def consume(items: Sequence[str]) -> None:
        done.release()
        for item in items:
            if item == "refused":
                raise SinkError("no room")
            if item == "broken":
                raise ZeroDivisionError

    queue = BackgroundQueue("sinks.test", consume, notices.append)
    for item in ("refused", "refused", "fine", "refused", "broken"):
        queue.put(item)
        assert done.acquire(timeout=PATIENCE_S)
    queue.close(PATIENCE_S)
    failed = "[sinks.test] failed, and requests are missing from it (the log says why)"
    assert notices == ["no room", "no room", failed]


def test_items_that_come_one_after_another_are_gathered_until_the_queue_is_half_full_or_ends() -> None:
    got: list[Sequence[int]] = []
    consumed = threading.Event()

    def consume(items: Sequence[int]) -> None:
        got.append(items)
        consumed.set()

    queue = BackgroundQueue("sinks.test", consume, list[str]().append, most_waiting=4, gather_s=PATIENCE_S)
    for item in range(3):
        queue.put(item)
    assert consumed.wait(PATIENCE_S / 2)
    queue.put(3)
    queue.close(PATIENCE_S / 2)
    assert got == [[0, 1, 2], [3]]
