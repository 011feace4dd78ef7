"""A live answer, read while its head and its body become known in any order of time."""

import gzip
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from candela_tui.analysis.traffic_side import TrafficSide
from candela_tui.exchange import Exchange, Marks, Outcome, Recording
from candela_tui.text.times import Clock
from candela_tui.ui.screens.request.pages.overview import OverviewPage
from candela_tui.ui.screens.request.pages.page import Page, ShownRequest
from candela_tui.ui.screens.request.pages.raw_response import RawResponsePage
from candela_tui.ui.screens.request.pages.response import ResponsePage
from candela_tui.ui.state.exchange_bodies import ExchangeBodies
from candela_tui.ui.time_slices import in_slices
from tests.ui.scene import NOW, STREAM_HEADERS, Scene, shows, stream

_TEXTS = ("The clock ", "stands still ", "in the test, ", "so nothing ", "expires.")
_WHOLE = "".join(_TEXTS)
_ASKED = (("Host", "127.0.0.1:8181"),)


@dataclass
class _Provider:
    """An answer that crosses step by step, and the snapshots of it, each made some steps late.

    The bodies are those of the recording (``in_memory``) or read from elsewhere, as an attached dashboard does.
    """

    exchange: Exchange
    headers: tuple[tuple[str, str], ...]
    in_memory: bool
    listed: bool
    """Whether snapshots come from a list, without header fields."""
    recording: Recording = field(default_factory=lambda: Recording(b"{}"))
    status: int | None = None
    ended: bool = False

    def snapshot(self) -> Exchange:
        """What a snapshot that is made now says."""
        known: dict[str, Any] = {}
        if self.status is not None:
            known = {"status": self.status, "response_headers": self.headers}
        if self.ended:
            known |= {"outcome": Outcome.OK, "stop_reason": "end_turn", "marks": Marks(0.4, 640.0, 812.0, 4312.0)}
        if self.listed:
            known |= {"request_headers": None, "response_headers": None}
        return replace(self.exchange, **known)


class _Bodies(ExchangeBodies):
    """Bodies without a feed or a store."""

    def __init__(self, provider: _Provider) -> None:
        self._provider = provider
        self._recording = provider.recording if provider.in_memory else None

    async def exchange(self) -> Exchange | None:
        """As the store has it."""
        provider = self._provider
        answered = provider.headers if provider.status is not None else ()
        return replace(provider.snapshot(), request_headers=_ASKED, response_headers=answered)

    async def request(self, side: TrafficSide = "client") -> bytes | None:
        """The request, which is the same on both sides."""
        return self._provider.recording.request if side == "client" else None

    async def answer_after(self, chunks: int, side: TrafficSide = "client") -> tuple[list[bytes], list[float]]:
        """The chunks so far."""
        recording = self._provider.recording
        return recording.chunks[chunks:], recording.times[chunks:]


async def _write(steps: Iterator[None] | None) -> None:
    if steps is not None:
        await in_slices(steps)


def _text(page: Page) -> str:
    return "\n".join("".join(piece for piece, _ in page.lines.line(number)) for number in range(len(page.lines)))


async def _played(seed: int, page_type: type[Page]) -> AsyncIterator[tuple[str, bool, bool, str]]:
    """Play an answer against a page; yields after each look what crossed, whether the head is known, the end, and
    what the page says."""
    chance = random.Random(seed)
    zipped = chance.random() < 0.4
    body = stream(*_TEXTS)
    if zipped:
        body = gzip.compress(body)
    headers = (*STREAM_HEADERS, ("Content-Encoding", "gzip")) if zipped else STREAM_HEADERS
    cuts = sorted(chance.sample(range(1, len(body)), 12))
    chunks = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    live = Exchange(
        id="1",
        started_at=NOW,
        method="POST",
        path="/v1/messages",
        route="anthropic-direct",
        streamed=True,
        request_headers=_ASKED,
    )
    provider = _Provider(live, headers, in_memory=chance.random() < 0.5, listed=chance.random() < 0.3)
    subject = ShownRequest(live, _Bodies(provider), Clock(lambda: NOW))
    page = page_type(subject, 100)
    crossing = iter([("head", b""), *(("chunk", chunk) for chunk in chunks), ("end", b"")])
    late: list[Exchange] = []
    opened = False
    while True:
        what = chance.choice(("cross", "cross", "snapshot", "tell", "look"))
        if what == "cross":
            kind, chunk = next(crossing, ("", b""))
            if kind == "head":
                provider.status = 200
            elif kind == "chunk":
                provider.recording.add(chunk, 812.0 + len(provider.recording.chunks))
            elif kind == "end":
                provider.ended = True
        elif what == "snapshot":
            late.append(provider.snapshot())
        elif what == "tell" and late:
            subject.take(late.pop(0))
        elif what == "look":
            if opened:
                await _write(await page.more())
            else:
                await _write(await page.open())
                opened = True
            over = not subject.exchange.live
            crossed = "" if zipped else b"".join(provider.recording.chunks).decode()
            yield crossed, subject.exchange.status is not None, over, _text(page)
            if over:
                return


@pytest.mark.parametrize("seed", range(100))
async def test_what_has_crossed_is_shown_once_the_head_is_known(seed: int) -> None:
    said = ""
    async for crossed, head_known, _, said in _played(seed, ResponsePage):
        assert "not a message" not in said
        if head_known:
            shown = [text for text in _TEXTS if f'"text": "{text}"}}}}\n\n' in crossed]
            assert "".join(shown).rstrip() in said
        else:
            assert "waiting for the first token" in said
    assert _WHOLE in said
    assert "✓ end_turn" in said


@pytest.mark.parametrize("seed", range(100))
async def test_every_event_is_told_apart_in_the_raw_response(seed: int) -> None:
    said = ""
    async for _, _, _, said in _played(seed, RawResponsePage):
        assert "event: " not in said
    assert all(name in said for name in ("message_start", "content_block_delta", "message_stop"))


@pytest.mark.parametrize("seed", range(20))
async def test_the_blocks_of_the_answer_are_in_the_timeline(seed: int) -> None:
    looks = [said async for _, _, _, said in _played(seed, OverviewPage)]
    assert "text" in looks[-1]


async def test_a_head_that_comes_late_is_waited_for_in_the_dashboard(scene: Scene) -> None:
    waiting: dict[str, Any] = {"outcome": Outcome.LIVE, "stop_reason": None, "status": None, "response_headers": ()}
    async with scene.opened((200, 50)) as pilot:
        live = scene.request(ago=12, marks=Marks(0.4), **waiting)
        await shows(pilot, "waiting for the first token")
        scene.grow(live, stream("It begins", end=False))
        await pilot.pause(0.2)
        await shows(pilot, "waiting for the first token")
        scene.grow(live, status=200, response_headers=STREAM_HEADERS)
        await shows(pilot, "It begins", "streaming")
