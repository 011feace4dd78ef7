"""Connections to a PostgreSQL server."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.postgres import connect, password_for, shared_engine
from tests.standin.postgres import PASSWORD, PostgresServer

_URL = DatabaseUrl("db.example.com", "candela", user="u")


@pytest.mark.xdist_group("postgres")
def test_a_connection_by_the_network_gives_the_password_of_the_environment(postgres_server: PostgresServer) -> None:
    url = postgres_server.url(by_socket=False)
    connection = connect(url, environ={"PGPASSWORD": PASSWORD})
    cursor = connection.cursor()
    cursor.execute("SELECT current_user")
    assert cursor.fetchone() == ["candela"]
    connection.close()


@pytest.mark.xdist_group("postgres")
def test_tls_is_not_given_up_where_the_url_asks_for_it(postgres_server: PostgresServer) -> None:
    url = replace(postgres_server.url(by_socket=False), ssl_mode="require")
    with pytest.raises(ConnectionRefusedError, match="no TLS"):
        connect(url, environ={"PGPASSWORD": PASSWORD})


@pytest.mark.xdist_group("postgres")
def test_a_reader_can_not_write_and_sees_one_state_of_the_database(postgres_url: DatabaseUrl) -> None:
    with shared_engine(postgres_url).begin() as writing:
        writing.execute(text("CREATE TABLE t AS SELECT 1 AS n"))
    with shared_engine(postgres_url, read_only=True).connect() as reading:
        assert reading.execute(text("SELECT n FROM t")).scalars().all() == [1]
        with shared_engine(postgres_url).begin() as writing:
            writing.execute(text("INSERT INTO t VALUES (2)"))
        assert reading.execute(text("SELECT n FROM t")).scalars().all() == [1]
        with pytest.raises(DBAPIError, match="read-only"):
            reading.execute(text("INSERT INTO t VALUES (3)"))


def test_the_password_of_the_environment_wins_over_that_of_the_file(tmp_path: Path) -> None:
    assert password_for(_URL, "u", {"PGPASSWORD": "one", "PGPASSFILE": _file(tmp_path, "*:*:*:*:two")}) == "one"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("# host:port\nother:*:*:*:no\ndb.example.com:5432:candela:u:yes", "yes"),
        ("*:*:*:*:a\\:b\\\\c", "a:b\\c"),
        ("db.example.com:6543:*:*:no", None),
        ("db.example.com:5432:candela:yes", None),
        ("", None),
    ],
)
def test_the_first_line_of_the_file_that_fits_has_the_password(
    lines: str, expected: str | None, tmp_path: Path
) -> None:
    assert password_for(_URL, "u", {"PGPASSFILE": _file(tmp_path, lines)}) == expected


def test_a_password_file_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    file = _file(tmp_path, "*:*:*:*:secret")
    Path(file).chmod(0o644)
    assert password_for(_URL, "u", {"PGPASSFILE": file}) is None


def _file(directory: Path, lines: str) -> str:
    file = directory / "pgpass"
    file.write_text(lines)
    file.chmod(0o600)
    return str(file)
