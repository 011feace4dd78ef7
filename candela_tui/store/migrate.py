"""Upgrades the schema to this version's revision."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Dialect, Index, insert
from sqlalchemy.schema import CreateIndex, CreateTable

from candela_tui.database_url import StoreLocation
from candela_tui.store.database import REVISION_TABLE, require_tables, revision_of, write_revision_again
from candela_tui.store.dialects import POSTGRES, writing
from candela_tui.store.schema import REVISIONS, metadata, sums
from candela_tui.store.sums import create_triggers, keep_sums, release_sums, sums_kept

_SCRIPTS = Path(__file__).parent / "migrations"


def bring_up_to_date(connection: Connection, path: StoreLocation) -> None:
    """Upgrade the schema in one transaction unless it is the newest. Raises ForeignStore and DamagedStore."""
    with connection.begin():
        if revision_of(connection, path) == REVISIONS[-1]:
            require_tables(connection)
            if sums_kept(connection):
                return
    with writing(connection):
        # Another process may have upgraded it while this one waited for the lock.
        revision = revision_of(connection, path)
        if revision is None:
            _create(connection)
            return
        if revision != REVISIONS[-1]:
            _upgrade(connection)
            write_revision_again(connection)
        require_tables(connection)
        keep_sums(connection)


def _create(connection: Connection) -> None:
    """Create the newest schema in an empty store, as Alembic's cookbook advises, without loading Alembic."""
    for statement in _newest_schema(connection.dialect):
        connection.exec_driver_sql(statement)
    connection.execute(insert(REVISION_TABLE).values(version_num=REVISIONS[-1]))
    write_revision_again(connection)
    create_triggers(connection)


@cache
def _newest_schema(dialect: Dialect) -> tuple[str, ...]:
    """Return the statements that create every table and index. To compile them takes longer than to execute them."""
    tables = (*metadata.sorted_tables, REVISION_TABLE)
    indexes = (index for table in tables for index in sorted(table.indexes, key=lambda index: str(index.name)))
    created = [str(CreateTable(each).compile(dialect=dialect)) for each in tables]
    if dialect.name != POSTGRES:
        return (*created, *(str(CreateIndex(each).compile(dialect=dialect)) for each in indexes))
    # A trigger finds no group by an index if a part of it is NULL. Few groups are of one quarter of an hour.
    return (
        *created,
        *(_partial(each, dialect) for each in indexes),
        f"CREATE INDEX ix_sums_quarter ON {sums} (quarter)",
    )


def _partial(index: Index, dialect: Dialect) -> str:
    """Return the statement that creates an index in PostgreSQL, with the condition that it has in SQLite."""
    statement, where = CreateIndex(index).compile(dialect=dialect), index.dialect_options["sqlite"]["where"]
    return f"{statement} WHERE {where}" if where is not None else str(statement)


def _upgrade(connection: Connection) -> None:
    # Import Alembic here: it takes as long as the rest of a start, and is needed once per version.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    release_sums(connection)
    command.upgrade(config, "head")
