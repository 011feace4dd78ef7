"""The overrides of all replicas, in PostgreSQL."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection

from candela_tui.audit.log import AuditLog
from candela_tui.rules.budgets.overrides import auditing, override_state
from candela_tui.rules.budgets.shared import statements
from candela_tui.rules.budgets.state import Override


class SharedOverrides:
    """Knows the overrides as they were last read, and changes them at once."""

    def __init__(
        self, transaction: Callable[[], AbstractContextManager[Connection]], audit: AuditLog | None = None
    ) -> None:
        """``transaction`` provides a connection whose changes are kept at the end of the block, and raises StoreError.
        ``audit`` gets an entry for each change that is made here."""
        self._transaction = transaction
        self._audit = audit
        self._known: dict[str, Override] = {}

    def known(self, overrides: Sequence[Override]) -> None:
        """Take the overrides that were read."""
        self._known = {each.budget: each for each in overrides}

    def active(self, budget: str, now: datetime) -> Override | None:
        """Return the override of a budget that holds now."""
        found = self._known.get(budget)
        return found if found is not None and now < found.until else None

    def all(self, now: datetime) -> list[Override]:
        """Return every override that holds now. Blocks; raises StoreError."""
        with self._transaction() as connection:
            self.known(statements.overrides(connection, now))
        return list(self._known.values())

    def set(self, override: Override, by: str | None = None) -> None:
        """Override a budget, instead of an earlier override of it. Blocks; raises StoreError and AuditError."""
        with self._transaction() as connection, auditing(self._audit, by) as write:
            before = statements.overrides(connection, override.made_at)
            write(
                "budget.override", override.budget, override_state(before, override.budget), override_state([override])
            )
            statements.override(connection, override)
        self._known = {**self._known, override.budget: override}

    def remove(self, budget: str, now: datetime, by: str | None = None) -> bool:
        """End the override of a budget, and return whether there was one. Blocks; raises StoreError and AuditError."""
        with self._transaction() as connection, auditing(self._audit, by) as write:
            before = override_state(statements.overrides(connection, now), budget)
            if before is not None:
                write("budget.override-end", budget, before, None)
            ended = statements.end_override(connection, budget, now)
        self._known = {name: each for name, each in self._known.items() if name != budget}
        return ended
