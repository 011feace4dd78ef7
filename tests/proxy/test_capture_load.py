"""What capture holds when more comes than it can record at once."""

import asyncio
from collections.abc import Sequence

from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange, ProviderSide
from candela_tui.feed import Feed
from candela_tui.pricing import Pricer
from candela_tui.proxy.capture import Capture
from candela_tui.proxy.tap import Tap

BODY = b'{"model": "claude-opus-4-8", "messages": [{"role": "user", "content": "%s"}]}'


class Order:
    """A store that notes the order in which exchanges begin and end."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def begin(self, exchange: Exchange, request: bytes) -> None:
        self.seen.append(("begin", exchange.id))

    def grow(
        self, exchange: Exchange, chunks: Sequence[bytes], times: Sequence[float], provider: ProviderSide | None
    ) -> None:
        self.seen.append(("grow", exchange.id))

    def end(
        self, exchange: Exchange, chunks: Sequence[bytes], times: Sequence[float], provider: ProviderSide | None
    ) -> None:
        self.seen.append(("end", exchange.id))


def ended_tap(size: int) -> Tap:
    body = BODY % (b"x" * size)
    tap = Tap(method="POST", path="/v1/messages", route="r", dialect="messages", headers=(), body=body)
    tap.answered(200, [("Content-Type", "application/json")])
    tap.chunk(b"{}")
    tap.ended()
    return tap


async def test_an_exchange_that_ended_is_let_go_of_before_the_next_is_read() -> None:
    store = Order()
    capture = Capture(Feed(), store, Pricer(PricingSettings()))
    taps = [ended_tap(1000) for _ in range(20)]
    for tap in taps:
        capture.begin(tap)
    capture.close()
    await capture.run()
    assert store.seen == [(what, tap.id) for tap in taps for what in ("begin", "end")]


async def test_it_catches_up_once_the_requests_that_wait_take_much_memory() -> None:
    capture = Capture(Feed(), Order(), Pricer(PricingSettings()))
    running = asyncio.create_task(capture.run())
    assert not capture.catching_up
    for _ in range(20):
        capture.begin(ended_tap(1_000_000))
    assert capture.catching_up
    capture.close()
    await running
    assert not capture.catching_up
