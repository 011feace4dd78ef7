"""The writer to a terminal that may not read."""

import os
import threading

from candela_tui.ui.terminal.driver import _MOST_WAITING, _NonBlockingWriter

PATIENCE_S = 30


def test_what_a_hung_terminal_misses_is_dropped_not_kept_and_told_when_it_reads_again() -> None:
    reading, writing = os.pipe()
    caught_up = threading.Event()
    with os.fdopen(writing, "w") as file:
        writer = _NonBlockingWriter(file, caught_up.set)
        writer.start()
        for _ in range(100):
            writer.write("frame " * 10_000)
        assert writer._size <= _MOST_WAITING
        assert not caught_up.is_set()
        drained = threading.Thread(target=_drain, args=(reading,), daemon=True)
        drained.start()
        assert caught_up.wait(PATIENCE_S)
        writer.stop()
        assert not writer.is_alive()


def test_a_terminal_that_never_reads_again_does_not_hold_up_the_end() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        writer = _NonBlockingWriter(file, lambda: None)
        writer.start()
        writer.write("x" * 1_000_000)
        writer.stop()
        assert writer.is_alive()
        os.close(reading)
        writer.join(PATIENCE_S)


def _drain(reading: int) -> None:
    while os.read(reading, 1 << 20):
        pass
