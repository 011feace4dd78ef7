"""The time that candela itself adds is measured where the bytes pass, and stored with the exchange."""

import aiohttp

from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest
from candela_tui.proxy.capture.raw_exchange import RawExchange
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider, message, text

REQUEST = ClientRequest("POST", "/v1/messages", [], BODY)


def attempt() -> Attempt:
    return Attempt(request=ProviderRequest("POST", "https://api.anthropic.com/v1/messages", [], BODY))


async def test_what_was_measured_is_stored_with_the_exchange(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("hello")))
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        await answer.read()
    ended = await candela.exchange()
    overhead = ended.overhead
    assert overhead is not None
    assert overhead.request_ms is not None
    assert overhead.request_ms > 0
    assert overhead.head_ms > 0
    assert overhead.chunks >= 1
    assert 0 < overhead.longest_ms <= overhead.chunks_ms
    # It is a part of the time that passed, not all of it.
    assert ended.marks.end is not None
    assert overhead.request_ms + overhead.head_ms < ended.marks.end
    await candela.stored(ended.id)
    stored = candela.reader.exchange(ended.id)
    assert stored is not None
    assert stored.overhead == overhead


def test_what_candela_answers_itself_has_no_overhead() -> None:
    raw = RawExchange(REQUEST)
    raw.answered(501, [])
    raw.chunk(b"no")
    assert raw.overhead is None


def test_a_request_that_was_sent_twice_has_no_time_before_its_first_byte() -> None:
    raw = RawExchange(REQUEST)
    for _ in range(2):
        raw.attempted(attempt())
        raw.connected()
        raw.sent()
    raw.head_written(0.0)
    assert raw.overhead is not None
    assert raw.overhead.request_ms is None
    assert raw.overhead.first_byte_ms is None


def test_bytes_that_waited_for_the_client_are_not_counted() -> None:
    raw = RawExchange(REQUEST)
    raw.head_written(0.0)
    raw.chunk(b"one", None)
    assert raw.overhead is not None
    assert raw.overhead.chunks == 0
    assert raw.overhead.chunk_ms is None
