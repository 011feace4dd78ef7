"""The feed of a candela in another process says what that one's own feed does."""

import asyncio
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import aiohttp

from candela_tui.exchange import Outcome
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Diagnosis
from candela_tui.proxy.listen import bind
from candela_tui.store.deletion import deleting
from tests.attach.attached import attached
from tests.proxy.running import BODY, RunningProxy, running
from tests.standin import STALL, Gate, Provider, message, text
from tests.store.recording import exchange

ROOM_OF_A_NOTE = 76
"""Columns of the line below the header at 80 columns, without its sign."""


async def ask(candela: RunningProxy, client: aiohttp.ClientSession) -> bytes:
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as response:
        return await response.read()


async def test_what_is_live_and_how_it_ends_is_followed(
    candela: RunningProxy, client: aiohttp.ClientSession, provider: Provider
) -> None:
    gate = Gate()
    provider.answer(message(text("Hel", gate, "lo")))
    asking = asyncio.create_task(ask(candela, client))
    live = await candela.exchange(lambda known: known.live and known.response_bytes > 0)
    async with attached(candela.port, candela.paths.data) as here:
        await here.until(lambda: live.id in here.exchanges)
        assert here.feed.live_count() == 1
        assert here.feed.lost_by_leaving() == 0
        gate.open()
        await asking
        await here.until(lambda: not here.exchanges[live.id].live)
        assert here.exchanges[live.id] == await candela.exchange()
        assert here.feed.live_count() == 0
        assert here.feed.trouble is None


async def test_notices_of_the_other_candela_are_passed_on_once(provider: Provider, tmp_path: Path) -> None:
    async with running(provider, tmp_path) as first:
        first.feed.notify("The disk is full")
        async with attached(first.port, tmp_path) as here:
            await here.told("The disk is full")
            await first.proxy._web.shutdown(0.01)  # type: ignore[union-attr]  # its connections break
            await here.told("Attached again")
            first.feed.notify("The disk has room again")
            await here.told("room again")
            assert here.notices.count("The disk is full") == 1


async def test_a_candela_that_ends_is_said_to_have_ended_and_attached_to_again_when_it_is_back(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    async with running(provider, tmp_path) as first:
        port = first.port
        await ask(first, client)
        (before,) = await first.ended(1)
        async with attached(port, tmp_path) as here:
            first.feed.notify("hello")
            await here.told("hello")
            await first.stop(0)
            await here.told("it is back")
            assert here.feed.trouble is not None
            assert len(here.feed.trouble) <= ROOM_OF_A_NOTE
            # What was recorded stays readable meanwhile.
            assert [known.id for known in await asyncio.to_thread(here.history.exchanges)] == [before.id]
            assert await asyncio.to_thread(here.history.request_body, before.id) == BODY
            async with running(provider, tmp_path, listen_on=port) as second:
                await here.told("Attached again")
                assert here.feed.trouble is None
                assert here.missed
                await ask(second, client)
                await here.until(lambda: [known for known in here.exchanges.values() if not known.live])


async def test_a_dashboard_that_is_attached_hears_which_requests_were_deleted(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    async with running(provider, tmp_path) as candela:
        await ask(candela, client)
        (ended,) = await candela.ended(1)
        await candela.stored(ended.id)
        async with attached(candela.port, tmp_path) as here:
            candela.feed.notify("hello")
            await here.told("hello")
            await asyncio.to_thread(delete_session, candela.paths.store, ended.session_id)
            await here.until(lambda: here.removed == [ended.id])
            assert await asyncio.to_thread(here.history.exchanges) == []


async def test_what_became_of_a_cache_is_heard_after_the_end(
    candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    await ask(candela, client)
    (ended,) = await candela.ended(1)
    result = CacheResult(Diagnosis(CacheState.MISS, Cause.TOOLS_CHANGED, rewritten_tokens=9000), Decimal("0.055"))
    async with attached(candela.port, candela.paths.data) as here:
        candela.feed.notify("hello")
        await here.told("hello")
        candela.feed.tell_completed([replace(ended, cache=result)])
        await here.until(lambda: ended.id in here.exchanges and here.exchanges[ended.id].cache == result)


def delete_session(store: Path, session_id: str | None) -> None:
    with deleting(store) as deletion:
        deletion.delete(session_id)


async def test_what_was_live_when_the_candela_ended_does_not_stay_live(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("Hel", STALL, "lo")))
    async with running(provider, tmp_path) as first:
        asking = asyncio.create_task(ask(first, client))
        live = await first.exchange(lambda known: known.live and known.response_bytes > 0)
        async with attached(first.port, tmp_path) as here:
            await here.until(lambda: live.id in here.exchanges)
            await first.stop(0)
            await here.until(lambda: not here.exchanges[live.id].live)
            assert here.exchanges[live.id].outcome is Outcome.INTERRUPTED
        await asyncio.gather(asking, return_exceptions=True)


async def test_what_ended_while_nobody_was_attached_is_settled_from_the_records(
    provider: Provider, tmp_path: Path
) -> None:
    async with running(provider, tmp_path) as first:
        never_stored = exchange(1)
        first.feed.publish((never_stored,))
        async with attached(first.port, tmp_path) as here:
            await here.until(lambda: never_stored.id in here.exchanges)
            await first.stop(0)
            await here.until(lambda: here.exchanges[never_stored.id].outcome is Outcome.INTERRUPTED)


async def test_another_data_directorys_candela_on_the_port_is_not_taken_for_it(
    provider: Provider, tmp_path: Path
) -> None:
    async with running(provider, tmp_path / "one") as first, attached(first.port, tmp_path / "one") as here:
        first.feed.notify("hello")
        await here.told("hello")
        await first.stop(0)
        await here.told("it is back")
        async with running(provider, tmp_path / "other", listen_on=first.port) as other:
            other.feed.publish((exchange(7),))
            assert await asyncio.to_thread(here.history.exchanges) == []
            assert here.exchanges == {}


async def test_it_closes_at_once_whether_somebody_answers_or_not(candela: RunningProxy, tmp_path: Path) -> None:
    async with attached(candela.port, candela.paths.data):
        pass
    silent = bind(0)
    try:
        async with attached(silent.getsockname()[1], candela.paths.data):
            pass
    finally:
        silent.close()


async def test_whoever_read_the_records_before_the_stream_began_is_told_to_read_them_again(
    candela: RunningProxy,
) -> None:
    async with attached(candela.port, candela.paths.data) as here:
        await here.until(lambda: here.missed)
        assert here.feed.note is not None
        assert str(os.getpid()) in here.feed.note
        assert len(here.feed.note) <= ROOM_OF_A_NOTE
