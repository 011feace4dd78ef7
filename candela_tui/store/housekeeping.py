"""What the writer does between two batches: it applies the limits of the history and of the audit log, and frees the
space of what was removed."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Connection

from candela_tui.store.audit_retention import AuditRetention
from candela_tui.store.body_retention import BodyRetention
from candela_tui.store.errors import said
from candela_tui.store.removal import free_pages, free_some, give_pages_back, last_removal, removed_since
from candela_tui.store.retention import Limits, Retention
from candela_tui.text.times import Clock

_REST_S: Final = 1.0
"""Seconds between two looks for what other processes removed."""
_PAUSE_AFTER_TROUBLE_S: Final = 60.0
_MANY_FREE_PAGES: Final = 1000
"""4 MB: as many unused pages stay in the file for what is stored next, unless something was removed."""

logger = logging.getLogger(__name__)


class Housekeeping:
    """Runs in the writer's thread, one short transaction per step."""

    def __init__(
        self,
        limits: Limits,
        clock: Clock,
        on_removed: Callable[[Sequence[str]], None],
        on_notice: Callable[[str], None],
        audit: AuditRetention | None = None,
    ) -> None:
        """``on_removed`` gets the ids of exchanges that this or another process removed from the store; none where this
        one removed only bodies."""
        self._clock = clock
        self._retention = Retention(limits, clock, on_notice)
        self._bodies = BodyRetention(limits.body_days, clock, on_notice)
        self._audit = audit
        self._on_removed = on_removed
        self._seen: int | None = None
        """The number of the latest removal that was reported."""
        self._resumes_at = 0.0
        self._removed = False

    def start_over(self) -> None:
        """Forget which removals were reported, because the file was replaced."""
        self._seen = None
        self._resumes_at = 0.0

    def report_removed(self, connection: Connection) -> None:
        """Report what was removed since the last call, by any process. Call it inside a transaction."""
        latest = last_removal(connection)
        if self._seen is None:
            # What was removed earlier was never shown by this process.
            self._seen = latest
        if latest != self._seen:
            ids = removed_since(connection, self._seen)
            self._seen = latest
            self._on_removed(ids)

    def _report(self, connection: Connection) -> None:
        with connection.begin():
            self.report_removed(connection)

    def step(self, connection: Connection) -> float:
        """Do the next piece of work if it is time. Return the seconds until the next step: 0 if there is more to do."""
        now = time.monotonic()
        if now < self._resumes_at:
            return self._resumes_at - now
        if self._audit is not None:
            self._audit.step()
        self._report(connection)
        worked = self._retention.step(connection)
        if worked:
            self._report(connection)
        elif self._bodies.step(connection):
            worked = True
            self._on_removed(())
        else:
            worked = free_some(connection, self._clock.now())
        self._removed = self._removed or worked
        if not worked and free_pages(connection) > (0 if self._removed else _MANY_FREE_PAGES):
            worked = self._removed = give_pages_back(connection)
        if worked:
            return 0.0
        self._removed = False
        # The writer asks after each batch, and a look costs as much as storing a small request.
        self._resumes_at = now + _REST_S
        return _REST_S

    def put_off(self, error: Exception) -> float:
        """Do nothing for a while after an error: storing matters more. Return the seconds."""
        logger.warning("The space of removed records can't be freed at the moment: %s", said(error))
        self._resumes_at = time.monotonic() + _PAUSE_AFTER_TROUBLE_S
        return _PAUSE_AFTER_TROUBLE_S
