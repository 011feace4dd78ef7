"""The figures of the status line, read with sqlite3 alone: the other readers take longer to start than it has.

The sums equal those of ``totals``: a test compares the two.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from candela_tui.protocol.kind import FREE_KINDS
from candela_tui.store.errors import unreadable
from candela_tui.store.interruption import lost_usage
from candela_tui.store.processes import is_running
from candela_tui.store.units import read_money, read_time, stored_time

if TYPE_CHECKING:
    # Not at run time: each is imported where it is needed, which is seldom.
    from candela_tui.analysis.cache import CacheLife, CacheUse
    from candela_tui.analysis.limits import Limits

_BUSY_TIMEOUT_S = 0.2
"""The status line should not wait longer for a store that is locked."""
_NEWEST = 200
"""The newest requests of a session in which the use of the cache, or the limits, are looked for."""
_FREE = ", ".join(f"'{kind.value}'" for kind in sorted(FREE_KINDS))
_SUMS = f"""
    count(*), count(cost_at_least), coalesce(sum(kind IN ({_FREE}) OR method = 'HEAD'), 0),
    coalesce(sum(cost_at_least), 0) + count(unread)
    + count(CASE WHEN cost_at_least IS NULL THEN unpriced_model END),
    coalesce(sum(cost_input), 0), coalesce(sum(cost_cache_read), 0), coalesce(sum(cost_cache_write), 0),
    coalesce(sum(cost_output), 0), coalesce(sum(cost_web_searches), 0)
"""
_LIVE = "pid, process, cost_at_least, unpriced_model, connected_ms, status, method, kind"


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

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    def since(self, moment: datetime) -> Spent:
        """Return the cost of the requests that began at this moment or later."""
        return self._spent("started_at_us >= ?", stored_time(moment))

    def session(self, session_id: str) -> Spent:
        """Return the cost of a session's requests."""
        return self._spent("session_id = ?", session_id)

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

    def _spent(self, condition: str, value: str | int) -> Spent:
        where = f"FROM exchanges WHERE {condition}"
        [(requests, priced, free, lower_bounds, *parts)] = self._rows(f"SELECT {_SUMS} {where}", value)
        live = self._rows(f"SELECT {_LIVE} {where} AND outcome = 'live'", value)
        with self._explained():
            if not all(isinstance(part, int) for part in parts):
                raise TypeError("a cost is not a number")
            runs = cache(is_running)
            gone = [rest for pid, process, *rest in live if not runs(pid, process)]
            at_least = bool(lower_bounds) or any(map(_cut_short, gone))
            all_free = 0 < requests == free
            cost = sum(map(read_money, parts), start=Decimal(0)) if priced or all_free else None
        return Spent(requests, cost, at_least)

    def _rows(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self._explained():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise what a damaged store leads to, such as values of other types, as StoreError."""
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, ArithmeticError) as error:
            raise unreadable(self._path, error) from error


@contextmanager
def reading_figures(path: Path) -> Iterator[StatusFigures | None]:
    """Yield the figures of a store, or None if there is no store yet. Raises StoreError."""
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
            yield StatusFigures(path, connection)
    except sqlite3.Error as error:
        raise unreadable(path, error) from error


def _cache_use(row: tuple[Any, ...]) -> "CacheUse":
    from candela_tui.analysis.cache import CacheUse

    started_at_us, read, write_5m, write_1h, ttls = row
    return CacheUse(read_time(started_at_us), read, write_5m, write_1h, tuple(json.loads(ttls or "[]")))


def _cut_short(row: list[Any]) -> bool:
    """Return whether a live row of a process that is gone makes the sum a lower bound."""
    cost_at_least, unpriced_model, connected_ms, status, method, kind = row
    priced = cost_at_least is not None or unpriced_model is not None
    lost = lost_usage(priced=priced, connected_ms=connected_ms, status=status, method=method, kind=kind)
    return cost_at_least is not None or lost
