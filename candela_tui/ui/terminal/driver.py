"""A terminal driver that never waits for the terminal.

Textual's own driver blocks the loop once thirty writes wait for a terminal that has stopped reading (a hung ssh, a
paused pane), and the app can't be ended then. This driver drops frames beyond a limit, and redraws everything when the
terminal reads again.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import IO, Any

from textual import constants
from textual.app import App
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

_MOST_WAITING = 1 << 20
"""Characters that may wait: a few dozen whole frames."""
_LAST_WORDS_S = 1.0
"""Seconds that the exit waits for the terminal to take the sequences that restore it."""


def has_other_driver() -> bool:
    """Return whether the environment selects another Textual driver, such as that of textual-serve, which does not draw
    on this process's terminal."""
    return constants.DRIVER is not None


class _NonBlockingWriter(WriterThread):
    """Writes in its own thread. ``write`` returns at once."""

    def __init__(self, file: IO[str], caught_up: Callable[[], None]) -> None:
        super().__init__(file)
        self._caught_up = caught_up
        self._waiting: deque[str] = deque()
        self._size = 0
        self._dropped = False
        self._ending = False
        self._change = threading.Condition()

    def write(self, text: str) -> None:
        """Queue a text, or drop it if too much is waiting."""
        with self._change:
            if self._size + len(text) > _MOST_WAITING:
                self._dropped = True
                return
            self._waiting.append(text)
            self._size += len(text)
            self._change.notify()

    def run(self) -> None:
        """Write the queued text until stopped."""
        file_descriptor = self._file.fileno()
        while True:
            with self._change:
                while not self._waiting and not self._ending:
                    self._change.wait()
                if not self._waiting:
                    return
                data = "".join(self._waiting).encode("utf-8", "replace")
                self._waiting.clear()
            try:
                while data:
                    # Bypass the file's own buffer: at exit the interpreter would flush it, and block.
                    data = data[os.write(file_descriptor, data) :]
            except OSError:
                # The terminal is gone. SIGHUP will end the dashboard; until then there is nothing to write to.
                data = b""
            with self._change:
                self._size = sum(map(len, self._waiting))
                caught_up = self._dropped and not self._waiting
                self._dropped = self._dropped and not caught_up
            if caught_up:
                self._caught_up()

    def stop(self) -> None:
        """Stop once everything is written, or after ``_LAST_WORDS_S``."""
        with self._change:
            self._ending = True
            self._change.notify()
        self.join(_LAST_WORDS_S)


class NonBlockingDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, with a writer that never blocks."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        self._writer: _NonBlockingWriter | None = None
        self._writer_loop = asyncio.get_running_loop()
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if sys.__stderr__ and sys.__stdout__ and not sys.__stderr__.isatty():
            # Textual draws on standard error, so `candela 2>file` would leave the terminal empty.
            self._file = sys.__stdout__

    # The base class assigns its own writer when it starts; the setter replaces it.
    @property
    def _writer_thread(self) -> WriterThread | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, writer: WriterThread | None) -> None:
        if writer is not None and self._file is not None:
            self._writer = _NonBlockingWriter(self._file, self._terminal_reads_again)
        else:
            self._writer = None

    def end_threads(self) -> None:
        """End the threads that a shutdown which was cut short left running: the process would stay for them, and read
        from a terminal that is gone."""
        self.exit_event.set()
        if self._writer is not None:
            self._writer.stop()

    def _terminal_reads_again(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._writer_loop.call_soon_threadsafe(self._draw_everything)

    def _draw_everything(self) -> None:
        if self._app.is_running:
            self._app.refresh(layout=True)
