"""When one side goes away, the other side learns the same thing."""

import asyncio
from pathlib import Path

import aiohttp

from candela_tui.exchange import Outcome
from tests.proxy.running import BODY, RunningProxy, WireClient, running
from tests.standin import STALL, Answer, Gate, Provider, error_event, message, text


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
