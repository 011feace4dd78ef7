"""The writer to a terminal that may not read."""

import os
import threading

from textual.app import App

from candela_tui.ui.terminal.driver import _MOST_WAITING, NonBlockingDriver, _NonBlockingWriter

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


async def test_no_thread_stays_with_a_terminal_that_is_gone() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file, os.fdopen(reading):
        driver = NonBlockingDriver(App())
        driver.fileno, driver._file = reading, file
        driver._writer_thread = _NonBlockingWriter(file, lambda: None)
        writer, keys = driver._writer, threading.Thread(target=driver.run_input_thread)
        assert writer is not None
        writer.start()
        keys.start()
        driver.end_threads()
        for thread in (writer, keys):
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def _drain(reading: int) -> None:
    while os.read(reading, 1 << 20):
        pass
