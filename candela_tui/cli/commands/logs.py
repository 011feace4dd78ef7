"""``candela logs``: show the log, and follow it."""

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.process.logging_setup import previous_log
from candela_tui.redaction import redact_text
from candela_tui.text.terminal_safe import terminal_safe

_POLL_S = 0.25
_WRITERS = "The dashboard (`candela`) and the background proxy (`candela start`) write it."


@click.command()
@click.option(
    "-n", "--lines", "count", type=click.IntRange(0), default=100, show_default=True, help="How many lines to show."
)
@click.option("-f", "--follow", is_flag=True, help="Keep showing lines as they are written, until Ctrl+C.")
@pass_invocation
def logs(invocation: Invocation, count: int, follow: bool) -> None:
    """Show the latest lines of the log.

    The dashboard and the background proxy write it. `candela serve` logs to its own terminal instead.
    """
    log = invocation.paths.log
    tail = LogTail(log)
    lines = tail.last(count)
    if not log.exists():
        click.echo(f"There is no log yet: {log}\n{_WRITERS}", err=True)
    _print(lines)
    if follow:
        # Ctrl+C is the normal way to stop following.
        with contextlib.suppress(KeyboardInterrupt):
            _print_new_lines(tail, lambda: time.sleep(_POLL_S))


def _print_new_lines(tail: "LogTail", wait: Callable[[], None]) -> None:
    while True:
        _print(tail.new_lines())
        wait()


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(terminal_safe(redact_text(line)))


class LogTail:
    """Reads a log from its end, and continues after it was rotated or truncated."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._begun = b""
        """The start of a line whose end is not written yet."""

    def last(self, count: int) -> list[str]:
        """Return the last ``count`` lines, including lines of the previous log if this one has fewer."""
        latest = deque(self._lines_of(previous_log(self._path)), count)
        latest.extend(self.new_lines())
        return list(latest)

    def new_lines(self) -> Iterator[str]:
        """Yield the lines that were written since the last call."""
        if self._file is None and not self._open():
            return
        yield from self._read()
        if self._replaced():
            yield from self._read()  # Lines written to the old file before it was replaced.
            self._close()
            if self._open():
                yield from self._read()

    def _open(self) -> bool:
        try:
            self._file = self._path.open("rb")
        except FileNotFoundError:
            return False
        except OSError as error:
            raise click.ClickException(f"{self._path}: can't be read: {error.strerror}") from None
        return True

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._begun = None, b""

    def _read(self) -> Iterator[str]:
        assert self._file is not None
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)
            self._begun = b""
        for line in self._file:
            if not line.endswith(b"\n"):
                self._begun += line
                return
            yield _text(self._begun + line)
            self._begun = b""

    def _replaced(self) -> bool:
        """Return whether a new file has the log's name now. Without one, the old file may still grow."""
        assert self._file is not None
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except OSError:
            return False

    @staticmethod
    def _lines_of(path: Path) -> Iterator[str]:
        with contextlib.suppress(OSError), path.open("rb") as file:
            yield from map(_text, file)


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "replace")
