"""Connections to providers carry one answer a request, whatever else the provider sends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import TCPConnector

from candela_tui.exchange import Outcome
from candela_tui.network.provider_connection import ProviderConnection, connector
from tests.proxy.running import BODY, PATIENCE_S, RunningProxy
from tests.standin.raw_peer import Play, RawPeer, Turn

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
STRANGE = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=of-another\r\nContent-Length: 7\r\n\r\nstrange"


@asynccontextmanager
async def towards(play: Play, data: Path, **settings: object) -> AsyncIterator[tuple[RunningProxy, RawPeer]]:
    async with RawPeer(play) as peer, RunningProxy(peer.url, data, **settings) as candela:
        yield candela, peer


async def ask(candela: RunningProxy, client: aiohttp.ClientSession) -> tuple[int, bytes]:
    async with (
        asyncio.timeout(PATIENCE_S),
        client.post(f"{candela.url}/v1/messages", data=BODY) as answer,
    ):
        return answer.status, await answer.read()


@pytest.mark.parametrize(
    "packet",
    [
        OK + b"\r\n",
        OK + b"surplus",
        OK + STRANGE,
        OK + b"\x00\xff",
        CHUNKED + b"surplus",
        CHUNKED + STRANGE,
        OK.replace(b"\r\n", b"\n") + b"surplus",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + b"surplus",
    ],
)
@pytest.mark.parametrize("size", [None, 1, 7])
async def test_bytes_behind_an_answer_cost_nothing_of_it_however_the_packets_are_cut(
    client: aiohttp.ClientSession, tmp_path: Path, packet: bytes, size: int | None
) -> None:
    async def play(turn: Turn) -> None:
        if size is None:
            await turn.send(packet)
            return
        for start in range(0, len(packet), size):
            await turn.send(packet[start : start + size])

    async with towards(play, tmp_path) as (candela, _):
        for _turn in range(2):
            assert await ask(candela, client) == (200, b"{}")


@pytest.mark.parametrize("head", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n"])
async def test_bytes_behind_an_answer_without_a_body_cost_nothing_of_it(
    client: aiohttp.ClientSession, tmp_path: Path, head: bytes
) -> None:
    async with towards(lambda turn: turn.send(head + b"surplus"), tmp_path) as (candela, _):
        assert await ask(candela, client) == (int(head[9:12]), b"")


async def test_a_connection_on_which_nothing_else_came_is_used_again(
    client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with towards(lambda turn: turn.send(OK), tmp_path) as (candela, peer):
        for _turn in range(3):
            assert await ask(candela, client) == (200, b"{}")
        assert peer.connections == 1


@pytest.mark.parametrize("malformed", [b"zz\r\nbroken", b"5\r\nhello!!\r\n", b"-1\r\n"])
async def test_a_malformed_chunk_ends_the_answer_instead_of_being_waited_for(
    client: aiohttp.ClientSession, tmp_path: Path, malformed: bytes
) -> None:
    async def play(turn: Turn) -> None:
        await turn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
        await turn.send(malformed)
        await turn.left()

    async with towards(play, tmp_path) as (candela, _):
        with pytest.raises(aiohttp.ClientError):
            await ask(candela, client)
        exchange = await candela.exchange()
    assert exchange.outcome is Outcome.CUT
    assert exchange.error is not None
    assert exchange.error.message == "the provider's answer is not valid HTTP: its chunked encoding is malformed"


async def test_aiohttp_has_the_private_names_that_are_relied_on() -> None:
    made = connector()
    try:
        # The connector makes its connections with this.
        assert isinstance(made._factory(), ProviderConnection)
        assert isinstance(TCPConnector()._factory(), ResponseHandler)
    finally:
        await made.close()
    connection = ProviderConnection(asyncio.get_running_loop())
    # What arrived before there was a parser.
    assert connection._tail == b""
    # Names of ours that aiohttp must not use for something else.
    names = {"_response", "_owner", "_idle_s", "_idle_since", "_limit", "_pause", "_end"}
    assert not names & (set(dir(ResponseHandler)) | set(vars(ResponseHandler(asyncio.get_running_loop()))))
