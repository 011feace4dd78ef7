"""The budgets that the user overrides for a time."""

import json
import logging
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from candela_tui.file_lock import locked
from candela_tui.files import write_atomically
from candela_tui.rules.budgets.state import Override

if TYPE_CHECKING:
    # It imports SQLAlchemy.
    from candela_tui.audit.entry import State
    from candela_tui.audit.log import AuditLog, Write

logger = logging.getLogger(__name__)

_DECODER = msgspec.json.Decoder(list[Override])


class Overrides(Protocol):
    """Keeps which budgets are overridden, for every candela of the data directory or of the database."""

    def active(self, budget: str, now: datetime) -> Override | None:
        """Return the override of a budget that holds now."""

    def all(self, now: datetime) -> list[Override]:
        """Return every override that holds now. Blocks for a moment; raises StoreError."""

    def set(self, override: Override, by: str | None = None) -> None:
        """Override a budget, instead of an earlier override of it. Blocks for a moment. ``by`` is who does that, for
        the audit log; None for the user of this machine. Raises OSError, AuditError and StoreError."""

    def remove(self, budget: str, now: datetime, by: str | None = None) -> bool:
        """End the override of a budget, and return whether there was one. Blocks for a moment. Raises OSError,
        AuditError and StoreError."""


class OverridesFile:
    """The overrides in one file. Reading notices a change of the file at once."""

    def __init__(self, path: Path, audit: "AuditLog | None" = None) -> None:
        """``audit`` gets an entry for each change; without it, overrides are only read."""
        self._path = path
        self._audit = audit
        self._read_at: tuple[int, int, int] | None = None
        self._known: dict[str, Override] = {}

    def active(self, budget: str, now: datetime) -> Override | None:
        """Return the override of a budget that holds now. One that can't be read holds no longer, as the log says."""
        self._refresh()
        found = self._known.get(budget)
        return found if found is not None and now < found.until else None

    def all(self, now: datetime) -> list[Override]:
        """Return every override that holds now."""
        self._refresh()
        return [each for each in self._known.values() if now < each.until]

    def set(self, override: Override, by: str | None = None) -> None:
        """Override a budget, instead of an earlier override of it. Blocks for a moment. Raises OSError, AuditError."""
        with locked(self._path), auditing(self._audit, by) as write:
            stored = self._stored()
            write(
                "budget.override", override.budget, override_state(stored, override.budget), override_state([override])
            )
            kept = [each for each in stored if each.budget != override.budget]
            self._write([*kept, override], override.made_at)

    def remove(self, budget: str, now: datetime, by: str | None = None) -> bool:
        """End the override of a budget, and return whether there was one. Blocks for a moment. Raises OSError,
        AuditError."""
        with locked(self._path), auditing(self._audit, by) as write:
            stored = self._stored()
            if any(each.budget == budget and now < each.until for each in stored):
                write("budget.override-end", budget, override_state(stored, budget), None)
            kept = [each for each in stored if each.budget != budget]
            self._write(kept, now)
        return any(each.budget == budget and now < each.until for each in stored)

    def _write(self, overrides: Iterable[Override], now: datetime) -> None:
        lasting = [each for each in overrides if now < each.until]
        document = json.dumps(msgspec.to_builtins(lasting), indent=2, ensure_ascii=False)
        write_atomically(self._path, f"{document}\n")

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except OSError:
            self._read_at, self._known = None, {}
            return
        read_at = status.st_mtime_ns, status.st_size, status.st_ino
        if read_at != self._read_at:
            self._read_at = read_at
            self._known = {each.budget: each for each in self._stored()}

    def _stored(self) -> list[Override]:
        try:
            return _DECODER.decode(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            logger.warning("%s can't be read, so no budget is overridden: %s", self._path, error)
            return []


def auditing(audit: "AuditLog | None", by: str | None = None) -> AbstractContextManager["Write"]:
    """Return what adds entries to the audit log, if there is one, for a ``with`` block around the change. ``by`` is who
    makes it, if not the user of this machine."""
    return audit.writing(by) if audit is not None else nullcontext(lambda *_: None)


def override_state(overrides: Iterable[Override], budget: str | None = None) -> "State | None":
    """Return the override of a budget, or the only one, for the audit log."""
    found = next((each for each in overrides if budget in (None, each.budget)), None)
    return {"until": found.until.isoformat(), "why": found.why} if found is not None else None
