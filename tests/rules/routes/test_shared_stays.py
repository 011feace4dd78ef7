"""A session that comes to another replica stays with the provider that has its prompt cache."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from candela_tui.database_url import DatabaseUrl
from candela_tui.providers.identity import RouteName
from candela_tui.rules.routes.stays import Stays, open_stays
from tests.keys.people import settings_for
from tests.standin.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("postgres")

AWAY = RouteName.BEDROCK


@asynccontextmanager
async def replicas(url: DatabaseUrl) -> AsyncIterator[tuple[Stays, Stays]]:
    one, other = open_stays(settings_for(url)), open_stays(settings_for(url))
    one.open()
    other.open()
    yield one, other
    await one.close()
    await other.close()


async def until(stays: Stays, session: str, route: RouteName | None) -> None:
    """Wait until a session stays at a route."""
    async with asyncio.timeout(20):
        while stays.route(session) != route:  # noqa: ASYNC110
            await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candela_tui.rules.routes.shared_stays._LOOK_EVERY_S", 0)


async def test_every_replica_knows_where_a_session_stays_and_that_it_returned(postgres_url: DatabaseUrl) -> None:
    async with replicas(postgres_url) as (one, other):
        assert other.route("s") is None
        one.answered("s", AWAY, 300)
        assert one.route("s") == AWAY
        await until(other, "s", AWAY)
        assert one.route("t") is other.route("t") is None
        other.returned("s")
        assert other.route("s") is None
        await until(one, "s", None)


async def test_a_replica_that_starts_knows_it_until_the_cache_has_expired(postgres_url: DatabaseUrl) -> None:
    async with replicas(postgres_url) as (one, other):
        one.answered("s", AWAY, 300)
        one.answered("expired", AWAY, 0)
        one.answered("last", AWAY, 300)
        one.route("s")
        await until(other, "last", AWAY)
        assert (other.route("s"), other.route("expired")) == (AWAY, None)


@pytest.mark.parametrize("odd", ["\udcff", "s\0", Random(1).randbytes(4000).hex()])
async def test_a_session_that_no_database_keeps_as_it_is_named_does_not_keep_others_from_it(
    odd: str, postgres_url: DatabaseUrl
) -> None:
    async with replicas(postgres_url) as (one, other):
        one.answered(odd, AWAY, 300)
        assert one.route(odd) == AWAY
        await until(other, odd, AWAY)
        other.answered("s", AWAY, 300)
        await until(one, "s", AWAY)
        assert other.returned(odd)
        await until(one, odd, None)


async def test_without_postgresql_each_replica_goes_on_with_what_it_knows(
    postgres_server: PostgresServer, postgres_url: DatabaseUrl
) -> None:
    async with replicas(postgres_url) as (one, other):
        one.answered("before", AWAY, 300)
        one.route("before")
        await until(other, "before", AWAY)
        postgres_server.stop()
        try:
            one.answered("s", AWAY, 300)
            assert (one.route("s"), other.route("before")) == (AWAY, AWAY)
        finally:
            postgres_server.start()
        await until(other, "s", AWAY)
