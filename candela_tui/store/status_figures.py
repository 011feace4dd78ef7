"""The figures of the status line, read with sqlite3 alone: the other readers take longer to start than it has.

Ended requests are in the sums that the store keeps (see ``sums.py``). Live ones are added here as ``totals`` adds them;
a test compares the two.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from candela_tui.database_url import DatabaseUrl, StoreLocation
from candela_tui.protocol.kind import FREE_KINDS
from candela_tui.store.errors import unreadable
from candela_tui.store.interruption import lost_usage
from candela_tui.store.processes import is_running
from candela_tui.store.units import read_money, read_time, stored_time
from candela_tui.text.times import QUARTER_S

if TYPE_CHECKING:
    # Not at run time: each is imported where it is needed, which is seldom.
    from candela_tui.analysis.cache import CacheLife, CacheUse
    from candela_tui.analysis.limits import Limits

_BUSY_TIMEOUT_S = 0.2
"""The status line should not wait longer for a store that is locked."""
_NEWEST = 200
"""The newest requests of a session in which the use of the cache, or the limits, are looked for."""
_QUARTER_US = QUARTER_S * 1_000_000
_COST = "cost_input, cost_cache_read, cost_cache_write, cost_output, cost_web_searches"
_ENDED = f"requests, priced, free, lower_bounds + unpriced + unread, {_COST}"
"""What the triggers of ``sums.py`` sum up."""
_LIVE = f"cost_at_least, unpriced_model, unread, method, kind, pid, process, connected_ms, status, {_COST}"


_Read = Callable[[str, tuple[str | int, ...]], list[tuple[Any, ...]]]
"""Returns the rows of a statement whose parameters are question marks."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of some requests."""

    requests: int | None
    """None if not known."""
    cost_usd: Decimal | None
    """None if none of them has a price, unless all are free."""
    at_least: bool = False


class StatusFigures:
    """Reads figures in one state of the store. Every method raises StoreError."""

    def __init__(self, path: StoreLocation, read: _Read, runs: Callable[[int | None, str | None], bool]) -> None:
        self._path = path
        self._read = read
        self._runs = runs

    def since(self, moment: datetime) -> Spent:
        """Return the cost of the requests that began at this moment or later. It is the beginning of a quarter of an
        hour, as that of every day is."""
        began = stored_time(moment)
        return self._spent(("quarter >= ?", began // _QUARTER_US), ("started_at_us >= ?", began))

    def session(self, session_id: str) -> Spent:
        """Return the cost of a session's requests."""
        of_session = ("session_id = ?", session_id)
        return self._spent(of_session, of_session)

    def on_subscription(self, session_id: str) -> bool:
        """Return whether a subscription paid for the session's newest answer that states a usage."""
        newest = "SELECT subscription FROM exchanges WHERE session_id = ? AND usage_iterations IS NOT NULL"
        return any(paid for (paid,) in self._rows(f"{newest} ORDER BY id DESC LIMIT 1", session_id))

    def cache_life(self, session_id: str) -> "CacheLife | None":
        """Return the life of the cache that the session's main agent uses, or None if it uses none."""
        from candela_tui.analysis.cache import life_after

        rows = self._rows(
            "SELECT started_at_us, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, "
            "cache_ttls FROM exchanges WHERE session_id = ? AND agent_id IS NULL AND kind IN ('messages', 'compaction')"
            "ORDER BY id DESC LIMIT ?",
            session_id,
            _NEWEST,
        )
        with self._explained():
            # Requests without breakpoints, such as one that summarises a web page, have contexts of their own.
            marked = [row for row in rows if row[4]]
            return life_after(map(_cache_use, marked or rows))

    def limits(self, session_id: str) -> "Limits | None":
        """Return the limits that the session's newest answer with any states, or None if none does."""
        from candela_tui.analysis.limits import stated_limits

        rows = self._rows(
            "SELECT rate_limits, status FROM exchanges WHERE session_id = ? ORDER BY id DESC LIMIT ?",
            session_id,
            _NEWEST,
        )
        with self._explained():
            for stored, status in rows:
                limits = stated_limits(tuple((name, value) for name, value in json.loads(stored or "[]")), status)
                if limits is not None:
                    return limits
        return None

    def _spent(self, of_sums: tuple[str, str | int], of_exchanges: tuple[str, str | int]) -> Spent:
        """Return what was spent: by the stored sums that meet a condition, and the live exchanges that meet one."""
        ended_where, live_where = f"FROM sums WHERE {of_sums[0]}", f"FROM exchanges WHERE {of_exchanges[0]}"
        ended = self._rows(f"SELECT {_ENDED} {ended_where}", of_sums[1])
        live = self._rows(f"SELECT {_LIVE} {live_where} AND outcome = 'live'", of_exchanges[1])
        with self._explained():
            parts = [*ended, *(_as_sums(row, self._runs) for row in live)]
            if not all(isinstance(part, int) for row in parts for part in row):
                raise TypeError("a sum is not a number")
            requests, priced, free, lower_bounds, *cost = map(sum, zip(*parts, strict=True)) if parts else [0] * 9
            known = priced or 0 < requests == free
            return Spent(requests, read_money(sum(cost)) if known else None, bool(lower_bounds))

    def _rows(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self._explained():
            return self._read(statement, values)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise what a damaged store leads to, such as values of other types, as StoreError."""
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, ArithmeticError) as error:
            raise unreadable(self._path, error) from error


@contextmanager
def reading_figures(path: StoreLocation) -> Iterator[StatusFigures | None]:
    """Yield the figures of a store, or None if there is no store yet. Raises StoreError."""
    if isinstance(path, DatabaseUrl):
        # Import it here: it loads SQLAlchemy, for which a status line of a file has no time.
        from candela_tui.store.figures_in_postgres import reading_postgres

        with reading_postgres(path) as found:
            yield StatusFigures(path, *found) if found is not None else None
        return
    if not path.exists():
        yield None
        return
    try:
        # Not read-only: a store that no process has open needs a file beside it. The pragma keeps it unchanged.
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=rw", uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None
        )
        with closing(connection):
            connection.execute("PRAGMA query_only = ON").close()
            connection.execute("BEGIN").close()
            yield StatusFigures(
                path, lambda wanted, values: connection.execute(wanted, values).fetchall(), cache(is_running)
            )
    except sqlite3.Error as error:
        raise unreadable(path, error) from error


def _cache_use(row: tuple[Any, ...]) -> "CacheUse":
    from candela_tui.analysis.cache import CacheUse

    started_at_us, read, write_5m, write_1h, ttls = row
    return CacheUse(read_time(started_at_us), read, write_5m, write_1h, tuple(json.loads(ttls or "[]")))


def _as_sums(row: tuple[Any, ...], runs: Callable[[int | None, str | None], bool]) -> tuple[Any, ...]:
    """Return what a live row adds to the sums. If its process is gone, its cost is a lower bound."""
    cost_at_least, unpriced_model, unread, method, kind, pid, process, connected_ms, status, *cost = row
    priced, unpriced = cost_at_least is not None, cost_at_least is None and unpriced_model is not None
    lower_bound = bool(cost_at_least) or unpriced or unread is not None
    if not runs(pid, process):
        known = priced or unpriced_model is not None
        lost = lost_usage(priced=known, connected_ms=connected_ms, status=status, method=method, kind=kind)
        lower_bound = lower_bound or priced or lost
    free = kind in FREE_KINDS or method == "HEAD"
    return (1, int(priced), int(free), int(lower_bound), *(part if part is not None else 0 for part in cost))
