"""Fixtures that all tests share."""

import fcntl
import threading
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from tests.standin import Provider

# No example is timed: a busy machine is no fault of the code.
# The examples differ from run to run; `pytest --hypothesis-profile thorough` looks at many at once.
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("untimed")


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
