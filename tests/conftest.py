"""Fixtures that all tests share."""

from collections.abc import AsyncIterator

import pytest

from tests.standin import Provider


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
