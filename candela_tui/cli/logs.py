"""Where the log goes: to the terminal of ``candela serve``, or to a file beside the store."""

import logging
import logging.handlers
import sys

from candela_tui.cli.invocation import Invocation

_FILE_BYTES = 5_000_000
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_to_stderr() -> None:
    """Log warnings and worse of all, and what candela itself says, to standard error."""
    _install(logging.StreamHandler(sys.stderr))


def log_beside_the_store(invocation: Invocation) -> None:
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
    _install(handler)


def _install(handler: logging.Handler) -> None:
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("candela_tui").setLevel(logging.INFO)
