"""What differs between SQLite and PostgreSQL: a type for text, a few expressions, and how transactions begin.

All other statements of the store are the same for both.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Table,
    Text,
    literal,
    make_url,
    text,
)
from sqlalchemy.dialects.sqlite.dml import Insert, OnConflictDoNothing, OnConflictDoUpdate, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler, TypeCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

POSTGRES: Final = "postgresql"
_WRITE_LOCK: Final = 0x63616E64656C61
"""The key of the advisory lock that a transaction which writes holds: "candela" in ASCII."""
_ESCAPE: Final = "\x10"
_ODD: Final = re.compile("[\0\x10\ud800-\udfff]")
_ESCAPED: Final = re.compile("\x10([0-9a-f]{4})")


class StoredText(TypeDecorator[Any]):
    """Text that came over the wire, by ``codecs.stored_text``.

    SQLite takes what is not valid Unicode as bytes. PostgreSQL takes neither that nor NUL in text: there, such a
    character is written as DLE and four hexadecimal digits. It compares text byte by byte, as SQLite does.
    """

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Return what converts a value that is written; None for SQLite."""
        return _escaped if dialect.name == POSTGRES else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return what converts a value that is read; None for SQLite."""
        return _unescaped if dialect.name == POSTGRES else None

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        """Return a value of candela's own, to be written into a statement."""
        return str(value)


@compiles(StoredText, POSTGRES)
def _type_for_postgres(element: StoredText, compiler: TypeCompiler, **kw: Any) -> str:
    # Only of a column: what is compared with it need not say so.
    return 'TEXT COLLATE "C"'


def _escaped(value: Any) -> str | None:
    if value is None:
        return None
    written = value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else str(value)
    # Most is ASCII without control characters, which is seen faster than that nothing is found.
    if written.isascii() and written.isprintable():
        return written
    return _ODD.sub(lambda found: f"{_ESCAPE}{ord(found[0]):04x}", written)


def _unescaped(value: Any) -> Any:
    if value is None or _ESCAPE not in value:
        return value
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


class _Same(FunctionElement[bool]):
    # Not of the type Boolean: SQLAlchemy would compare it with 1 for SQLite.
    type: TypeEngine[Any] = NullType()
    inherit_cache = True


class _Total(FunctionElement[int]):
    type = BigInteger()
    inherit_cache = True


class _Least(FunctionElement[int]):
    type = BigInteger()
    inherit_cache = True


class _Greatest(FunctionElement[int]):
    type = BigInteger()
    inherit_cache = True


class _Flag(FunctionElement[int]):
    type = BigInteger()
    inherit_cache = True


class _UnlessNone(FunctionElement[Any]):
    inherit_cache = True


class _Unindexed(FunctionElement[Any]):
    inherit_cache = True


class _Position(FunctionElement[int]):
    type = BigInteger()
    inherit_cache = True


class _HasOtherThanAscii(FunctionElement[bool]):
    type: TypeEngine[Any] = NullType()
    inherit_cache = True


def same(one: ColumnElement[Any], other: Any) -> ColumnElement[bool]:
    """Return whether two values are the same, where NULL is the same as NULL."""
    return _Same(one, other if isinstance(other, ColumnElement) else literal(other, one.type))


