from collections.abc import Iterator
from pathlib import Path

import pytest

from candela_tui.database_url import StoreLocation
from candela_tui.store.database import connect_to_write
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.reader import StoreReader
from tests.standin.postgres import PostgresServer


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that is marked with ``both_databases``, and has a store at ``path``, with both."""
    if metafunc.definition.get_closest_marker("both_databases") and "path" in metafunc.fixturenames:
        postgres = pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))
        metafunc.parametrize("path", ["sqlite", postgres], indirect=True)


@pytest.fixture
def path(request: pytest.FixtureRequest, tmp_path: Path) -> StoreLocation:
    """Where a test has its store: a file, and also a PostgreSQL database if it is marked with ``both_databases``."""
    if getattr(request, "param", None) == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.create(request.getfixturevalue("empty_store"))
    return tmp_path / "data" / "candela.db"


@pytest.fixture(scope="session")
def empty_store(postgres_server: PostgresServer) -> str:
    """The name of a database with an empty store, to be copied."""
    url = postgres_server.create()
    connection = connect_to_write(url)
    bring_up_to_date(connection, url)
    connection.close()
    return url.name


@pytest.fixture
def reader(path: StoreLocation) -> Iterator[StoreReader]:
    reader = StoreReader(path)
    yield reader
    reader.close()
