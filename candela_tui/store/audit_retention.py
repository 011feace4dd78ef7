"""Removes the oldest entries of the audit log, as far as the settings do not keep them."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from candela_tui.audit import roles, rules
from candela_tui.audit.entry import AuditError
from candela_tui.audit.log import AuditLog
from candela_tui.text import amounts
from candela_tui.text.times import Clock

_RETRY_S: Final = 600.0


class AuditRetention:
    """Keeps a log for some days: removes what is older at the start, and once a day after that. Of several candelas
    on one log, the first one to come removes it. Used only by the writer's thread."""

    def __init__(self, days: int, log: AuditLog, clock: Clock, on_notice: Callable[[str], None]) -> None:
        """``days`` are whole days of the user's time zone, in addition to the current one; 0 keeps everything.
        ``on_notice`` gets a sentence for the user that says what was removed, or why it was not."""
        self._days = days
        self._log = log
        self._clock = clock
        self._on_notice = on_notice
        self._kept_from: datetime | None = None
        """The first day that is kept, once what is older was removed."""
        self._due_at = time.monotonic()
        self._trouble = ""

    def step(self) -> None:
        """Remove what is too old, if that was not done today. Blocks for a moment."""
        if not self._days or time.monotonic() < self._due_at:
            return
        first = self._clock.day(self._days)
        if first == self._kept_from:
            return
        setting = f"[audit] keep_days = {self._days}"
        try:
            removed = self._log.remove_before(first, setting, (rules.PREFIX, roles.PREFIX))
        except AuditError as error:
            self._due_at = time.monotonic() + _RETRY_S
            if self._trouble != str(error):
                self._trouble = str(error)
                self._on_notice(f"{error} What {setting} does not keep stays for now.")
            return
        self._kept_from, self._trouble = first, ""
        if removed:
            entries = amounts.things(removed, "entry", "entries")
            self._on_notice(
                f"Removed {entries} of the audit log from before {first:%Y-%m-%d}: [audit] keep_days is {self._days}."
            )
