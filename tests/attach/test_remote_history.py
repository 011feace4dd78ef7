"""The records of a candela in another process read as its store does."""

import asyncio
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from candela_tui.attach.errors import NoLocalApi
from candela_tui.exchange import ProviderSide
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from tests.attach.attached import Attached
from tests.attach.test_remote_feed import ask
from tests.proxy.running import RunningProxy, running
from tests.standin import Gate, Provider, message, text
from tests.store.recording import ended, exchange, store_whole, writing


async def test_it_says_what_the_store_says(provider: Provider, tmp_path: Path) -> None:
    odd = exchange(5, session_id="se/ss?ion&" + chr(0xDC80), url="caf" + chr(0xDCE9))
    with writing(tmp_path / "candela.db") as (writer, _):
        for number in range(4):
            store_whole(writer, exchange(number, session_id=None if number == 3 else "one"))
        store_whole(writer, odd, b"asked", b"answered")
    async with running(provider, tmp_path) as candela:
        here, store = Attached(candela.port, tmp_path), candela.reader

        def compare() -> None:
            for query in (
                ExchangeQuery(),
                ExchangeQuery(limit=2),
                ExchangeQuery("one"),
                ExchangeQuery(None),
                ExchangeQuery(odd.session_id),
                ExchangeQuery("one", before=exchange(2).id, limit=1),
                ExchangeQuery(since=exchange(2).started_at + timedelta(microseconds=1)),
            ):
                found = here.history.exchanges(query)
                assert found == store.exchanges(query), query
                assert found
                assert here.history.totals(query).sessions() == store.totals(query).sessions()
            assert here.history.exchange(odd.id) == store.exchange(odd.id)
            assert here.history.request_body(odd.id) == b"asked"
            assert here.history.response_chunks(odd.id) == ([b"answered"], [12.5])
            assert here.history.response_chunks(odd.id, 1) == ([], [])

        await asyncio.to_thread(compare)


async def test_the_providers_side_reads_as_the_store_has_it_also_when_candela_has_ended(
    provider: Provider, tmp_path: Path
) -> None:
    with writing(tmp_path / "candela.db") as (writer, _):
        for number, side in ((1, ProviderSide(b"mapped", False, [b"f1", b"f2"], [1.0, 2.0])), (2, None)):
            writer.begin(exchange(number), b"asked")
            writer.end(ended(exchange(number)), [b"answered"], [12.5], side)
        writer.begin(exchange(3), b"asked")
        writer.end(ended(exchange(3)), [b"answered"], [12.5], ProviderSide(b"mapped", untouched=True))

    def compare() -> None:
        body, chunks = here.history.provider_request_body, here.history.provider_response_chunks
        assert (body(exchange(1).id), chunks(exchange(1).id, 1)) == (b"mapped", ([b"f2"], [2.0]))
        assert (body(exchange(2).id), chunks(exchange(2).id)) == (None, ([], []))
        assert (body(exchange(3).id), chunks(exchange(3).id)) == (b"mapped", ([b"answered"], [12.5]))
        assert (body("none"), chunks("none")) == (None, ([], []))

    async with running(provider, tmp_path) as candela:
        here = Attached(candela.port, tmp_path)
        await asyncio.to_thread(compare)
    await asyncio.to_thread(compare)


async def test_what_is_not_recorded_is_none(candela: RunningProxy) -> None:
    here = Attached(candela.port, candela.paths.data)
    assert await asyncio.to_thread(here.history.exchange, "none") is None
    assert await asyncio.to_thread(here.history.request_body, "none") is None
    assert await asyncio.to_thread(here.history.response_chunks, "none") == ([], [])


async def test_a_live_answer_grows(candela: RunningProxy, client: aiohttp.ClientSession, provider: Provider) -> None:
    gate = Gate()
    provider.answer(message(text("Hel", gate, "lo")))
    asking = asyncio.create_task(ask(candela, client))
    live = await candela.exchange(lambda known: known.live and known.response_bytes > 0)
    here = Attached(candela.port, candela.paths.data)
    begun, _ = await asyncio.to_thread(here.history.response_chunks, live.id)
    assert b"Hel" in b"".join(begun)
    gate.open()
    whole = await asking
    await candela.exchange()
    rest, _ = await asyncio.to_thread(here.history.response_chunks, live.id, len(begun))
    assert b"".join(begun + rest) == whole


async def test_a_big_body_comes_whole(provider: Provider, tmp_path: Path) -> None:
    body = bytes(range(256)) * 40_000
    with writing(tmp_path / "candela.db") as (writer, _):
        store_whole(writer, exchange(), body, body)
    async with running(provider, tmp_path) as candela:
        here = Attached(candela.port, tmp_path)
        assert await asyncio.to_thread(here.history.request_body, exchange().id) == body
        chunks, _ = await asyncio.to_thread(here.history.response_chunks, exchange().id)
        assert b"".join(chunks) == body


async def test_trouble_of_the_other_candela_is_told_in_its_words(
    candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    await ask(candela, client)
    await candela.ended(1)
    await candela.stop_store()
    candela.paths.store.write_bytes(b"no database" * 1000)
    here = Attached(candela.port, candela.paths.data)
    with pytest.raises(StoreError, match="damaged"):
        await asyncio.to_thread(here.history.exchanges)


async def test_without_a_token_it_says_which_file_is_missing(candela: RunningProxy, tmp_path: Path) -> None:
    here = Attached(candela.port, tmp_path / "elsewhere")
    with pytest.raises(NoLocalApi, match="api-token"):
        await asyncio.to_thread(here.client.about)


async def test_another_version_that_is_not_understood_is_told_in_words(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"id":"later"}\n')
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        (tmp_path / "api-token").write_text("a-token")
        here = Attached(port, tmp_path)
        with pytest.raises(StoreError, match="of one version"):
            await asyncio.to_thread(here.history.exchanges)
