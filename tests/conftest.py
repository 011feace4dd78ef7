"""Fixtures that all tests share."""

import fcntl
import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from candela_tui.database_url import DatabaseUrl
from tests.cheap_processes import encrypt_at_low_cost, keep_bytecode, trust_one_authority
from tests.standin import Provider
from tests.standin.postgres import PostgresServer, missing_postgres

# No example is timed, and none is slow to make: a busy machine is not a fault of the code.
# The examples differ from run to run, except in CI: a change must not be refused for a fault that it did not bring.
# `pytest --hypothesis-profile thorough` looks at many at once.
settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    max_examples=50,
)
settings.register_profile("thorough", settings.get_profile("untimed"), derandomize=False, max_examples=1000)
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Make this process and the workers of xdist cheap, and let ctrl+c reach the programs that tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts what it runs in the background so, and every child would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    encrypt_at_low_cost()
    keep_bytecode(config.rootpath / ".pytest_cache" / "bytecode")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage while tests are collected, and leave what stays until the end out of later collections."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_runtest_setup() -> None:
    """Make collections rarer: a dashboard that starts would have hundreds of them, a tenth of its time. A test that ran
    before may have set candela's own schedule."""
    gc.set_threshold(50_000, 10, 10)


@pytest.fixture(scope="session", autouse=True)
def _one_authority(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust a single authority, however many the machine has. Only an installation needs those."""
    with pytest.MonkeyPatch.context() as patch:
        if not any(item.get_closest_marker("install") for item in request.session.items):
            trust_one_authority(tmp_path_factory.mktemp("authorities"), patch)
        yield


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """A stand-in for the Messages API on a free port."""
    async with Provider() as running:
        yield running


@pytest.fixture
async def tls_provider() -> AsyncIterator[Provider]:
    """The same over TLS, with a certificate from an authority of its own (``ca_pem``)."""
    async with Provider(tls=True) as running:
        yield running


@pytest.fixture
def lock_asked(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released each time that someone asks the system for a lock."""
    flock, asked = fcntl.flock, threading.Semaphore(0)

    def announced(descriptor: int, operation: int) -> None:
        asked.release()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", announced)
    return asked


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server. Tests that need it are marked ``pytest.mark.xdist_group("postgres")``, so that one worker
    runs all of them and starts the only one."""
    if (missing := missing_postgres()) is not None:
        pytest.skip(missing)
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> DatabaseUrl:
    """The URL of an empty database."""
    return postgres_server.create()


@pytest.fixture(params=["file", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
def either(request: pytest.FixtureRequest) -> DatabaseUrl | None:
    """An empty PostgreSQL database, or None for a file of the data directory: the test runs with both."""
    if request.param == "file":
        return None
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create()
