"""When one side goes away, the other side learns the same thing."""

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest

from candela_tui.exchange import Outcome
from tests.proxy.running import BODY, RunningProxy, WireClient, running
from tests.standin import CLOSE, RESET, STALL, Answer, Gate, Provider, Raw, error_event, message, text


async def test_a_client_that_leaves_cancels_the_request_at_the_provider(
    candela: RunningProxy, provider: Provider
) -> None:
    provider.answer(message(text("some", STALL)))
    async with WireClient(candela.port) as wire:
        await wire.post()
        await wire.until(b"some")
    await (await provider.request(0)).left()
    exchange = await candela.exchange()
    assert exchange.outcome is Outcome.CANCELLED
    assert exchange.cost is not None
    assert exchange.cost.at_least


async def test_a_client_that_leaves_before_the_answer_begins_cancels_it_too(
    candela: RunningProxy, provider: Provider
) -> None:
    provider.answer(message(text("never")).but(before_head=[STALL]))
    async with WireClient(candela.port) as wire:
        await wire.post()
        request = await provider.request(0)
    await request.left()
    assert (await candela.exchange()).outcome is Outcome.CANCELLED


@pytest.mark.parametrize("way", [CLOSE, RESET])
async def test_a_stream_that_the_provider_breaks_off_has_no_clean_end(
    candela: RunningProxy, provider: Provider, way: object
) -> None:
    gate = Gate()
    provider.answer(message(text("half of ", gate, way)))  # type: ignore[arg-type]
    async with WireClient(candela.port) as wire:
        await wire.post()
        got = await wire.until(b"half of ")
        gate.open()
        got += await wire.rest()
    assert not got.endswith(b"0\r\n\r\n")
    assert b"message_stop" not in got
    exchange = await candela.exchange()
    assert exchange.outcome is Outcome.CUT
    await candela.stop(1)
    assert candela.reader.response_body(exchange.id) == (await provider.request(0)).sent


async def test_an_answer_shorter_than_its_content_length_stays_short(candela: RunningProxy, provider: Provider) -> None:
    provider.answer(Answer([b'{"id"', CLOSE], framing="length", declared_length=500))
    async with WireClient(candela.port) as wire:
        await wire.post()
        got = await wire.rest()
    assert b"500" in got
    assert got.endswith(b'{"id"')
    assert (await candela.exchange()).outcome is Outcome.CUT


async def test_a_provider_that_hangs_up_without_an_answer_is_passed_on_as_that(
    candela: RunningProxy, provider: Provider
) -> None:
    provider.answer(message(text("x")).but(before_head=[CLOSE]))
    async with WireClient(candela.port) as wire:
        await wire.post()
        assert await wire.rest() == b""
    assert (await candela.exchange()).outcome is Outcome.CUT


async def test_a_stream_that_ends_cleanly_without_message_stop_passes_and_counts_as_cut(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    whole = message(text("all but the end"))
    provider.answer(whole.but(steps=list(whole.steps)[:-1]))
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        assert await answer.read() == (await provider.request(0)).sent
    assert (await candela.exchange()).outcome is Outcome.CUT


async def test_an_error_event_inside_a_stream_is_the_exchanges_error(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    whole = message(text("so far"))
    provider.answer(whole.but(steps=[*list(whole.steps)[:3], error_event("overloaded_error", "Overloaded")]))
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        await answer.read()
    exchange = await candela.exchange()
    assert exchange.error is not None
    assert (exchange.status, exchange.outcome, exchange.error.type) == (200, Outcome.ERROR, "overloaded_error")


async def test_a_provider_that_cannot_be_reached_is_a_502_that_says_which_url_and_why(
    client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    async with RunningProxy(url, tmp_path) as candela:
        async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
            document = await answer.json()
        assert (answer.status, document["type"], document["error"]["type"]) == (502, "error", "api_error")
        assert url in document["error"]["message"]
        assert "refused" in document["error"]["message"].lower() or "connect" in document["error"]["message"].lower()
        exchange = await candela.exchange()
        assert (exchange.status, exchange.outcome) == (502, Outcome.ERROR)


async def test_a_provider_that_does_not_speak_http_is_a_502(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(Answer([Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")], status=None))
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        assert answer.status == 502
    assert (await candela.exchange()).outcome is Outcome.ERROR


async def test_a_provider_that_falls_silent_is_given_up_after_the_idle_limit(
    provider: Provider, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    provider.answer(message(text("x")).but(before_head=[STALL]), message(text("some", STALL)))
    async with running(provider, tmp_path, idle_timeout_s=0.3) as candela:
        async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
            assert answer.status == 504
        async with WireClient(candela.port) as wire:
            await wire.post()
            assert not (await wire.rest()).endswith(b"0\r\n\r\n")
        outcomes = {exchange.outcome for exchange in await candela.ended(2)}
    assert outcomes == {Outcome.ERROR, Outcome.CUT}


async def test_a_garbled_answer_passes_untouched_and_is_recorded(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    garbage = bytes(range(256)) * 40
    provider.answer(Answer([garbage], headers=[("Content-Type", "text/event-stream")]))
    provider.answer(Answer([garbage], headers=[("Content-Type", "text/event-stream"), ("Content-Encoding", "br")]))
    provider.answer(Answer([garbage], headers=[("Content-Type", "application/json"), ("Content-Encoding", "odd")]))
    for _ in range(3):
        async with client.post(f"{candela.url}/v1/messages", data=b"\xff{not json") as answer:
            assert (answer.status, await answer.read()) == (200, garbage)
    exchanges = await candela.ended(3)
    await candela.stop(1)
    for exchange in exchanges:
        assert candela.reader.response_body(exchange.id) == garbage
        assert candela.reader.request_body(exchange.id) == b"\xff{not json"
    assert any("can't be decoded" in notice for notice in candela.notices)


async def test_stopping_lets_a_live_stream_end_and_interrupts_it_after_the_grace_time(
    provider: Provider, tmp_path: Path
) -> None:
    gate = Gate()
    provider.answer(message(text("slow ", gate, "but whole")), message(text("never", STALL)))
    async with running(provider, tmp_path) as candela, WireClient(candela.port) as patient:
        await patient.post()
        await patient.until(b"slow ")
        stopping = asyncio.create_task(candela.stop(30))
        gate.open()
        await patient.until(b"message_stop")
        await stopping
        assert (await candela.exchange()).outcome is Outcome.OK
    async with running(provider, tmp_path) as candela, WireClient(candela.port) as cut_off:
        await cut_off.post()
        await cut_off.until(b"never")
        await candela.stop(0)
        assert not (await cut_off.rest()).endswith(b"0\r\n\r\n")
        assert (await candela.exchange()).outcome is Outcome.INTERRUPTED


async def test_two_hundred_streams_at_once_all_arrive_and_are_all_recorded(
    candela: RunningProxy, provider: Provider
) -> None:
    gate = Gate()
    count = 200
    provider.answer(*[message(text("a", gate, "b")) for _ in range(count)])

    async def one() -> bytes:
        async with WireClient(candela.port) as wire:
            await wire.post()
            return await wire.until(b"message_stop")

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    await provider.request(count - 1)
    gate.open()
    answers = await asyncio.gather(*tasks)
    assert all(b'"text":"b"' in answer for answer in answers)
    exchanges = await candela.ended(count)
    assert {exchange.outcome for exchange in exchanges} == {Outcome.OK}
    await candela.stop(1)
    assert len(candela.reader.exchanges()) == count
