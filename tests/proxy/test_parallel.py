"""A key that may have only so many requests at once has them at all replicas together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from candela_tui.database_url import DatabaseUrl
from candela_tui.keys.key import Key
from candela_tui.proxy.access.parallel import ParallelRequests, parallel_requests
from candela_tui.text.times import utc_now
from tests.keys.people import settings_for
from tests.standin.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("postgres")


def key(parallel: int | None = 2, name: str = "ci") -> Key:
    return Key(id=f"key_{name}", name=name, prefix="", hash=b"", created_at=utc_now(), parallel=parallel)


@asynccontextmanager
async def replicas(url: DatabaseUrl, count: int, notices: list[str]) -> AsyncIterator[list[ParallelRequests]]:
    opened = [parallel_requests(settings_for(url), notices.append) for _ in range(count)]
    for each in opened:
        each.open()
    yield opened
    for each in opened:
        await each.close()


async def free_at(replica: ParallelRequests, limited: Key) -> bool:
    """Whether one more request may be sent there."""
    await asyncio.sleep(0)  # It may answer at once.
    async with replica.one(limited) as free:
        return free


async def test_the_requests_of_all_replicas_count(postgres_url: DatabaseUrl) -> None:
    notices: list[str] = []
    async with replicas(postgres_url, 3, notices) as (one, two, three), AsyncExitStack() as under_way:
        assert await under_way.enter_async_context(one.one(key()))
        async with two.one(key()) as free:
            assert free
            assert [await free_at(each, key()) for each in (one, two, three)] == [False] * 3
            assert await free_at(three, key(name="other"))
        # It hears of the end a moment later.
        while not await free_at(three, key()):
            pass
        assert await under_way.enter_async_context(two.one(key()))
        assert not await free_at(three, key())
        assert await free_at(three, key(None))
    assert notices == []


async def test_many_at_once_are_never_more_than_the_limit(postgres_url: DatabaseUrl) -> None:
    limit, now, most = 5, 0, 0

    async def ask(replica: ParallelRequests) -> bool:
        nonlocal now, most
        async with replica.one(key(limit)) as free:
            if free:
                now += 1
                most = max(most, now)
                await asyncio.sleep(0)
                now -= 1
            return free

    async with replicas(postgres_url, 3, []) as opened:
        passed = [await asyncio.gather(*(ask(opened[number % 3]) for number in range(60))) for _ in range(5)]
        assert most == limit
        assert all(any(each) for each in passed)
        while not all([await free_at(each, key(1)) for each in opened]):
            pass


async def test_a_killed_replica_leaves_nothing_behind(
    postgres_url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with replicas(postgres_url, 1, []) as [other], AsyncExitStack() as under_way:
        killed = parallel_requests(settings_for(postgres_url), lambda _: None)
        killed.open()
        assert await under_way.enter_async_context(killed.one(key(1)))
        assert not await free_at(other, key(1))
        monkeypatch.setattr("candela_tui.proxy.access.shared_parallel._LEASE_S", -1.0)
        assert await free_at(other, key(1))
        await under_way.aclose()
        await killed.close()


async def test_what_runs_for_long_goes_on_counting(postgres_url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candela_tui.proxy.access.shared_parallel._LEASE_S", 0.5)
    monkeypatch.setattr("candela_tui.proxy.access.shared_parallel._BEAT_S", 0.02)
    async with replicas(postgres_url, 2, []) as (one, other), one.one(key(1)) as free:
        assert free
        async with asyncio.timeout(10):
            loop = asyncio.get_running_loop()
            until = loop.time() + 0.8
            while loop.time() < until:
                assert not await free_at(other, key(1))


async def test_without_postgresql_each_replica_counts_by_itself(
    postgres_server: PostgresServer, postgres_url: DatabaseUrl
) -> None:
    notices: list[str] = []
    async with replicas(postgres_url, 2, notices) as (one, two), one.one(key(1)) as free:
        assert free
        assert not await free_at(two, key(1))
        postgres_server.stop()
        try:
            assert await free_at(two, key(1))
            assert not await free_at(one, key(1))
            assert any("each candela counts the parallel requests of a key by itself" in words for words in notices)
        finally:
            postgres_server.start()
        # What one has under way counts again.
        while await free_at(two, key(1)):
            pass
