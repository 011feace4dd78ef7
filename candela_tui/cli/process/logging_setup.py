"""Set up logging: to the terminal for ``candela serve``, otherwise to a file in the data directory.

The proxy's thread logs too, so logging must never block. Records go through a queue to a thread that writes them. If
the terminal stops reading, log lines are lost but requests are not delayed.
"""

import contextlib
import copy
import logging
import logging.handlers
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from candela_tui.cli.invocation import Invocation
from candela_tui.redaction import redact_text
from candela_tui.text.terminal_safe import terminal_safe

REQUESTS = "candela_tui.requests"
"""The logger for finished requests, which are the standard output of ``candela serve``."""
_NOTICES = "candela_tui.notices"

EXCHANGE = "exchange"
"""The attribute of a record with the request that it is about."""

_FILE_BYTES = 5_000_000
_MOST_QUEUED = 10_000
_LAST_LINES_S = 2.0


class _WithoutQuotes(logging.Formatter):
    """Formats an exception as its traceback and type. Its text is left out because it may quote a client's or a
    provider's data."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.exc_text = None  # Another formatter's cached text, which logging would reuse.
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Format the traceback of a record, without the text of the exception."""
        lines: list[str] = []
        error: BaseException | None = ei[1]
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            frames = traceback.format_tb(error.__traceback__)
            lines[:0] = [*frames, f"{type(error).__module__}.{type(error).__qualname__}\n"]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "".join(lines).rstrip("\n")


class _OneLineEach(logging.Formatter):
    """Formats records with the time in UTC, safe for a terminal and with credentials redacted."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(terminal_safe, redact_text(super().format(record)).split("\n")))


class _Descriptor(logging.Handler):
    """Writes to a file descriptor, so that no lock of a Python stream is held if the other end stops reading."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """Use no lock: only one thread writes here, and logging's exit handler would wait forever for a held lock."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a record that passes the filters. From Python 3.13 on, logging's own method can't do without a lock."""
        passes = bool(self.filter(record))
        if passes:
            self.emit(record)
        return passes

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n".encode("utf-8", "replace")
        # Keep serving even if the reader has gone or its disk is full.
        with contextlib.suppress(OSError):
            while line:
                line = line[os.write(self._descriptor, line) :]


class _Queue(logging.handlers.QueueHandler):
    """Queues records for the writing thread, and drops them if the queue is full."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop the record silently, because the queue is full."""


@contextlib.contextmanager
def log_to_terminal(*, as_json: bool = False) -> Iterator[None]:
    """Log requests to standard output and everything else to standard error."""
    requests, rest = _Descriptor(sys.stdout.fileno()), _Descriptor(sys.stderr.fileno())
    of_requests: logging.Formatter = _OneLineEach("%(asctime)s  %(message)s")
    of_rest: logging.Formatter = _OneLineEach("%(asctime)s  %(levelname)s  %(message)s")
    if as_json:
        # Import it here: `candela logs`, which needs no more than the name of the file, starts without it.
        from candela_tui.cli.process.json_log import JsonLines

        of_requests = of_rest = JsonLines()
    requests.setFormatter(of_requests)
    requests.addFilter(lambda record: record.name == REQUESTS)
    rest.setFormatter(of_rest)
    rest.addFilter(lambda record: record.name != REQUESTS)
    with _logging(requests, rest):
        yield


def log_notice(words: str) -> None:
    """Log what the user is told."""
    logging.getLogger(_NOTICES).warning("%s", words)


def previous_log(log: Path) -> Path:
    """Return the path of the previous log, which was rotated when it was full."""
    return log.with_name(f"{log.name}.1")


@contextlib.contextmanager
def log_beside_the_store(invocation: Invocation) -> Iterator[None]:
    """Log to a file in the data directory, rotated to keep one previous log. Logs nothing if it can't be written."""
    paths = invocation.paths
    try:
        paths.make_data_directory()
        paths.log.touch(mode=0o600)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            paths.log, maxBytes=_FILE_BYTES, backupCount=1, encoding="utf-8"
        )
    except OSError:
        # The store has the same problem and reports it to the user.
        handler = logging.NullHandler()
    handler.setFormatter(_OneLineEach("%(asctime)s  %(levelname)s  %(name)s: %(message)s"))
    with _logging(handler):
        yield


@contextlib.contextmanager
def _logging(*handlers: logging.Handler) -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("candela_tui")
    entrance = _Queue(queue.Queue(_MOST_QUEUED))
    # Records are formatted as text before they are queued.
    entrance.setFormatter(_WithoutQuotes())
    listener = logging.handlers.QueueListener(entrance.queue, *handlers)
    root.addHandler(entrance)
    root.setLevel(logging.WARNING)
    ours.setLevel(logging.INFO)
    listener.start()
    try:
        yield
    finally:
        root.removeHandler(entrance)
        last = threading.Thread(target=listener.stop, daemon=True)
        last.start()
        last.join(_LAST_LINES_S)
