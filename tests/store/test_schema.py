"""The migrations and the tables say the same, and a start that needs no migration is quick."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text

import candela_tui.store.migrations
from candela_tui.exchange import Exchange
from candela_tui.protocol.usage import Usage
from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader
from candela_tui.store.schema import IN_HEADERS, REVISIONS, metadata
from tests.store.recording import exchange, store_whole, writing


def migrated(path: Path, revision: str) -> Engine:
    """Make a store by the migrations up to a revision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", candela_tui.store.migrations.__path__[0])
        command.upgrade(config, revision)
    return engine


def statements(engine: Engine) -> dict[str, str]:
    """Name of each table and index, and the SQL that makes it, in one spelling."""
    with engine.connect() as connection:
        wanted = "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
        rows = connection.execute(text(wanted))
        return {name: " ".join(sql.split()) for name, sql in rows}


def test_the_migrations_make_exactly_what_a_new_store_has(path: Path, tmp_path: Path) -> None:
    with writing(path):
        pass
    new, upgraded = create_engine(f"sqlite:///{path}"), migrated(tmp_path / "upgraded.db", "head")
    assert statements(new) == statements(upgraded)
    for engine in (new, upgraded):
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
            assert MigrationContext.configure(connection).get_current_revision() == REVISIONS[-1]
        engine.dispose()


def test_every_migration_is_known_by_its_revision() -> None:
    (directory,) = candela_tui.store.migrations.__path__
    scripts = list(ScriptDirectory(directory).walk_revisions())
    assert tuple(script.revision for script in reversed(scripts)) == REVISIONS


def test_a_store_of_the_first_schema_is_brought_up_to_date_with_what_it_holds(path: Path) -> None:
    engine = migrated(path, "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO exchanges (id, started_at_us, method, path, route, dialect, kind, url, streamed, outcome,"
                " request_bytes, response_bytes, output_characters, retry, subscription, response_dropped,"
                " usage_iterations, input_tokens) VALUES"
                " ('0000-1', 0, 'POST', '/', 'vertex', 'messages', 'messages', '', 1, 'ok', 2, 3, 0, 0, 0, 0, 0, 12)"
            )
        )
    engine.dispose()
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1, tools_called=("Bash",)))
    assert reports.problems == []
    old, new = StoreReader(path).exchanges()
    assert (old.id, old.usage, old.saved, old.tools_called) == ("0000-1", Usage(12), None, ())
    assert new.tools_called == ("Bash",)
    assert (old.provider, old.region, old.adaptations) == ("anthropic", None, ())
    found = StoreReader(path).exchange("0000-1")
    assert found is not None
    assert (found.request_headers, found.provider_request_headers, found.betas) == (None, None, None)
    assert StoreReader(path).totals().totals.input_tokens == 12
    assert StoreReader(path).provider_request_body("0000-1") is None
    assert StoreReader(path).provider_response_chunks("0000-1") == ([], [])


def test_headers_of_an_earlier_schema_are_kept(path: Path) -> None:
    engine = migrated(path, "0005")
    fields = (
        "id, started_at_us, method, path, route, dialect, kind, url, streamed, outcome, request_bytes, response_bytes, "
        "output_characters, retry, subscription, response_dropped"
    )
    values = "0, 'POST', '/', 'vertex', 'messages', 'messages', '', 1, 'ok', 2, 3, 0, 0, 0, 0"
    headers = {
        "1": ('[["a","b"]]', '[["c","\\udcff"]]', None, '[["e","f"]]'),
        "2": ("[]", "[]", None, None),
        "3": ("not JSON", "[]", None, None),
    }
    with engine.begin() as connection:
        for name, stored in headers.items():
            connection.exec_driver_sql(f"INSERT INTO exchanges ({fields}) VALUES ('{name}', {values})")
            connection.exec_driver_sql("INSERT INTO headers VALUES (?, ?, ?, ?, ?)", (name, *stored))
    engine.dispose()
    with writing(path) as (_, reports):
        pass
    assert reports.problems == []
    reader = StoreReader(path)
    one, two = reader.exchange("1"), reader.exchange("2")
    assert one is not None
    assert two is not None
    assert (one.request_headers, one.response_headers) == ((("a", "b"),), (("c", "\udcff"),))
    assert (one.provider_request_headers, one.provider_response_headers) == ((), (("e", "f"),))
    assert (two.request_headers, two.provider_response_headers) == ((), ())
    with pytest.raises(StoreError, match=r"3 .* is damaged"):
        reader.exchange("3")


def loaded_by(program: str) -> set[str]:
    code = f"import sys\n{program}\nprint(*(name.partition('.')[0] for name in sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_reading_the_store_loads_no_alembic() -> None:
    loaded = loaded_by("import candela_tui.store.reader")
    assert "sqlalchemy" in loaded
    assert not loaded & {"alembic", "textual", "aiohttp", "mako"}


def test_writing_a_store_that_is_new_or_up_to_date_loads_no_alembic(path: Path) -> None:
    program = f"""
from pathlib import Path
from tests.store.recording import exchange, store_whole, writing
with writing(Path({str(path)!r})) as (writer, reports):
    store_whole(writer, exchange(1))
"""
    assert "alembic" not in loaded_by(program)
    assert path.exists()
    assert "alembic" not in loaded_by(program)


def test_a_directory_with_a_percent_sign_and_a_question_mark_holds_a_store(tmp_path: Path) -> None:
    path = tmp_path / "100% sure?" / "candela #1.db"
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1))
    assert reports.problems == []
    assert path.exists()


def test_every_field_of_an_exchange_is_stored() -> None:
    columns = set(metadata.tables["exchanges"].columns.keys())
    kept = {field.name for field in fields(Exchange)} & columns
    assert {field.name for field in fields(Exchange)} - kept - IN_HEADERS == {
        "started_at",
        "error",
        "usage",
        "cost",
        "marks",
        "cache",
        "context",
    }
