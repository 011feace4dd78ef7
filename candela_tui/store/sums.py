"""The stored sums over ended exchanges, by session, agent, model and quarter of an hour.

Triggers keep them in the transaction that writes an exchange, so they hold for every way to write or delete one.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    case,
    column,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.sql import ClauseElement

from candela_tui.exchange import Outcome
from candela_tui.protocol.kind import FREE_KINDS, SIDE_KINDS
from candela_tui.store.dialects import (
    POSTGRES,
    StoredText,
    as_number,
    create_dialect,
    functions_of_triggers,
    greater,
    lesser,
    on_postgres,
    same,
    total,
    unindexed,
    unless_none,
)
from candela_tui.store.schema import exchanges, sums
from candela_tui.text.times import QUARTER_S

SECOND_US: Final = 1_000_000
QUARTER_US: Final = QUARTER_S * SECOND_US
# Literals, because PostgreSQL takes two parameters in two places of a statement for two expressions.
_QUARTER: Final[ColumnElement[int]] = literal_column(str(QUARTER_US), BigInteger())
_NO_MODEL: Final[ColumnElement[str]] = literal_column("''", StoredText())
_FAILED: Final = (Outcome.ERROR.value, Outcome.CUT.value)
_SIDE: Final = sorted(kind.value for kind in SIDE_KINDS)
_FREE: Final = sorted(kind.value for kind in FREE_KINDS)
_COLUMNS: Final = [each.name for each in sums.columns]
COST_PARTS: Final = ("cost_input", "cost_cache_read", "cost_cache_write", "cost_output", "cost_web_searches")
LIVE: Final[ColumnElement[Any]] = literal_column(f"'{Outcome.LIVE.value}'")
"""A literal, because SQLite uses a partial index only for a condition without parameters."""

Columns = Mapping[str, ColumnElement[Any]]
"""The columns of exchanges, by name: those of the table, or of the row that a trigger is about."""
STORED: Final[Columns] = dict(exchanges.c.items())


class Part(NamedTuple):
    """A stored sum: its name, and what one exchange adds to it."""

    name: str
    of: Callable[[Columns], ColumnElement[Any]]


def _known(name: str) -> Part:
    return Part(name, lambda of: func.coalesce(of[name], 0))


def _count(name: str, condition: Callable[[Columns], ColumnElement[bool]]) -> Part:
    return Part(name, lambda of: case((condition(of), 1), else_=0))


def _cost(of: Columns) -> ColumnElement[Any]:
    parts = [func.coalesce(of[name], 0) for name in COST_PARTS]
    return sum(parts[1:], start=parts[0])


PARTS: Final = (
    Part("requests", lambda _: literal_column("1")),
    _count("errors", lambda of: of["outcome"].in_(_FAILED)),
    _count("free", lambda of: or_(of["kind"].in_(_FREE), of["method"] == "HEAD")),
    _count("counted", lambda of: of["usage_iterations"].is_not(None)),
    _known("input_tokens"),
    _known("cache_read_tokens"),
    _known("cache_write_5m_tokens"),
    _known("cache_write_1h_tokens"),
    _known("output_tokens"),
    # Each part has a sum of its own: an addition would convert a damaged text to a number, which sum() does not.
    *map(_known, COST_PARTS),
    _count("priced", lambda of: of["cost_at_least"].is_not(None)),
    _count("unpriced", lambda of: of["cost_at_least"].is_(None) & of["unpriced_model"].is_not(None)),
    Part("lower_bounds", lambda of: as_number(of["cost_at_least"])),
    _count("unread", lambda of: of["unread"].is_not(None)),
    _count("imported", lambda of: of["imported"].is_not(None)),
    _count("side_requests", lambda of: of["kind"].in_(_SIDE)),
    Part("side_cost", lambda of: case((of["kind"].in_(_SIDE), _cost(of)), else_=0)),
    Part("saved", lambda of: case((of["cost_at_least"].is_not(None), func.coalesce(of["saved"], 0)), else_=0)),
    _count("counted_otherwise", lambda of: of["client_cost"].is_not(None)),
    Part("client_difference", lambda of: func.coalesce(of["client_cost"] - _cost(of), 0)),
)
"""Named as the columns of ``sums``."""


def keys(of: Columns) -> dict[str, ColumnElement[Any]]:
    """Return what the exchanges are grouped by. The model is the one that served it, or that it asked for."""
    return {
        "session_id": of["session_id"],
        "agent_id": of["agent_id"],
        "model": func.coalesce(func.nullif(of["model_used"], _NO_MODEL, type_=StoredText()), of["model"]),
        "quarter": of["started_at_us"] // _QUARTER,
    }


def bounds(of: Columns) -> dict[str, ColumnElement[Any]]:
    """Return the aggregates that are no sums: the first and last beginning, and the latest exchange with a client."""
    return {
        "first_us": func.min(of["started_at_us"]),
        "last_us": func.max(of["started_at_us"]),
        "named": func.max(case((of["client"].is_not(None), of["id"]))),
    }


def sums_kept(connection: Connection) -> bool:
    """Return whether the triggers of this version keep the sums."""
    triggers = _triggers(connection.dialect.name)
    if on_postgres(connection):
        return functions_of_triggers(connection, exchanges) == {name: each.body for name, each in triggers.items()}
    objects = table("sqlite_master", column("name"), column("type"), column("sql"))
    found = connection.execute(select(objects.c.name, objects.c.sql).where(objects.c.type == "trigger"))
    statements = {name: each.for_sqlite for name, each in triggers.items()}
    return {name: sql for name, sql in found if name in statements} == statements


def keep_sums(connection: Connection) -> None:
    """Make sure that the triggers of this version keep the sums. If they did not so far, sum everything up."""
    if sums_kept(connection):
        return
    release_sums(connection)
    create_triggers(connection)
    sum_again(connection)


def create_triggers(connection: Connection) -> None:
    """Create the triggers where there are none. Only in a store without exchanges are the sums right then."""
    for trigger in _triggers(connection.dialect.name).values():
        for statement in trigger.for_postgres if on_postgres(connection) else [trigger.for_sqlite]:
            connection.exec_driver_sql(statement)


def release_sums(connection: Connection) -> None:
    """Remove the triggers, so that a migration can change what they mention. Call ``keep_sums`` after it."""
    of_table = f" ON {exchanges.name}" if on_postgres(connection) else ""
    for name in _triggers(connection.dialect.name):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{of_table}")


def sum_again(connection: Connection) -> None:
    """Compute every sum from the exchanges."""
    connection.execute(delete(sums))
    connection.execute(insert(sums).from_select(_COLUMNS, _summed()))


def differing_sums(connection: Connection) -> int:
    """Return how many stored sums differ from those of the exchanges."""
    stored, summed = select(sums), _summed()
    differing = (summed.except_(stored), stored.except_(summed))
    return max(connection.execute(select(func.count()).select_from(each.subquery())).scalar_one() for each in differing)


def _summed() -> Select[Any]:
    groups = keys(STORED)
    known = {**groups, **bounds(STORED), **{part.name: total(part.of(STORED)) for part in PARTS}}
    wanted = [known[name].label(name) for name in _COLUMNS]
    return select(*wanted).where(STORED["outcome"] != LIVE).group_by(*groups.values())


class Trigger(NamedTuple):
    """What happens for each row of exchanges that an event is about and a condition holds for."""

    name: str
    event: str
    condition: str
    body: str

    @property
    def for_sqlite(self) -> str:
        """The statement that creates it."""
        return f"CREATE TRIGGER {self.name} AFTER {self.event} ON exchanges WHEN {self.condition} BEGIN {self.body} END"

    @property
    def for_postgres(self) -> list[str]:
        """The statements that create its function, and the trigger itself."""
        body = self.body.replace("'", "''")
        return [
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS '{body}'",
            f"CREATE TRIGGER {self.name} AFTER {self.event} ON exchanges FOR EACH ROW WHEN ({self.condition}) "
            f"EXECUTE FUNCTION {self.name}()",
        ]


@cache
def _triggers(dialect: str) -> dict[str, Trigger]:
    """Return the triggers by their names. Their text tells whether a store has those of this version."""
    new, old = _row("NEW"), _row("OLD")
    add, subtract = _adding(new), _subtracting(old)
    begin, end = ("BEGIN ", " RETURN NULL; END") if dialect == POSTGRES else ("", "")
    written = partial(_text, dialect=create_dialect(dialect))
    return {
        name: Trigger(
            name,
            event,
            written(row["outcome"] != LIVE),
            f"{begin}{' '.join(f'{written(each)};' for each in statements)}{end}",
        )
        for name, event, row, statements in (
            ("sums_inserted", "INSERT", new, add),
            ("sums_deleted", "DELETE", old, subtract),
            # Their order does not matter.
            ("sums_updated_from", "UPDATE", old, subtract),
            ("sums_updated_to", "UPDATE", new, add),
        )
    }


def _row(name: str) -> Columns:
    return {each.name: literal_column(f"{name}.{each.name}", each.type) for each in exchanges.columns}


def _text(clause: ClauseElement, dialect: Dialect) -> str:
    compiled = clause.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return " ".join(str(compiled).split())


def _adding(row: Columns) -> list[ClauseElement]:
    groups, of_group = keys(row), _of_group(row)
    absent = ~select(literal_column("1")).select_from(sums).where(*of_group).exists()
    at, named = row["started_at_us"], sums.c.named
    opened = {**groups, "first_us": at, "last_us": at, **{part.name: literal_column("0") for part in PARTS}}
    names_client = row["client"].is_not(None) & or_(named.is_(None), named < row["id"])
    changed = {
        "first_us": lesser(sums.c.first_us, at),
        "last_us": greater(sums.c.last_us, at),
        "named": case((names_client, row["id"]), else_=named),
        **{part.name: sums.c[part.name] + part.of(row) for part in PARTS},
    }
    return [
        insert(sums).from_select(list(opened), select(*opened.values()).where(absent)),
        update(sums).values(changed).where(*of_group),
    ]


def _subtracting(row: Columns) -> list[ClauseElement]:
    of_group, at = _of_group(row), row["started_at_us"]
    less = {part.name: sums.c[part.name] - part.of(row) for part in PARTS}
    begins = keys(row)["quarter"] * QUARTER_US
    # The plus keeps SQLite from reading the whole session: a quarter of an hour has fewer exchanges.
    left = [
        same(unindexed(STORED["session_id"]), row["session_id"]),
        same(STORED["agent_id"], row["agent_id"]),
        same(keys(STORED)["model"], keys(row)["model"]),
        STORED["started_at_us"].between(begins, begins + (QUARTER_US - 1)),
        STORED["outcome"] != LIVE,
    ]
    found: dict[str, ColumnElement[Any]] = {
        name: select(bound).where(*left).scalar_subquery() for name, bound in bounds(STORED).items()
    }
    found |= {name: unless_none(found[name], sums.c[name]) for name in ("first_us", "last_us")}
    told = or_(sums.c.first_us == at, sums.c.last_us == at, sums.c.named == row["id"])
    return [
        update(sums).values(less).where(*of_group),
        delete(sums).where(*of_group, sums.c.requests == 0),
        update(sums).values(found).where(*of_group, told),
    ]


def _of_group(row: Columns) -> list[ColumnElement[bool]]:
    return [same(sums.c[name], value) for name, value in keys(row).items()]
