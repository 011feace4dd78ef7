"""The interface of a report: one format in which requests are written to a file."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from candela_tui.exchange import Exchange
from candela_tui.ledger.session_requests import SessionRequests, requests_by_session
from candela_tui.pricing import Pricer
from candela_tui.reports.record_table import RecordTable, TableOf, request_table
from candela_tui.store.history import Bodies, NoBodies


def list_prices() -> Pricer:
    """Return the list prices, without any of the user's own."""
    from candela_tui.config import PricingSettings

    return Pricer(PricingSettings())


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written to a file."""

    sessions: Iterable[SessionRequests]
    """The requests by session, the earliest session first. They are read while the file is written, so that a year of
    them need not fit in memory: iterate once, and keep no session."""
    bodies: Bodies
    """Reads header fields and bodies, where the report has them."""
    pricer: Pricer = field(default_factory=list_prices)
    """Prices the receipts: with the user's own prices, so that they say where each cost is from."""
    table_of: TableOf = request_table
    """Makes the table of the reports that are one."""

    @property
    def table(self) -> RecordTable:
        """The table of the reports that are one. Reads the sessions."""
        return self.table_of(self.sessions, self.bodies)


def _nothing_missing() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Report:
    """One export format. ``REPORTS`` in ``reports/catalog.py`` lists them."""

    name: str
    """The value for ``candela export --format``."""
    title: str
    """The name for display."""
    suffix: str
    """The suffix of its files, including the dot."""
    pieces: Callable[[Export], Iterator[bytes]]
    """Yields the file's bytes in pieces. Raises StoreError if a session can't be read; a body that can't be read is
    said in the file."""
    about: str = ""
    """A few words on what it is for."""
    is_table: bool = False
    """Whether it is a table of records, which can also sum requests up."""
    is_text: bool = True
    """Whether the file is text in UTF-8."""
    missing: Callable[[], str | None] = _nothing_missing
    """Returns which package has to be installed for it, and how; None if none is missing."""


def export_of(exchanges: Iterable[Exchange], bodies: Bodies | None = None, pricer: Pricer | None = None) -> Export:
    """Return an export of requests in memory, in any order. Without ``bodies``, the report has none; without
    ``pricer``, the list prices count."""
    return Export(requests_by_session(exchanges), bodies or NoBodies(), pricer or list_prices())


def encoded(texts: Iterable[str]) -> Iterator[bytes]:
    """Yield texts as UTF-8. Half of a surrogate pair, which UTF-8 does not have, becomes a question mark."""
    for text in texts:
        yield text.encode("utf-8", "replace")


def file_stem(session_id: str | None) -> str:
    """Return the default name of a session's file without suffix, safe whatever characters the id has."""
    return f"candela-{re.sub(r'[^A-Za-z0-9._-]', '_', session_id or 'no-session')[:100]}"
