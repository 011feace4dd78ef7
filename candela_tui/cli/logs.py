"""Where the log goes: to the terminal of ``candela serve``, or to a file beside the store.

The proxy's thread logs too, so nothing here may wait: records go through a queue to a thread that writes them, and a
terminal that stops reading costs log lines, not requests.
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
from typing import Any

from candela_tui.cli.invocation import Invocation
from candela_tui.ui.plain import plain

REQUESTS = "candela_tui.requests"
"""The logger of what happened to each request: the output of ``candela serve``."""

_FILE_BYTES = 5_000_000
_MOST_QUEUED = 10_000
_LAST_LINES_S = 2.0


class _WithoutQuotes(logging.Formatter):
    """Shows where an exception was raised and its type. Its text may quote what a client or a provider sent."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.exc_text = None  # What another formatter made of it, which logging would take over.
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """logging's hook for the traceback of a record."""
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
    """Time in UTC; what clients and providers wrote can't act on a terminal."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(plain, super().format(record).split("\n")))


class _Descriptor(logging.Handler):
    """Writes to a file descriptor: no lock of Python's streams is held while the other end does not read."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """One thread writes here, and logging's own exit would wait for ever for a lock that it holds."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n".encode("utf-8", "replace")
        # A reader that went away, or a full disk behind it, is no reason to stop serving.
        with contextlib.suppress(OSError):
            while line:
                line = line[os.write(self._descriptor, line) :]


class _Queue(logging.handlers.QueueHandler):
    """Drops what the queue has no room for."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Nobody is left to tell."""


@contextlib.contextmanager
def log_to_terminal() -> Iterator[None]:
    """Requests go to standard output, everything else to standard error."""
    requests, rest = _Descriptor(sys.stdout.fileno()), _Descriptor(sys.stderr.fileno())
    requests.setFormatter(_OneLineEach("%(asctime)s  %(message)s"))
    requests.addFilter(lambda record: record.name == REQUESTS)
    rest.setFormatter(_OneLineEach("%(asctime)s  %(levelname)s  %(message)s"))
    rest.addFilter(lambda record: record.name != REQUESTS)
    with _logging(requests, rest):
        yield


@contextlib.contextmanager
def log_beside_the_store(invocation: Invocation) -> Iterator[None]:
    """Log to a file in the data directory, with the one before it beside it; nowhere if that can't be written."""
    paths = invocation.paths
    try:
        paths.make_data_directory()
        paths.log.touch(mode=0o600)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            paths.log, maxBytes=_FILE_BYTES, backupCount=1, encoding="utf-8"
        )
    except OSError:
        # The store meets the same obstacle and tells the user of it.
        handler = logging.NullHandler()
    handler.setFormatter(_OneLineEach("%(asctime)s  %(levelname)s  %(name)s: %(message)s"))
    with _logging(handler):
        yield


@contextlib.contextmanager
def _logging(*handlers: logging.Handler) -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("candela_tui")
    entrance = _Queue(queue.Queue(_MOST_QUEUED))
    # A record is put into words before it is queued.
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
