"""The tables that only replicas on one PostgreSQL database share. A SQLite store has none of them.

They are made where they are missing, also by commands that come before the first start, such as `candela keys create`.
Units are those of ``schema``. Counters of budgets are sums of many amounts, which may be too large for 64 bits.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from candela_tui.keys.people_database import people_metadata

shared_metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

_MAKING = 0x736861726564
"""The advisory lock of who makes the tables: "shared" as a number. It is not that of who writes the history, who may
hold it for minutes."""


def make_shared_tables(connection: Connection) -> None:
    """Make the tables that are missing, in the transaction of a connection."""
    connection.execute(select(func.pg_advisory_xact_lock(_MAKING)))
    for metadata in (shared_metadata, people_metadata):
        metadata.create_all(connection)


def _sum(name: str) -> Column[int]:
    return Column(name, Numeric, nullable=False, server_default="0")


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _counter() -> Column[int]:
    return Column("counter", ForeignKey("budget_counters.id", ondelete="CASCADE"), primary_key=True)


Table(
    "budget_counters",
    shared_metadata,
    # One window of one target of a budget.
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("budget", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("target", Text, nullable=False),
    # 0: no beginning. NULL: no end.
    Column("starts_at_us", BigInteger, nullable=False),
    Column("ends_at_us", BigInteger),
    _sum("spent_usd"),
    _sum("spent_tokens"),
    # What the requests in flight are expected to cost; nothing at first for those of which nothing is known.
    _sum("reserved_usd"),
    _sum("reserved_tokens"),
    _count("in_flight"),
    _count("unknown"),
    # Those of the unknown that may cost any amount, and what the others may cost at most.
    _count("unbounded"),
    _sum("most_usd"),
    _sum("most_tokens"),
    Column("oldest_us", BigInteger),
    Column("unpriced", ARRAY(Text), nullable=False, server_default="{}"),
    # The highest part of the limit that a replica told the user of, and when.
    Column("told_mark", Double, nullable=False, server_default="0"),
    Column("told_at_us", BigInteger, nullable=False, server_default="0"),
    # By the clock of PostgreSQL, for replicas to find what others changed.
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    UniqueConstraint("budget", "definition", "target", "starts_at_us"),
    Index("ix_budget_counters_changed", "definition", "changed_at"),
)

Table(
    "budget_leases",
    shared_metadata,
    # What is reserved for a request in flight, as long as its replica lives.
    Column("request_id", Text, primary_key=True),
    _counter(),
    Column("replica", Text, nullable=False, index=True),
    Column("usd", Numeric, nullable=False),
    Column("tokens", Numeric, nullable=False),
    Column("unknown", Boolean, nullable=False),
    # NULL: any amount.
    Column("most_usd", Numeric),
    Column("most_tokens", Numeric),
    Index("ix_budget_leases_counter", "counter"),
)

Table(
    "budget_charges",
    shared_metadata,
    # What a request cost that is counted in ``spent``, so that it is counted once.
    _counter(),
    Column("request_id", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("usd", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Index("ix_budget_charges_at", "counter", "at_us"),
)

Table(
    "budget_replicas",
    shared_metadata,
    Column("id", Text, primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False),
)

Table(
    "budget_overrides",
    shared_metadata,
    Column("budget", Text, primary_key=True),
    Column("until_us", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("made_at_us", BigInteger, nullable=False),
)

Table(
    "keys",
    shared_metadata,
    # candela's own keys, without the text of any: all of ``keys.key.Key`` as JSON, and what is unique.
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("in_use", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("document", Text, nullable=False),
    Index("ix_keys_name_in_use", "name", unique=True, postgresql_where=text("in_use")),
)

Table(
    "keys_state",
    shared_metadata,
    # One row: counts changes of keys, and tells whether a pepper is the one that they were made with.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("pepper_check", LargeBinary),
)

Table(
    "parallel_requests",
    shared_metadata,
    # The requests under way with a key that may have only so many: by replica, their number and when it said so, in
    # seconds since 1970 by the clock of PostgreSQL. One row, so that one statement can judge and count.
    Column("key", Text, primary_key=True),
    Column("live", JSONB, nullable=False),
)

Table(
    "session_stays",
    shared_metadata,
    # The route that has a session's prompt cache, after a fallback; "" for its own.
    Column("session", Text, primary_key=True),
    Column("route", Text, nullable=False),
    Column("until_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, index=True),
)
