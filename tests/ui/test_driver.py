"""The outlet to a terminal that may not read."""

import os
import threading

from candela_tui.ui.driver import _MOST_WAITING, _Outlet

PATIENCE_S = 30


def test_what_a_hung_terminal_misses_is_dropped_not_kept_and_told_when_it_reads_again() -> None:
    reading, writing = os.pipe()
    caught_up = threading.Event()
    with os.fdopen(writing, "w") as file:
        outlet = _Outlet(file, caught_up.set)
        outlet.start()
        for _ in range(100):
            outlet.write("frame " * 10_000)
        assert outlet._size <= _MOST_WAITING
        assert not caught_up.is_set()
        drained = threading.Thread(target=_drain, args=(reading,), daemon=True)
        drained.start()
        assert caught_up.wait(PATIENCE_S)
        outlet.stop()
        assert not outlet.is_alive()


def test_a_terminal_that_never_reads_again_does_not_hold_up_the_end() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        outlet = _Outlet(file, lambda: None)
        outlet.start()
        outlet.write("x" * 1_000_000)
        outlet.stop()
        assert outlet.is_alive()
        os.close(reading)
        outlet.join(PATIENCE_S)


def _drain(reading: int) -> None:
    while os.read(reading, 1 << 20):
        pass
