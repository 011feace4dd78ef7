"""Connections to a PostgreSQL server."""

from dataclasses import replace
from pathlib import Path

import pg8000.dbapi
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.errors import of_server
from candela_tui.store.postgres import connect, password_for, shared_engine
from tests.standin.postgres import PASSWORD, PostgresServer
from tests.standin.silent_network import SilentNetwork

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
def test_a_refusal_is_told_in_the_words_of_the_server_however_fast_it_hangs_up(postgres_server: PostgresServer) -> None:
    """It often has before pg8000 says good-bye: seen in half of the connections by a Unix socket."""
    for _ in range(20):
        with pytest.raises(pg8000.dbapi.DatabaseError) as refused:
            connect(replace(postgres_server.url(), user="nobody"))
        assert of_server(refused.value).startswith('role "nobody" does not exist; check the user')


@pytest.mark.xdist_group("postgres")
def test_that_tables_are_not_made_yet_is_not_called_another_version(
    postgres_url: DatabaseUrl,
) -> None:
    connection = connect(postgres_url)
    with pytest.raises(pg8000.dbapi.DatabaseError) as refused:
        connection.cursor().execute("SELECT * FROM exchanges")
    connection.close()
    assert of_server(refused.value).startswith('relation "exchanges" does not exist; candela makes its tables when')


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


def _backend(engine: Engine) -> int:
    """The process of the server that answers an operation."""
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _by_the_network(server: PostgresServer, monkeypatch: pytest.MonkeyPatch, port: int | None = None) -> DatabaseUrl:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return replace(server.url(server.create().name, by_socket=False), port=port or server.port)


@pytest.mark.xdist_group("postgres")
def test_a_connection_is_kept_for_the_next_operation_also_after_a_refused_statement(postgres_url: DatabaseUrl) -> None:
    engine = shared_engine(postgres_url)
    first = _backend(engine)
    with pytest.raises(DBAPIError), engine.connect() as connection:
        connection.execute(text("SELECT 1 / 0"))
    assert _backend(engine) == first


@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize("by_socket", [True, False])
def test_an_operation_after_the_server_was_stopped_and_started_gets_a_new_connection(
    postgres_server: PostgresServer, by_socket: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_server.create() if by_socket else _by_the_network(postgres_server, monkeypatch)
    engine = shared_engine(url)
    with engine.connect(), engine.connect():
        pass
    with engine.begin() as connection:
        # A server that is ended at once may lose what it did in the last moments: the tests do not wait for disks.
        connection.execute(text("CHECKPOINT"))
    postgres_server.stop()
    postgres_server.start()
    with engine.connect() as one, engine.connect() as other:
        assert one.execute(text("SELECT 1")).scalar() == other.execute(text("SELECT 1")).scalar() == 1


@pytest.mark.xdist_group("postgres")
def test_an_operation_after_the_network_fell_silent_gets_a_new_connection(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candela_tui.store.postgres._TRUSTED_S", 0)
    monkeypatch.setattr("candela_tui.store.postgres._PING_S", 0.2)
    network = SilentNetwork(postgres_server.port)
    try:
        engine = shared_engine(_by_the_network(postgres_server, monkeypatch, network.port))
        first = _backend(engine)
        assert _backend(engine) == first, "it was asked whether it answers, and kept"
        network.fall_silent()
        assert _backend(engine) != first
    finally:
        network.close()


@pytest.mark.xdist_group("postgres")
def test_a_connection_on_which_no_answer_came_in_time_is_not_used_again(postgres_url: DatabaseUrl) -> None:
    """Its answer may still come, and would be taken for that to the next statement."""
    engine = shared_engine(postgres_url, answer_s=0.2)
    first = _backend(engine)
    with pytest.raises(OSError, match="timed out"), engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(2)"))
    assert _backend(engine) != first


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
