"""The audit log: a table of its own that only grows."""

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    event,
    insert,
    inspect,
    select,
)

from candela_tui.audit.entry import AuditEntry, AuditError, State
from candela_tui.sqlite_file import SqliteFile
from candela_tui.text.times import utc_now

_metadata = MetaData()
_ENTRIES: Final = Table(
    "audit",
    _metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at_us", BigInteger, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    sqlite_autoincrement=True,
)
_ON_POSTGRESQL: Final = (
    "CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN RAISE EXCEPTION ''the audit log only grows''; END'",
    "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
)
for _statement in _ON_POSTGRESQL:
    _ddl = DDL(_statement).execute_if(dialect="postgresql")  # type: ignore[no-untyped-call]
    event.listen(_ENTRIES, "after_create", _ddl)
for _change in ("UPDATE", "DELETE"):
    event.listen(
        _ENTRIES,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER audit_refuses_{_change.lower()} BEFORE {_change} ON audit"
            " BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
        ).execute_if(dialect="sqlite"),
    )

Write = Callable[[str, str, State | None, State | None], None]
"""Adds an entry: the action, its subject, and what that was before and after."""


class AuditLog(ABC):
    """Writes and reads a log. Every method blocks for a moment, and raises AuditError."""

    def __init__(self, actor: str, via: str, now: Callable[[], datetime]) -> None:
        """``actor`` and ``via`` say who does what is written here, and how."""
        self._actor = actor
        self._via = via
        self._now = now

    @contextlib.contextmanager
    def writing(self, actor: str | None = None) -> Iterator[Write]:
        """Provide what adds entries, which are kept at the end of the block. Others can't write meanwhile. ``actor`` is
        who does it, if not the one of this log.

        A change is made inside the block: without its entry there is no change."""
        with self._begun() as connection:
            yield lambda *entry: self._add(connection, *entry, actor=actor)

    def entries(self, since: datetime | None = None) -> list[AuditEntry]:
        """Return the entries since a moment, or all, the oldest first."""
        query = select(_ENTRIES).order_by(_ENTRIES.c.number)
        if since is not None:
            query = query.where(_ENTRIES.c.at_us >= _microseconds(since))
        with self._reading() as connection:
            known = connection is not None and inspect(connection).has_table(_ENTRIES.name)
            return [_entry(row) for row in connection.execute(query)] if connection is not None and known else []

    def record_states(self, prefix: str, states: dict[str, State]) -> None:
        """Record what changed of things that are all known by name, such as the rules in a file: those that are new,
        gone, or other than the log says. The actions begin with ``prefix``."""
        if not states and not self._is_made:
            return
        with self._begun() as connection:
            known = self._known(connection, prefix)
            for name in dict.fromkeys((*known, *states)):
                before, after = known.get(name), states.get(name)
                if before != after:
                    action = "add" if before is None else "remove" if after is None else "change"
                    self._add(connection, f"{prefix}.{action}", name, before, after)

    def _known(self, connection: Connection, prefix: str) -> dict[str, State]:
        found: dict[str, State | None] = {}
        query = select(_ENTRIES.c.subject, _ENTRIES.c.after).where(_ENTRIES.c.action.startswith(f"{prefix}."))
        for subject, after in connection.execute(query.order_by(_ENTRIES.c.number)):
            found[subject] = _state(after)
        return {name: state for name, state in found.items() if state is not None}

    def _add(
        self,
        connection: Connection,
        action: str,
        subject: str,
        before: State | None,
        after: State | None,
        *,
        actor: str | None = None,
    ) -> None:
        connection.execute(
            insert(_ENTRIES).values(
                at_us=_microseconds(self._now()),
                actor=actor or self._actor,
                via=self._via,
                action=action,
                subject=subject,
                before=_json(before),
                after=_json(after),
            )
        )

    @property
    @abstractmethod
    def _is_made(self) -> bool:
        """Whether there may be entries."""

    @abstractmethod
    def _begun(self) -> AbstractContextManager[Connection]:
        """Provide a connection whose changes are kept at the end of the block, and that shuts out other writers."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection | None]:
        """Provide a connection to read with, or None if there is nothing yet."""


class LocalAuditLog(AuditLog):
    """The log of a data directory."""

    def __init__(self, file: Path, actor: str, via: str, now: Callable[[], datetime] = utc_now) -> None:
        """``file`` need not exist: the first entry makes it."""
        super().__init__(actor, via, now)
        self._file = SqliteFile(file, "the audit log", AuditError, make_table)

    @property
    def _is_made(self) -> bool:
        return self._file.path.exists()

    def _begun(self) -> AbstractContextManager[Connection]:
        return self._file.changing()

    def _reading(self) -> AbstractContextManager[Connection | None]:
        return self._file.reading()


def make_table(connection: Connection) -> None:
    """Make the table and what keeps it as it is, if it is missing."""
    _metadata.create_all(connection)


def _entry(row: Any) -> AuditEntry:
    at = datetime.fromtimestamp(row.at_us // 1_000_000, UTC).replace(microsecond=row.at_us % 1_000_000)
    before, after = _state(row.before), _state(row.after)
    return AuditEntry(row.number, at, row.actor, row.via, row.action, row.subject, before, after)


def _microseconds(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _json(state: State | None) -> str | None:
    return json.dumps(state, ensure_ascii=False, sort_keys=True) if state is not None else None


def _state(text: str | None) -> State | None:
    return json.loads(text) if text is not None else None
