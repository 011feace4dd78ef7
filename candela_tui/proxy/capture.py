"""Turns what the relay noted into records: decodes, prices, publishes, stores.

It runs on the proxy's loop beside the relay, in slices so short that no chunk waits for it, some ten times a second.
Whatever fails in here becomes a notice; a relayed request never learns of it.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from candela_tui.exchange import Exchange, ProviderSide
from candela_tui.feed import Feed
from candela_tui.pricing import Pricer
from candela_tui.protocol import claude_code
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.session_clues import SessionClues, session_clues
from candela_tui.proxy.advice import on_first_request, on_title_request
from candela_tui.proxy.conversations import Conversations
from candela_tui.proxy.record import ExchangeRecord
from candela_tui.proxy.tap import Tap
from candela_tui.proxy.tries import Tries

_TICK_S = 0.1
_STORE_EVERY_S = 1.0
_STORE_BYTES = 2 * 2**20
"""Of an answer that are stored at once, so that a large one is never whole in memory."""
# How long capture may hold the loop: a chunk of the relay waits about that long for it at most. Where many wait to
# be recorded, longer slices keep capture from falling behind.
_SLICE_S = 0.0005
_SLICE_PER_WAITING_S = 0.00001
_LONGEST_SLICE_S = 0.005
# Where request bodies of more than this wait, memory is at stake and capture has to catch up. Until it has, it takes as
# much of the loop's time as everything else does, twice as much where twice as many bytes wait, and so on: at some
# point it is faster than requests come. Clients that send 500 requests a second of 90 kB bring it there; eight agents
# with bodies of 1 MB do not. Even then no chunk waits longer than a slice that is caught up in.
_MUCH = 9 * 2**20
_LONGEST_CATCHING_UP_S = 0.025
_MOST_SESSIONS_KNOWN = 10_000
_MOST_AGENTS_KNOWN = 10_000

logger = logging.getLogger(__name__)

_Key = TypeVar("_Key")


class ExchangeSink(Protocol):
    """Where exchanges are kept; none of these waits or raises. The store's writer is one."""

    def begin(self, exchange: Exchange, request: bytes) -> None:
        """An exchange began."""

    def grow(
        self, exchange: Exchange, chunks: Sequence[bytes], times: Sequence[float], provider: ProviderSide | None
    ) -> None:
        """More of its answer came: the part since the last call, and what crossed on the provider's side since then;
        None: nothing that is not the client's own."""

    def end(
        self, exchange: Exchange, chunks: Sequence[bytes], times: Sequence[float], provider: ProviderSide | None
    ) -> None:
        """It ended: the last part of its answer, and of the provider's side."""


