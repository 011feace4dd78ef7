"""No collection of garbage looks at many objects while streams are live."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from candela_tui.proxy.collector import Collector

by_generations = pytest.mark.skipif(gc.get_threshold()[2] == 0, reason="this Python collects old objects bit by bit")


@pytest.fixture(autouse=True)
def _own_schedule() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    # Full collections of later tests would look at all that was imported.
    gc.freeze()
    gc.set_threshold(*threshold)


class Ring:
    """Refers to itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


def started(**limits: float) -> Collector:
    collector = Collector(**limits)  # type: ignore[arg-type]
    collector.start()
    return collector


def old(count: int) -> list[Ring]:
    """Objects in use that young collections have passed by."""
    rings = [Ring() for _ in range(count)]
    gc.collect(1)
    return rings


def aged() -> weakref.ref[Ring]:
    """A ring that young collections have passed by, and that nobody needs any more."""
    ring = Ring()
    gc.collect(1)
    return weakref.ref(ring)


def test_what_was_made_before_the_start_is_left_out() -> None:
    started()
    assert gc.get_freeze_count() > 1000


@by_generations
def test_what_nobody_needs_is_freed_while_streams_are_live_too() -> None:
    collector = started(few_old=10)
    ring = aged()
    kept = old(20)
    collector.collect(quiet=False)
    assert ring() is None
    assert kept


@by_generations
def test_what_stays_is_left_out_from_then_on() -> None:
    collector = started(few_old=10)
    before = gc.get_freeze_count()
    kept = old(1000)
    collector.collect(quiet=False)
    assert gc.get_freeze_count() >= before + len(kept)
    assert len(gc.get_objects(generation=2)) < 10


@by_generations
def test_many_are_not_looked_at_while_streams_are_live() -> None:
    collector = started(few_old=10, many_old=100)
    kept = old(1000)
    collections = gc.get_stats()[2]["collections"]
    collector.collect(quiet=False)
    assert gc.get_stats()[2]["collections"] == collections
    assert len(gc.get_objects(generation=2)) < 10
    collector.collect(quiet=True)
    assert kept


@by_generations
def test_a_few_are_left_alone_so_that_they_can_be_freed_later() -> None:
    collector = started(few_old=1000)
    kept = old(10)
    before = gc.get_freeze_count()
    collector.collect(quiet=False)
    assert gc.get_freeze_count() <= before
    assert kept


@by_generations
def test_what_was_left_out_is_freed_once_it_is_much_and_nothing_is_live() -> None:
    collector = started(few_old=10, worth_thorough=1000, quiet_s=0.0)
    kept = old(2000)
    ring = weakref.ref(kept[0])
    collector.collect(quiet=False)
    kept.clear()
    collector.collect(quiet=False)
    assert ring() is not None
    collector.collect(quiet=True)
    assert ring() is None


@by_generations
def test_what_was_left_out_is_freed_while_streams_are_live_before_it_is_too_much() -> None:
    collector = started(few_old=10, most_exempted=1000)
    kept = old(2000)
    ring = weakref.ref(kept[0])
    collector.collect(quiet=False)
    kept.clear()
    assert ring() is not None
    collector.collect(quiet=False)
    assert ring() is None


def test_what_was_left_out_at_the_start_is_freed_once_in_a_while() -> None:
    kept = Ring()
    ring = weakref.ref(kept)
    collector = started(quiet_s=0.0, thorough_every_s=0.0)
    del kept
    assert ring() is not None
    collector.collect(quiet=True)
    assert ring() is None


def test_a_pause_between_two_requests_is_not_taken_for_quiet() -> None:
    kept = Ring()
    ring = weakref.ref(kept)
    collector = started(quiet_s=3600.0, thorough_every_s=0.0)
    del kept
    collector.collect(quiet=False)
    collector.collect(quiet=True)
    assert ring() is not None
