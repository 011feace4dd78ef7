"""Removes the oldest exchanges, as far as the settings do not keep them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select

from candela_tui.exchange import Outcome
from candela_tui.store.dialects import on_postgres
from candela_tui.store.removal import bytes_to_free, bytes_used, remove
from candela_tui.store.schema import exchanges
from candela_tui.store.units import read_time, stored_time
from candela_tui.text import amounts
from candela_tui.text.times import Clock, local_time

_AT_ONCE: Final = 100
"""Exchanges that are removed in one transaction."""
_EVERY_S: Final = 600.0
_SHARE_LEFT: Final = 0.95
"""A store that is too large is reduced to this share of the limit, so that it does not exceed it again at once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept; 0 stands for no limit."""

    days: int = 0
    """Whole days of the user's time zone, in addition to the current one."""
    body_days: int = 0
    """The same for bodies alone."""
    bytes: int = 0
    """Of a file. The size of a database says little: PostgreSQL keeps the room of what was removed for later."""


class Retention:
    """Applies limits in small steps: at the start and every ten minutes. Used only by the writer's thread."""

    def __init__(self, limits: Limits, clock: Clock, on_removed: Callable[[str], None]) -> None:
        """``on_removed`` gets a sentence for the user that says what was removed."""
        self._limits = limits
        self._clock = clock
        self._on_removed = on_removed
        self._due_at = time.monotonic()
        self._too_old = 0
        self._too_much = 0
        self._removed_until: datetime | None = None
        """When the latest exchange began that was removed because of the size."""

    def step(self, connection: Connection) -> bool:
        """Remove a few exchanges. Return whether there were any."""
        if time.monotonic() < self._due_at:
            return False
        if self._remove_old(connection) or self._remove_for_size(connection):
            return True
        self._say()
        self._due_at = time.monotonic() + _EVERY_S
        return False

    def _remove_old(self, connection: Connection) -> bool:
        if not self._limits.days:
            return False
        removed = self._remove_oldest(
            connection, exchanges.c.started_at_us < stored_time(self._clock.day(self._limits.days))
        )
        self._too_old += removed
        return bool(removed)

    def _remove_for_size(self, connection: Connection) -> bool:
        limit = self._limits.bytes
        if not limit or on_postgres(connection):
            return False
        share = _SHARE_LEFT if self._too_much else 1.0
        with connection.begin():
            kept = bytes_used(connection) - bytes_to_free(connection)
        if kept <= limit * share:
            return False
        removed = self._remove_oldest(connection)
        self._too_much += removed
        return bool(removed)

    def _remove_oldest(self, connection: Connection, *conditions: ColumnElement[bool]) -> int:
        columns = exchanges.c
        oldest = (
            select(columns.id, columns.started_at_us)
            .where(columns.outcome != Outcome.LIVE.value, *conditions)
            .order_by(columns.started_at_us)
            .limit(_AT_ONCE)
        )
        with connection.begin():
            latest = connection.execute(select(func.max(oldest.subquery().c.started_at_us))).scalar()
        if latest is None:
            return 0
        self._removed_until = read_time(latest)
        return remove(connection, columns.id.in_(select(oldest.subquery().c.id)), self._clock.now()).requests

    def _say(self) -> None:
        if self._too_old:
            before = self._clock.local(self._clock.day(self._limits.days))
            self._on_removed(
                f"Removed {amounts.requests(self._too_old)} from before {before:%Y-%m-%d}: [history] keep_days is "
                f"{self._limits.days}."
            )
        if self._too_much and self._removed_until is not None:
            self._on_removed(
                f"Removed the oldest {amounts.requests(self._too_much)}, up to {local_time(self._removed_until)}: the "
                f"store was larger than [history] max_size_gb."
            )
        self._too_old = self._too_much = 0