def total(of: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the sum over rows as a whole number. Not zero, but NULL, if there are none."""
    return _Total(of)


def lesser(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    """Return the lesser of two numbers."""
    return _Least(one, other)


def greater(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    """Return the greater of two numbers."""
    return _Greatest(one, other)


def as_number(flag: ColumnElement[Any]) -> ColumnElement[int]:
    """Return 1 for true, and 0 for false and NULL."""
    return _Flag(flag)


def unless_none(found: ColumnElement[Any], known: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what a trigger found in the rows that are left; what is known if there are none in PostgreSQL.

    There, the triggers of a statement run when it has deleted all of its rows, and in SQLite after each row.
    """
    return _UnlessNone(found, known)


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column for which SQLite uses no index. PostgreSQL chooses by what a column holds."""
    return _Unindexed(column)


def position(of: ColumnElement[str], wanted: str) -> ColumnElement[int]:
    """Return where a text has another one, counted from 1; 0 where it does not."""
    return _Position(of, literal(wanted, of.type))


def has_other_than_ascii(of: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether a text has other characters than printable ones of ASCII, or is not text."""
    return _HasOtherThanAscii(of)


def _two(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> tuple[str, str]:
    one, other = (compiler.process(each, **kw) for each in element.clauses)
    return one, other


@compiles(_Same)
def _same_for_sqlite(element: _Same, compiler: SQLCompiler, **kw: Any) -> str:
    one, other = _two(element, compiler, **kw)
    return f"({one} IS {other})"


@compiles(_Same, POSTGRES)
def _same_for_postgres(element: _Same, compiler: SQLCompiler, **kw: Any) -> str:
    # It uses no index for its own IS NOT DISTINCT FROM.
    first, second = element.clauses
    if isinstance(second, BindParameter) and second.value is None and second.callable is None and not second.required:
        return f"{compiler.process(first, **kw)} IS NULL"
    one, other = _two(element, compiler, **kw)
    return f"({one} = {other} OR ({one} IS NULL AND {other} IS NULL))"


@compiles(_UnlessNone)
def _unless_none_for_sqlite(element: _UnlessNone, compiler: SQLCompiler, **kw: Any) -> str:
    found, _ = element.clauses
    return compiler.process(found, **kw)


@compiles(_UnlessNone, POSTGRES)
def _unless_none_for_postgres(element: _UnlessNone, compiler: SQLCompiler, **kw: Any) -> str:
    return f"coalesce({compiler.process(element.clauses, **kw)})"


def _write(kind: type[FunctionElement[Any]], *, sqlite: str, postgres: str) -> None:
    """Write a kind of function in the forms of the databases. ``{0}`` stands for its arguments."""
    compiles(kind)(_in_form(sqlite))
    compiles(kind, POSTGRES)(_in_form(postgres))


def _in_form(form: str) -> Callable[..., str]:
    def written(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
        return form.format(compiler.process(element.clauses, **kw))

    return written


_write(_Total, sqlite="sum({0})", postgres="CAST(sum({0}) AS BIGINT)")
_write(_Least, sqlite="min({0})", postgres="least({0})")
_write(_Greatest, sqlite="max({0})", postgres="greatest({0})")
_write(_Flag, sqlite="coalesce({0}, 0)", postgres="coalesce(CAST({0} AS INTEGER), 0)")
_write(_Unindexed, sqlite="+{0}", postgres="{0}")
_write(_Position, sqlite="instr({0})", postgres="strpos({0})")
_write(_HasOtherThanAscii, sqlite="(typeof({0}) = 'blob' OR {0} GLOB '*[^ -~]*')", postgres="{0} ~ '[^ -~]'")


# SQLAlchemy has an INSERT with ON CONFLICT for each database. That of SQLite is used for both: it is loaded anyway, and
# the other one takes a tenth of a second to load.
@compiles(OnConflictDoNothing, POSTGRES)
def _nothing_for_postgres(element: OnConflictDoNothing, compiler: SQLCompiler, **kw: Any) -> str:
    return "ON CONFLICT DO NOTHING"


@compiles(OnConflictDoUpdate, POSTGRES)
def _update_for_postgres(element: OnConflictDoUpdate, compiler: SQLCompiler, **kw: Any) -> str:
    quote = compiler.preparer.quote
    keys = ", ".join(
        quote(each if isinstance(each, str) else each.name) for each in element.inferred_target_elements or ()
    )
    changes = ", ".join(
        f"{quote(str(name))} = {compiler.process(value, use_schema=False)}"
        for name, value in dict(element.update_values_to_set).items()
    )
    return f"ON CONFLICT ({keys}) DO UPDATE SET {changes}"


def put(table: Table) -> Insert:
    """Return the statement that inserts rows, or replaces those with the same primary key."""
    statement = insert(table)
    changed = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)


@cache
def _putting_records(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    changed = ", ".join(f'"{each.name}" = excluded."{each.name}"' for each in table.columns if not each.primary_key)
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table.name}, %s) "  # noqa: S608 - own names
        f"ON CONFLICT ({keys}) DO UPDATE SET {changed}"
    )


def put_records(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], statement: Insert) -> None:
    """Insert rows of a wide table without bytes, or replace them: by ``put``'s statement, or as one document in
    PostgreSQL, where a hundred parameters for each row take ten times as long."""
    if not on_postgres(connection):
        connection.execute(statement, rows)
        return
    names = {column.name for column in table.columns if isinstance(column.type, StoredText)}
    records = [{name: _escaped(value) if name in names else value for name, value in row.items()} for row in rows]
    connection.exec_driver_sql(_putting_records(table), (json.dumps(records, separators=(",", ":")),))


def create_dialect(name: str) -> Dialect:
    """Return what writes statements for a database, by the name that SQLAlchemy has for it."""
    return make_url(f"{name}+pg8000://" if name == POSTGRES else f"{name}://").get_dialect()()


def on_postgres(connection: Connection) -> bool:
    """Return whether the store is in PostgreSQL."""
    return connection.dialect.name == POSTGRES


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """Run a transaction that writes. There is one at a time, whoever writes: another one waits."""
    with connection.begin():
        if on_postgres(connection):
            # Each statement after this one sees what was committed before.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield


_TRIGGER_FUNCTIONS: Final = text(
    "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
    "WHERE NOT t.tgisinternal AND t.tgrelid = to_regclass(:name)"
)


def functions_of_triggers(connection: Connection, of: Table) -> dict[str, str]:
    """Return the bodies of the functions that the triggers of a table call in PostgreSQL, by the triggers' names."""
    found = connection.execute(_TRIGGER_FUNCTIONS, {"name": of.name})
    return {row.tgname: row.prosrc for row in found}


def begin_to_read(connection: Connection) -> None:
    """Let the statements that follow see one state of the store. A reader of PostgreSQL does so anyway."""
    if not on_postgres(connection):
        connection.exec_driver_sql("BEGIN")
