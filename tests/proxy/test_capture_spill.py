"""What waits for capture in a file, and comes back from it."""

import logging
from pathlib import Path

import pytest

from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange, Kept, Recording
from candela_tui.pricing import Pricer
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest
from candela_tui.proxy.capture.capture import Capture
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.capture.spill import Spill
from candela_tui.sinks.sink import Growth
from candela_tui.spill_file import Spilled

MB = 2**20
DELTA = b'data: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "%b"}}\n\n'


class Recorded:
    """A sink that keeps everything that it gets."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.provider_requests: list[bytes | None] = []
        self.parts: list[Growth] = []
        self.exchanges: list[Exchange] = []

    def began(self, exchange: Exchange, recording: Recording) -> None:
        self.requests.append(recording.request)

    def grew(self, exchange: Exchange, growth: Growth | None) -> None:
        if growth is not None:
            self.parts.append(growth)

    def ended(self, exchange: Exchange, growth: Growth) -> None:
        self.parts.append(growth)
        self.exchanges.append(exchange)
        if growth.provider is not None and growth.provider.request is not None:
            self.provider_requests.append(growth.provider.request)

    @property
    def answer(self) -> list[bytes]:
        return [chunk for part in self.parts for chunk in part.chunks]


def request_of(number: int, size: int = MB) -> bytes:
    return b'{"model": "claude-opus-4-8", "messages": [{"role": "user", "content": "%06d %b"}]}' % (number, b"x" * size)


def raw_of(body: bytes) -> RawExchange:
    return RawExchange(ClientRequest("POST", "/v1/messages", [], body))


def ended_raw(number: int, *, mapped: bool = False) -> RawExchange:
    raw = raw_of(request_of(number))
    if mapped:
        sent = ProviderRequest("POST", "https://example.com", [], request_of(number) + b" ")
        raw.attempted(Attempt(request=sent))
    raw.answered(200, [("Content-Type", "application/json")])
    raw.chunk(b"{}")
    raw.ended()
    return raw


def answered_in_chunks(chunks: list[bytes]) -> RawExchange:
    raw = raw_of(request_of(0, 10))
    raw.answered(200, [("Content-Type", "text/event-stream")])
    for chunk in chunks:
        raw.chunk(chunk)
    return raw


def recording(sink: Recorded, directory: Path | None, notices: list[str], kept: Kept = Kept.FULL) -> Capture:
    return Capture([sink], Pricer(PricingSettings()), notices.append, kept, directory)


async def spilled_and_recorded(capture: Capture, raws: list[RawExchange]) -> int:
    """Record what has ended after it was spilled. Return how many requests were in the file."""
    for raw in raws:
        capture.begin(raw)
    moved, _ = await capture._spill.make_room(raws, 40 * MB)
    capture._waiting_bytes -= moved
    waited = sum(raw.spilled is not None for raw in raws)
    capture.close()
    await capture.run()
    return waited


async def test_requests_that_waited_in_the_file_are_recorded_in_their_order(tmp_path: Path) -> None:
    sink, notices = Recorded(), list[str]()
    raws = [ended_raw(number) for number in range(40)]
    waited = await spilled_and_recorded(recording(sink, tmp_path, notices), raws)
    assert waited >= 8
    assert sink.requests == [request_of(number) for number in range(40)]
    assert [each.id for each in sink.exchanges] == [raw.id for raw in raws]
    assert all(each.kept is Kept.FULL and each.request_bytes == len(request_of(0)) for each in sink.exchanges)
    assert not notices
    assert not list(tmp_path.iterdir())


async def test_what_a_provider_got_instead_comes_back_too(tmp_path: Path) -> None:
    sink = Recorded()
    await spilled_and_recorded(recording(sink, tmp_path, []), [ended_raw(number, mapped=True) for number in range(40)])
    assert sink.requests == [request_of(number) for number in range(40)]
    assert sink.provider_requests == [request_of(number) + b" " for number in range(40)]


async def test_a_fast_answer_waits_in_the_file_and_reaches_the_sinks_in_parts(tmp_path: Path) -> None:
    chunks = [DELTA % (b"%06d" % number * 10_000) for number in range(600)]
    raw, sink = answered_in_chunks(chunks), Recorded()
    spill = Spill(tmp_path, lambda _: True, [].append)
    await spill.make_room([raw], 0)
    held, _ = raw.recording.after(0)
    assert raw.recording.unread < 24 * MB
    assert held == chunks[: len(held)]
    capture = recording(sink, tmp_path, [])
    capture.begin(raw)
    raw.ended()
    capture.close()
    await capture.run()
    assert sink.answer == chunks
    assert max(sum(map(len, part.chunks)) for part in sink.parts) < 4 * MB
    assert sink.exchanges[0].response_bytes == sum(map(len, chunks))


async def test_bodies_that_are_not_stored_are_never_on_the_disk(tmp_path: Path) -> None:
    sink = Recorded()
    capture = recording(sink, tmp_path, [], Kept.HEADERS)
    raws = [ended_raw(number) for number in range(40)]
    for raw in raws:
        capture.begin(raw)
    assert await capture._spill.make_room(raws, 40 * MB) == (0, False)
    capture.close()
    await capture.run()
    assert len(sink.exchanges) == 40


async def test_a_disk_that_takes_nothing_is_said_once_and_loses_nothing(tmp_path: Path) -> None:
    sink, notices = Recorded(), list[str]()
    capture = recording(sink, tmp_path / "removed", notices)
    raws = [ended_raw(number) for number in range(40)]
    for raw in raws:
        capture.begin(raw)
    for _ in range(2):
        assert await capture._spill.make_room(raws, 40 * MB) == (0, False)
        capture._spill._full_until = 0.0
    assert capture.catching_up
    capture.close()
    await capture.run()
    assert notices == [
        f"Much waits to be recorded, and {tmp_path / 'removed'} takes no more of it (No such file or directory). "
        f"It stays in memory."
    ]
    assert sink.requests == [request_of(number) for number in range(40)]


async def test_a_disk_that_loses_a_body_is_a_notice_and_the_exchange_is_kept_without_bodies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def lost(_: Spilled) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Spilled, "read", lost)
    sink, notices = Recorded(), list[str]()
    with caplog.at_level(logging.CRITICAL):
        waited = await spilled_and_recorded(
            recording(sink, tmp_path, notices), [ended_raw(number) for number in range(40)]
        )
    without = [each for each in sink.exchanges if each.kept is Kept.HEADERS]
    assert len(without) == len(notices) >= waited >= 8
    assert len(sink.exchanges) == 40
    assert {each.request_bytes for each in without} == {len(request_of(0))}


async def test_a_request_that_is_more_than_has_to_move_leaves_its_small_answer_in_memory(tmp_path: Path) -> None:
    raw, empty = ended_raw(0, mapped=True), raw_of(request_of(1))
    empty.ended()
    spill = Spill(tmp_path, lambda _: True, [].append, in_memory=MB)
    assert await spill.make_room([empty, raw], MB + 10) == (len(request_of(0)), False)
    assert raw.recording.after(0)[0] == [b"{}"]
    assert await spill.make_room([empty], MB + 10) == (len(request_of(1)), False)
