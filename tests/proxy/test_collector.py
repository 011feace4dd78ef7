"""What stays is not looked at again and again."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from candela_tui.proxy.collector import Collector


@pytest.fixture(autouse=True)
def _own_schedule() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


class Ring:
    """Refers to itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


def aged() -> weakref.ref[Ring]:
    """A ring that young collections have passed by, and that nobody needs any more."""
    ring = Ring()
    gc.collect(0)
    return weakref.ref(ring)


def test_what_was_made_before_the_start_is_left_out() -> None:
    Collector().start()
    assert gc.get_freeze_count() > 1000


def test_what_nobody_needs_is_freed_at_a_quiet_moment() -> None:
    collector = Collector()
    collector.start()
    ring = aged()
    assert ring() is not None
    collector.collect(quiet=True)
    assert ring() is None


def test_what_stays_is_left_out_where_looking_at_it_takes_long() -> None:
    collector = Collector(long_s=0.0)
    collector.start()
    before = gc.get_freeze_count()
    kept = [Ring() for _ in range(10_000)]
    gc.collect(0)
    collector.collect(quiet=True)
    assert gc.get_freeze_count() >= before + len(kept)


def test_what_was_left_out_is_freed_at_a_thorough_look() -> None:
    collector = Collector(long_s=0.0, thorough_every_s=0.0)
    kept = Ring()
    ring = weakref.ref(kept)
    collector.start()
    del kept
    assert ring() is not None
    collector.collect(quiet=True)
    assert ring() is None


def test_while_streams_are_live_nothing_is_freed_until_patience_ends() -> None:
    collector = Collector()
    collector.start()
    ring = aged()
    collector.collect(quiet=False)
    assert ring() is not None
    impatient = Collector(patience_s=0.0)
    impatient.collect(quiet=False)
    assert ring() is None


def test_what_is_there_while_streams_are_live_is_not_left_out() -> None:
    collector = Collector(long_s=0.0, patience_s=0.0)
    collector.start()
    before = gc.get_freeze_count()
    kept = [Ring() for _ in range(1000)]
    gc.collect(0)
    collector.collect(quiet=False)
    assert gc.get_freeze_count() < before + len(kept)
