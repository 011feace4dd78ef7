"""Bringing the schema to this candela's revision."""

from pathlib import Path

from sqlalchemy import Connection

from candela_tui.store.database import require_columns, revision_of, write_revision_again
from candela_tui.store.schema import REVISIONS

_SCRIPTS = Path(__file__).parent / "migrations"


def bring_up_to_date(connection: Connection, path: Path) -> None:
    """Upgrade the schema in one transaction, where it is not the newest. Raises ForeignStore and DamagedStore."""
    with connection.begin():
        if revision_of(connection, path) == REVISIONS[-1]:
            require_columns(connection)
            return
    with connection.begin():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        # Another candela may have done it while this one waited for the lock.
        if revision_of(connection, path) != REVISIONS[-1]:
            _upgrade(connection)
            write_revision_again(connection)
        require_columns(connection)


def _upgrade(connection: Connection) -> None:
    # Costs as much as the rest of a start, and is needed once in a version.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    command.upgrade(config, "head")
