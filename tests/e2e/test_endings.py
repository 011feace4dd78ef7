"""What is left of a live stream when candela is killed, told to leave, or left by its client."""

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.candela import PATIENCE_S, Candela
from tests.standin import Gate, Provider, message, text

pytestmark = pytest.mark.e2e

ASKED = {"model": "claude-opus-4-8", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
HEADERS = {"X-Claude-Code-Session-Id": "a-session"}


async def _recorded_response(candela: Candela, exchange: str, wanted: bytes) -> bytes:
    """The stored bytes of an answer once they hold ``wanted``; a live stream is stored as it grows."""
    async with asyncio.timeout(PATIENCE_S):
        while wanted not in (body := await candela.output("show", exchange, "--raw", "response")):
            pass
    return body


async def test_a_killed_candela_shows_what_had_arrived_as_interrupted(tmp_path: Path) -> None:
    gate = Gate()
    async with Provider() as provider, Candela(tmp_path / "data", provider.url) as candela:
        provider.answer(message(text("what had arrived", gate, "what had not")))
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{candela.url}/v1/messages", json=ASKED, headers=HEADERS) as answer,
        ):
            await gate.reached()
            received = b""
            while b"what had arrived" not in received:
                received += await answer.content.readany()
            async with asyncio.timeout(PATIENCE_S):
                while not (rows := await candela.records("requests")):
                    pass
            assert [row["outcome"] for row in rows] == ["live"]
            stored = await _recorded_response(candela, rows[0]["id"], b"what had arrived")
            assert stored == provider.requests[0].sent
            candela.send(signal.SIGKILL)
            assert await candela.ended() == -signal.SIGKILL
        await candela.start()
        [row] = await candela.records("requests")
        assert row["outcome"] == "interrupted"
        assert row["model"] == "claude-opus-4-8"
        assert row["input_tokens"] == 12
        assert await candela.output("show", row["id"], "--raw", "response") == stored
        assert (await candela.output("show", row["id"], "--raw", "request")) == provider.requests[0].body


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_candela_told_to_leave_lets_a_live_stream_end(tmp_path: Path, number: signal.Signals) -> None:
    gate = Gate()
    async with Provider() as provider, Candela(tmp_path / "data", provider.url) as candela:
        provider.answer(message(text("before", gate, "after")))
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{candela.url}/v1/messages", json=ASKED, headers=HEADERS) as answer,
        ):
            await gate.reached()
            candela.send(number)
            await _no_longer_accepting(candela.port)
            gate.open()
            received = await answer.read()
        assert received == provider.requests[0].sent
        assert b"message_stop" in received
        assert await candela.ended() == 0
        [row] = await candela.records("requests")
        assert (row["outcome"], row["stop_reason"]) == ("ok", "end_turn")
        assert await candela.output("show", row["id"], "--raw", "response") == received


async def _no_longer_accepting(port: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0)


async def test_a_client_that_leaves_takes_the_providers_work_with_it(tmp_path: Path) -> None:
    gate = Gate()
    async with Provider() as provider, Candela(tmp_path / "data", provider.url) as candela:
        provider.answer(message(text("before", gate, "after")))
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{candela.url}/v1/messages", json=ASKED, headers=HEADERS) as answer,
        ):
            await gate.reached()
            answer.close()
            await (await provider.request(0)).left()
        [row] = await candela.settled_requests("a-session", 1)
        assert row["outcome"] == "cancelled"
