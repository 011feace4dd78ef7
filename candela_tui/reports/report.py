"""The interface of a report: one format in which requests are written to a file."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from candela_tui.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Report:
    """One export format. ``REPORTS`` in ``reports/catalog.py`` lists them."""

    name: str
    """The value for ``candela export --format``."""
    title: str
    """The name for display."""
    suffix: str
    """The suffix of its files, including the dot."""
    lines: Callable[[Iterable[Exchange]], Iterator[str]]
    """Yields the file's text in pieces, each with its line end. The exchanges may come in any order."""


def file_stem(session_id: str | None) -> str:
    """Return the default name of a session's file without suffix, safe whatever characters the id has."""
    return f"candela-{re.sub(r'[^A-Za-z0-9._-]', '_', session_id or 'no-session')[:100]}"
