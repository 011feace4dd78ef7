"""The statement that inserts or replaces what was worked out of an exchange."""

from typing import Any

from sqlalchemy import Table, bindparam, exists, select
from sqlalchemy.dialects.sqlite import Insert, insert

from candela_tui.store.schema import exchanges


def putting(table: Table) -> Insert:
    """Return the statement that inserts or replaces a row of a table with the key ``exchange_id``, unless its exchange
    was removed meanwhile."""
    key: Any = table.c.exchange_id
    names = [column.name for column in table.columns]
    # A column's own type keeps SQLAlchemy from guessing that of a parameter.
    values = select(*(bindparam(column.name, type_=column.type) for column in table.columns))
    there = exists().where(exchanges.c.id == bindparam("exchange_id"))
    statement = insert(table).from_select(names, values.where(there))
    changed = {name: statement.excluded[name] for name in names if name != key.name}
    return statement.on_conflict_do_update(index_elements=[key], set_=changed)