class Capture:
    """Owns the records of what is live. ``run`` is its one task."""

    def __init__(self, feed: Feed, sink: ExchangeSink, pricer: Pricer) -> None:
        self._feed = feed
        self._sink = sink
        self._pricer = pricer
        self._begun: deque[Tap] = deque()
        self._begun_bytes = 0
        self._live: dict[str, ExchangeRecord] = {}
        self._known_sessions: dict[str, None] = {}
        self._untitled_sessions: dict[str, None] = {}
        """Of those, the ones whose user has said nothing yet."""
        self._titled_sessions: dict[str, None] = {}
        self._million_sessions: dict[str, None] = {}
        """Those that asked for a window of a million tokens by its beta."""
        self._known_agents: dict[tuple[str | None, str], None] = {}
        self._conversations = Conversations()
        self._tries = Tries()
        self._work = asyncio.Event()
        self._closing = False
        self._slice_end = 0.0

    def begin(self, tap: Tap) -> None:
        """Take a new exchange. Everything else waits for ``run``."""
        self._begun.append(tap)
        self._begun_bytes += len(tap.recording.request)
        self._work.set()

    async def run(self) -> None:
        """Record until ``close`` was called and everything live has ended."""
        while True:
            if not self._begun and not self._live:
                if self._closing:
                    return
                self._work.clear()
                await self._work.wait()
            # Reading a request waits, so that it is not done in the way of its own answer.
            await asyncio.sleep(0 if self._closing or self.catching_up else _TICK_S)
            await self._tick()

    def close(self) -> None:
        """Let ``run`` return once what is live has ended; the relay takes no new request."""
        self._closing = True
        self._work.set()

    async def _tick(self) -> None:
        self._begin_slice()
        changed: list[Exchange] = []
        # Those that begin meanwhile wait, or what ended would stay in memory for as long as they keep coming.
        for _ in range(len(self._begun)):
            tap = self._begun.popleft()
            self._begun_bytes -= len(tap.recording.request)
            record = self._live[tap.id] = ExchangeRecord(tap)
            while record.undecoded and not record.failed and self._try(record, ExchangeRecord.decode_on):
                await self._breathe()
            self._try(record, self._first_sight)
            while record.unread and not record.failed and self._try(record, ExchangeRecord.read_on):
                await self._breathe()
            changed.append(record.exchange)
            await self._breathe()
            # What has ended by now is let go of before the next one is read.
            if tap.end_ms is not None:
                await self._follow(record, changed)
        for record in list(self._live.values()):
            await self._follow(record, changed)
        if changed:
            self._feed.publish(tuple(changed))

    async def _follow(self, record: ExchangeRecord, changed: list[Exchange]) -> None:
        """Record what came of a live exchange since the last tick, or its end."""
        ended = record.tap.end_ms is not None
        while record.behind and not record.failed and self._try(record, ExchangeRecord.fold):
            if record.unstored_bytes >= _STORE_BYTES:
                self._try(record, self._store)
            await self._breathe()
        if ended:
            if not self._try(record, self._finish):
                record.end_as_relayed()
            del self._live[record.tap.id]
            changed.append(record.exchange)
        else:
            if record.changed and self._try(record, self._progress):
                changed.append(record.exchange)
            # Also where nothing more comes: what a stalled stream brought must outlive this process.
            if record.has_unstored and time.monotonic() - record.stored_at >= _STORE_EVERY_S:
                self._try(record, self._store)
        if record.notice is not None:
            self._feed.notify(record.notice)
            record.notice = None
        await self._breathe()

    def _first_sight(self, record: ExchangeRecord) -> None:
        self._feed.keep(record.tap.id, record.tap.recording)
        record.read_request()
        record.join(self._conversations)
        record.compare(self._tries)
        exchange = record.exchange
        main_agent = exchange.kind is Kind.MESSAGES and exchange.agent_id is None
        known = exchange.session_id in self._known_sessions
        if record.request is not None and main_agent and (not known or exchange.session_id in self._untitled_sessions):
            clues = session_clues(record.request)
            record.exchange = replace(exchange, clues=clues)
            # A session can begin with what the client carries out itself; the user's words come later then.
            if clues.title is not None:
                self._untitled_sessions.pop(exchange.session_id or "", None)
            elif exchange.session_id is not None:
                _remember(self._untitled_sessions, exchange.session_id, _MOST_SESSIONS_KNOWN)
            if exchange.dialect == "messages" and not known:
                record.notice = on_first_request(record.tap.headers, record.request)
            if exchange.session_id is not None:
                _remember(self._known_sessions, exchange.session_id, _MOST_SESSIONS_KNOWN)
        if main_agent:
            self._note_window(record)
        if exchange.kind is Kind.MESSAGES and exchange.agent_id is not None:
            agent = (exchange.session_id, exchange.agent_id)
            # The first request tells the task; reading it from each would cost as much again every time.
            if agent not in self._known_agents:
                record.read_task()
                _remember(self._known_agents, agent, _MOST_AGENTS_KNOWN)
        self._sink.begin(record.exchange, record.tap.recording.request)

    def _note_window(self, record: ExchangeRecord) -> None:
        """Keep the client's name of the model, with ``[1m]`` or without, where only the beta says which: a user may
        change the model at any time, and lists of records are read without their headers."""
        exchange, clues = record.exchange, record.exchange.clues or SessionClues()
        if exchange.model is None or exchange.session_id is None:
            return
        mark = ""
        if claude_code.asks_for_a_million(record.tap.headers):
            mark = claude_code.MILLION_SUFFIX
            _remember(self._million_sessions, exchange.session_id, _MOST_SESSIONS_KNOWN)
        elif clues.model is not None or exchange.session_id not in self._million_sessions:
            return
        name = f"{exchange.model.removesuffix(claude_code.MILLION_SUFFIX)}{mark}"
        record.exchange = replace(exchange, clues=replace(clues, model=name))

    def _progress(self, record: ExchangeRecord) -> None:
        record.snapshot(self._pricer)

    def _store(self, record: ExchangeRecord) -> None:
        record.stored_at = time.monotonic()
        self._sink.grow(record.exchange, *record.unstored())

    def _finish(self, record: ExchangeRecord) -> None:
        if record.failed or not self._try(record, lambda record: record.snapshot(self._pricer)):
            record.end_as_relayed()
        self._sink.end(record.exchange, *record.unstored())
        exchange = record.exchange
        if exchange.kind is Kind.TITLE and exchange.session_id is not None:
            # Not at first sight: where it goes may not be known then.
            if exchange.session_id not in self._titled_sessions:
                record.notice = on_title_request(exchange.client, exchange.model, exchange.url)
            _remember(self._titled_sessions, exchange.session_id, _MOST_SESSIONS_KNOWN)

    def _try(self, record: ExchangeRecord, step: Callable[[ExchangeRecord], None]) -> bool:
        try:
            step(record)
        except Exception:
            logger.exception("exchange %s could not be recorded in full; the request was not affected", record.tap.id)
            self._feed.notify(f"Exchange {record.tap.id} could not be recorded in full (the log says why)")
            record.failed = True
            return False
        return True

    @property
    def catching_up(self) -> bool:
        """Whether so much waits to be recorded that it is a matter of memory."""
        return self._begun_bytes > _MUCH

    def _begin_slice(self, others_s: float = 0.0) -> None:
        """``others_s``: how long the loop's other work took since the last slice."""
        waiting = len(self._begun) + len(self._live)
        slice_s = min(_SLICE_S + _SLICE_PER_WAITING_S * waiting, _LONGEST_SLICE_S)
        if self.catching_up:
            share = self._begun_bytes / _MUCH
            slice_s = max(slice_s, min(others_s * share, _LONGEST_CATCHING_UP_S))
        self._slice_end = time.perf_counter() + slice_s

    async def _breathe(self) -> None:
        now = time.perf_counter()
        if now >= self._slice_end:
            await asyncio.sleep(0)
            self._begin_slice(time.perf_counter() - now)


def _remember(known: dict[_Key, None], key: _Key, most: int) -> None:
    """Add a key; where they are too many, the one that was added first is forgotten."""
    known[key] = None
    if len(known) > most:
        del known[next(iter(known))]
