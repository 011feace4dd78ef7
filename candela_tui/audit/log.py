"""The audit log: a table of its own that only grows, except for what a limit in days removes."""

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeGuard

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    event,
    false,
    func,
    insert,
    inspect,
    not_,
    or_,
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
_REFUSAL: Final = "audit_only_grows"
"""The trigger in PostgreSQL."""
_ON_POSTGRESQL: Final = (
    f"CREATE OR REPLACE FUNCTION {_REFUSAL}() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN RAISE EXCEPTION ''the audit log only grows''; END'",
    f"CREATE TRIGGER {_REFUSAL} BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
    f" FOR EACH STATEMENT EXECUTE FUNCTION {_REFUSAL}()",
)
_ON_SQLITE: Final = {
    change: f"CREATE TRIGGER audit_refuses_{change.lower()} BEFORE {change} ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
    for change in ("UPDATE", "DELETE")
}
for _statement in _ON_POSTGRESQL:
    _ddl = DDL(_statement).execute_if(dialect="postgresql")  # type: ignore[no-untyped-call]
    event.listen(_ENTRIES, "after_create", _ddl)
for _statement in _ON_SQLITE.values():
    _ddl = DDL(_statement).execute_if(dialect="sqlite")  # type: ignore[no-untyped-call]
    event.listen(_ENTRIES, "after_create", _ddl)

_REMOVAL: Final = "entries.remove"
"""The action of the entry that says what was removed."""

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
            return [_entry(row) for row in connection.execute(query)] if _has_entries(connection) else []

    def count(self) -> int:
        """Return the number of entries."""
        with self._reading() as connection:
            return _count(connection) if _has_entries(connection) else 0

    def remove_before(self, moment: datetime, setting: str, states: Collection[str]) -> int:
        """Remove the entries from before a moment, and record in the same transaction how many they were and which
        setting asked for it. Return their number, without that of such records.

        What ``record_states`` goes by stays: the latest entry of each thing that is still there, of the prefixes in
        ``states``."""
        old = _ENTRIES.c.at_us < _microseconds(moment)
        # An entry that says what was removed does not lead to another one.
        wanted = old, not_(_is_known_state(states)), _ENTRIES.c.action != _REMOVAL
        with self._reading() as connection:
            if not _has_entries(connection) or not _count(connection, *wanted):
                return 0
        with self._begun() as connection:
            # Another process may have been faster.
            if removed := _count(connection, *wanted):
                with _letting_go(connection):
                    connection.execute(delete(_ENTRIES).where(old, not_(_is_known_state(states))))
                before = moment.astimezone(UTC).isoformat()
                self._add(connection, _REMOVAL, setting, {"entries": removed, "from_before": before}, None)
        return removed

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


def _has_entries(connection: Connection | None) -> TypeGuard[Connection]:
    return connection is not None and inspect(connection).has_table(_ENTRIES.name)


def _count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(_ENTRIES).where(*conditions)).scalar_one())


def _is_known_state(prefixes: Collection[str]) -> ColumnElement[bool]:
    """Return whether an entry has the present state of something that is known by a name."""
    latest = (
        select(func.max(_ENTRIES.c.number))
        .where(_ENTRIES.c.action.startswith(f"{prefix}."))
        .group_by(_ENTRIES.c.subject)
        for prefix in prefixes
    )
    return _ENTRIES.c.after.is_not(None) & or_(false(), *(_ENTRIES.c.number.in_(each) for each in latest))


@contextlib.contextmanager
def _letting_go(connection: Connection) -> Iterator[None]:
    """Lift what refuses to remove entries, for a block of a transaction. Nobody else sees the table without it: if the
    transaction fails, it was never lifted."""
    if connection.dialect.name == "postgresql":
        lift, restore = (f"ALTER TABLE audit {each} TRIGGER {_REFUSAL}" for each in ("DISABLE", "ENABLE"))
    else:
        lift, restore = "DROP TRIGGER audit_refuses_delete", _ON_SQLITE["DELETE"]
    connection.exec_driver_sql(lift)
    yield
    connection.exec_driver_sql(restore)


def _entry(row: Any) -> AuditEntry:
    at = datetime.fromtimestamp(row.at_us // 1_000_000, UTC).replace(microsecond=row.at_us % 1_000_000)
    before, after = _state(row.before), _state(row.after)
    return AuditEntry(row.number, at, row.actor, row.via, row.action, row.subject, before, after)


def _microseconds(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _json(state: State | None) -> str | None:
    if state is None:
        return None
    # A client may name its session by bytes that are no UTF-8: no database keeps them.
    return json.dumps(state, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace").decode()


def _state(text: str | None) -> State | None:
    return json.loads(text) if text is not None else None
