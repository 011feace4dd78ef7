"""What capture holds when more comes than it can record at once."""

import asyncio

from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange, Recording
from candela_tui.pricing import Pricer
from candela_tui.providers.upstream import ClientRequest
from candela_tui.proxy.capture.capture import Capture
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.sinks.sink import Growth

BODY = b'{"model": "claude-opus-4-8", "messages": [{"role": "user", "content": "%s"}]}'


class Order:
    """A sink that notes the order in which exchanges begin and end."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def began(self, exchange: Exchange, recording: Recording) -> None:
        self.seen.append(("began", exchange.id))

    def grew(self, exchange: Exchange, growth: Growth | None) -> None:
        self.seen.append(("grew", exchange.id))

    def ended(self, exchange: Exchange, growth: Growth) -> None:
        self.seen.append(("ended", exchange.id))


class Fails(Order):
    """A sink that raises on everything."""

    def began(self, exchange: Exchange, recording: Recording) -> None:
        raise RuntimeError

    grew = ended = began  # type: ignore[assignment]


def ended_raw(size: int) -> RawExchange:
    body = BODY % (b"x" * size)
    raw = RawExchange(ClientRequest("POST", "/v1/messages", [], body))
    raw.answered(200, [("Content-Type", "application/json")])
    raw.chunk(b"{}")
    raw.ended()
    return raw


def recording_into(*sinks: Order, notices: list[str] | None = None) -> Capture:
    return Capture(sinks, Pricer(PricingSettings()), [].append if notices is None else notices.append)


async def test_an_exchange_that_ended_is_let_go_of_before_the_next_is_read() -> None:
    sink = Order()
    capture = recording_into(sink)
    raws = [ended_raw(1000) for _ in range(20)]
    for raw in raws:
        capture.begin(raw)
    capture.close()
    await capture.run()
    assert sink.seen == [(what, raw.id) for raw in raws for what in ("began", "ended")]


async def test_it_catches_up_once_the_requests_that_wait_take_much_memory() -> None:
    capture = recording_into(Order())
    running = asyncio.create_task(capture.run())
    assert not capture.catching_up
    for _ in range(40):
        capture.begin(ended_raw(1_000_000))
    assert capture.catching_up
    capture.close()
    await running
    assert not capture.catching_up


async def test_a_failing_sink_is_a_notice_and_keeps_nothing_from_the_others() -> None:
    sink, notices = Order(), list[str]()
    capture = recording_into(Fails(), sink, notices=notices)
    raw = ended_raw(10)
    capture.begin(raw)
    capture.close()
    await capture.run()
    assert sink.seen == [("began", raw.id), ("ended", raw.id)]
    assert set(notices) == {"Fails failed, and misses a part of what is recorded (the log says why)"}
