"""Turn the relay's raw exchanges into records: decode and price them, and pass them to the sinks.

It runs on the proxy's loop next to the relay, about ten times a second, in slices of half a millisecond.
Any failure in here becomes a notice and never affects a relayed request.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from candela_tui.exchange import Kept, Recording, with_changes
from candela_tui.pricing import Pricer
from candela_tui.protocol.claude_code.session_clues import session_clues
from candela_tui.protocol.kind import Kind
from candela_tui.providers.identity import Dialect
from candela_tui.providers.opened_hosts import has_models
from candela_tui.proxy.capture.conversations import Conversations, Origins
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.capture.record import ExchangeRecord
from candela_tui.proxy.capture.retry_forms import RetryForms
from candela_tui.proxy.capture.served_notices import ServedNotices
from candela_tui.proxy.capture.setup_notices import on_first_request, on_title_request
from candela_tui.proxy.capture.spill import Spill
from candela_tui.sinks.sink import Growth, Sink

_TICK_S = 0.1
_SPILL_EVERY_S = 0.05
"""Seconds between two looks at whether too much waits in memory: a fast provider sends 20 MB in it."""
_GROW_EVERY_S = 1.0
_GROWTH_BYTES = 2 * 2**20
"""Bytes of an answer after which the sinks get a part at once, so that a large one is never complete in memory."""
# How long capture may hold the loop: a chunk of the relay waits about that long at most. Then the loop has as much time
# for other work as makes capture's share this one, so that a burst of requests is relayed first and recorded after it.
_SLICE_S = 0.0005
_SHARE = 0.2
# If recording what waits takes longer than this, its share is half of the time, with slices that are longer the more
# exchanges wait.
_PATIENCE_S = 2.0
_SLICE_PER_WAITING_S = 0.00001
_LONGEST_SLICE_S = 0.005
# If request bodies of more than this wait in memory, because the disk does not take them as fast, memory is at stake
# and capture has to catch up. Until it has, it takes as much of the loop's time as everything else does, twice as much
# if twice as many bytes wait, and so on: at some point it is faster than requests arrive. Even then no chunk waits
# longer than one catch-up slice.
_MUCH = 32 * 2**20
_LONGEST_CATCHING_UP_S = 0.025
_MOST_SESSIONS_KNOWN = 10_000
_MOST_AGENTS_KNOWN = 10_000

logger = logging.getLogger(__name__)

_FAILED = "exchange %s could not be recorded in full; the request was not affected"

_Key = TypeVar("_Key")


class Capture:
    """Owns the records of live exchanges. ``run`` is its only task."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        pricer: Pricer,
        notify: Callable[[str], None],
        kept: Kept = Kept.FULL,
        spill_directory: Path | None = None,
    ) -> None:
        """``sinks`` belong to the caller. ``notify`` gets a message for the user if something fails. ``kept`` says what
        is stored of each exchange. ``spill_directory`` is where bodies may wait if many do; None: only in memory."""
        self._sinks = sinks
        self._pricer = pricer
        self._notify = notify
        self._kept = kept
        self._waiting: deque[RawExchange] = deque()
        self._waiting_bytes = 0
        """Bytes of the requests that wait in memory."""
        self._spill = Spill(spill_directory, self._may_spill, notify)
        self._live: dict[str, ExchangeRecord] = {}
        self._known_sessions: dict[str, None] = {}
        self._untitled_sessions: dict[str, None] = {}
        """Known sessions without any words of the user so far."""
        self._titled_sessions: dict[str, None] = {}
        self._known_agents: dict[tuple[str | None, str], None] = {}
        self._conversations = Conversations()
        self._origins = Origins()
        self._tries = RetryForms()
        self._served = ServedNotices()
        self._work = asyncio.Event()
        self._closing = False
        self._slice_end = self._tick_began = 0.0

    def fill(self, recorded: Iterable[tuple[str, str, str]]) -> None:
        """Add the conversations from before this process, which new sessions may continue: digests, sessions and
        exchanges, the earliest first."""
        self._origins.fill(recorded)

    def _kept_of(self, raw: RawExchange) -> Kept:
        """Return what is kept of an exchange. Of what a client says to its provider besides the API of models, such as
        a login that answers with a key, no body is."""
        named = raw.request.named
        if raw.taken and raw.spilled is not None:
            # The disk did not return them.
            return Kept.HEADERS if self._kept is Kept.FULL else self._kept
        if self._kept is Kept.FULL and named is not None and not has_models(named.host, named.target):
            return Kept.HEADERS
        return self._kept

    def begin(self, raw: RawExchange) -> None:
        """Take a new exchange, which ``run`` records."""
        self._waiting.append(raw)
        self._waiting_bytes += len(raw.recording.request)
        self._work.set()

    async def run(self) -> None:
        """Record until ``close`` was called and everything live has ended."""
        spilling = asyncio.create_task(self._keep_spilling(), name="spill")
        over = False
        try:
            while not over:
                try:
                    over = await self._go_on()
                except Exception:
                    logger.exception("recording failed in between; no request was affected")
                    self._notify(
                        "Recording failed in between, and may miss a part of the latest requests (the log says why)"
                    )
                    # A fault that stays must not keep the loop busy.
                    await asyncio.sleep(_TICK_S)
        finally:
            spilling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await spilling

    async def _keep_spilling(self) -> None:
        """Move to the disk what is too much for the memory, until this is cancelled or that fails."""
        try:
            while True:
                if not self._waiting and not self._live:
                    await self._work.wait()
                raws = [*(record.raw for record in self._live.values()), *self._waiting]
                moved, more = await self._spill.make_room(raws, self._waiting_bytes)
                self._waiting_bytes -= moved
                await asyncio.sleep(0 if more else _SPILL_EVERY_S)
        except Exception:
            logger.exception("what waits to be recorded can't be moved to the disk")
            self._notify("What waits to be recorded stays in memory: it can't be moved to the disk (the log says why)")

    def _may_spill(self, raw: RawExchange) -> bool:
        """Whether the bodies of an exchange are stored: no others may be on the disk, not even for a while."""
        return self._kept_of(raw) is Kept.FULL

    async def _go_on(self) -> bool:
        """Record what there is, or wait for it. Returns whether nothing can come any more."""
        if not self._waiting and not self._live:
            if self._closing:
                return True
            self._work.clear()
            await self._work.wait()
        # Reading a request waits for the next tick, so that it does not delay its own answer.
        await asyncio.sleep(0 if self._closing or self.catching_up else _TICK_S)
        await self._tick()
        return False

    def close(self) -> None:
        """Let ``run`` return once every live exchange has ended. The relay must take no new requests by then."""
        self._closing = True
        self._work.set()

    async def _tick(self) -> None:
        self._tick_began = time.perf_counter()
        self._begin_slice()
        # Exchanges that begin meanwhile wait. Otherwise ended ones would stay in memory as long as new ones arrive.
        for _ in range(len(self._waiting)):
            raw = self._waiting.popleft()
            try:
                await self._read_request_back(raw)
                raw.taken = True
                self._waiting_bytes -= len(raw.recording.request)
                await self._take(raw)
            except Exception:
                logger.exception(_FAILED, raw.id)
                self._tell_failed(raw)
        for record in list(self._live.values()):
            try:
                await self._follow(record)
            except Exception:
                logger.exception(_FAILED, record.raw.id)
                self._tell_failed(record.raw)
                if record.failed:
                    # It failed before, so its end would fail again and again.
                    self._live.pop(record.raw.id, None)
                record.failed = True

    async def _take(self, raw: RawExchange) -> None:
        """Record the beginning of an exchange."""
        record = self._live[raw.id] = ExchangeRecord(raw, self._kept_of(raw))
        while record.undecoded and not record.failed and self._try(record, ExchangeRecord.decode_on):
            await self._breathe()
        self._try(record, self._read)
        while record.unread and not record.failed and self._try(record, ExchangeRecord.read_on):
            await self._breathe()
        self._begin(record)
        await self._breathe()
        # An exchange that has ended by now is freed before the next one is read.
        if raw.end_ms is not None:
            await self._follow(record)

    async def _follow(self, record: ExchangeRecord) -> None:
        """Record the growth of a live exchange since the last tick, or its end."""
        ended = record.raw.end_ms is not None
        while record.behind and not record.failed:
            await self._read_back(record)
            if not self._try(record, ExchangeRecord.fold):
                break
            if record.grown_by >= _GROWTH_BYTES:
                self._try(record, self._grow)
            await self._breathe()
        if ended:
            await self._read_all_back(record)
            if record.failed or not self._try(record, self._snapshot):
                record.end_as_relayed()
            self._try(record, self._end)
            del self._live[record.raw.id]
        else:
            changed = record.changed and self._try(record, self._snapshot)
            # Even if nothing more arrives: the bytes of a stalled stream must survive a crash of this process.
            due = record.has_grown and time.monotonic() - record.grown_at >= _GROW_EVERY_S
            if due:
                self._try(record, self._grow)
            elif changed:
                self._tell(lambda sink: sink.grew(record.exchange, None))
        if record.notice is not None:
            self._notify(record.notice)
            record.notice = None
        await self._breathe()

    async def _read_request_back(self, raw: RawExchange) -> None:
        """Take the bodies of a request back from the disk, if they are there, and with them those of the next."""
        if raw.spilled is None:
            return
        try:
            moved = await self._spill.read_back_requests((raw, *self._waiting))
        except OSError:
            logger.exception(_FAILED, raw.id)
            self._tell_failed(raw)
            return
        self._waiting_bytes += moved

    async def _read_back(self, record: ExchangeRecord) -> None:
        """Take chunks back from the disk, if the next ones are there."""
        for side in record.sides:
            if side.spilled and side.readable <= side.decoded:
                await self._read_chunks_back(record, side)

    async def _read_all_back(self, record: ExchangeRecord) -> None:
        """Take back what is left on the disk after decoding has failed: it is stored nevertheless."""
        for side in record.sides:
            while side.spilled:
                await self._read_chunks_back(record, side)
                self._try(record, self._grow)

    async def _read_chunks_back(self, record: ExchangeRecord, side: Recording) -> None:
        try:
            await self._spill.read_back_chunks(side)
        except OSError:
            logger.exception(_FAILED, record.raw.id)
            self._tell_failed(record.raw)
            side.spilled.clear()
            record.failed = True
            # An answer with a hole is not stored as one without.
            record.exchange = with_changes(record.exchange, kept=Kept.HEADERS)

    def _tell(self, call: Callable[[Sink], None]) -> None:
        """Call every sink. A sink that fails does not affect the others."""
        for sink in self._sinks:
            try:
                call(sink)
            except Exception:
                name = type(sink).__name__
                logger.exception("%s failed on an exchange; the request was not affected", name)
                self._notify(f"{name} failed, and misses a part of what is recorded (the log says why)")

    def _begin(self, record: ExchangeRecord) -> None:
        self._tell(lambda sink: sink.began(record.exchange, record.raw.recording))

    def _grow(self, record: ExchangeRecord) -> None:
        growth = record.take_growth()
        self._tell(lambda sink: sink.grew(record.exchange, growth))

    def _read(self, record: ExchangeRecord) -> None:
        record.read_request()
        record.join(self._conversations)
        record.compare(self._tries)
        exchange = record.exchange
        main_agent = exchange.kind is Kind.MESSAGES and exchange.agent_id is None
        known = exchange.session_id in self._known_sessions
        if record.request is not None and main_agent and (not known or exchange.session_id in self._untitled_sessions):
            clues = session_clues(record.request)
            record.exchange = with_changes(exchange, clues=clues)
            # A session can begin with a command that the client runs itself; the user's words come in a later request.
            if clues.title is not None:
                self._untitled_sessions.pop(exchange.session_id or "", None)
            elif exchange.session_id is not None:
                _remember(self._untitled_sessions, exchange.session_id, _MOST_SESSIONS_KNOWN)
            if exchange.dialect == Dialect.MESSAGES and not known:
                record.notice = on_first_request(record.raw.request.headers, record.request)
            if exchange.session_id is not None:
                if not known:
                    record.seek(self._origins)
                _remember(self._known_sessions, exchange.session_id, _MOST_SESSIONS_KNOWN)
        if exchange.kind is Kind.MESSAGES and exchange.agent_id is not None:
            agent = (exchange.session_id, exchange.agent_id)
            # The first request states the task; reading it from each would cost the same again every time.
            if agent not in self._known_agents:
                record.read_task()
                _remember(self._known_agents, agent, _MOST_AGENTS_KNOWN)

    def _snapshot(self, record: ExchangeRecord) -> None:
        record.snapshot(self._pricer)

    def _end(self, record: ExchangeRecord) -> None:
        try:
            growth = record.take_growth(rest=True)
        except Exception:
            # The sinks must learn of the end, or the exchange would stay live for ever.
            logger.exception(_FAILED, record.raw.id)
            self._tell_failed(record.raw)
            growth = Growth((), (), None)
        self._tell(lambda sink: sink.ended(record.exchange, growth))
        exchange = record.exchange
        if exchange.conversation is not None and exchange.session_id is not None:
            self._origins.remember(exchange.conversation, exchange.session_id, exchange.id)
        for notice in self._served.of(exchange):
            self._notify(notice)
        if exchange.kind is Kind.TITLE and exchange.session_id is not None:
            # Not at its beginning: its destination may be unknown then.
            if exchange.session_id not in self._titled_sessions:
                record.notice = on_title_request(exchange.client, exchange.model, exchange.url)
            _remember(self._titled_sessions, exchange.session_id, _MOST_SESSIONS_KNOWN)

    def _try(self, record: ExchangeRecord, step: Callable[[ExchangeRecord], None]) -> bool:
        try:
            step(record)
        except Exception:
            logger.exception(_FAILED, record.raw.id)
            self._tell_failed(record.raw)
            record.failed = True
            return False
        return True

    def _tell_failed(self, raw: RawExchange) -> None:
        """Tell the user what a failure cost."""
        self._notify(f"Exchange {raw.id} could not be recorded in full (the log says why)")

    @property
    def catching_up(self) -> bool:
        """Whether the waiting requests take so much memory that recording must catch up."""
        return self._waiting_bytes > _MUCH

    @property
    def _late(self) -> bool:
        """Whether recording what waited took longer than it should."""
        return time.perf_counter() - self._tick_began > _PATIENCE_S

    def _begin_slice(self, others_s: float = 0.0) -> None:
        """Start a slice. ``others_s`` is the time that the loop's other work took since the last one."""
        slice_s = _SLICE_S
        if self._late:
            waiting = len(self._waiting) + len(self._live)
            slice_s = min(slice_s + _SLICE_PER_WAITING_S * waiting, _LONGEST_SLICE_S)
        if self.catching_up:
            share = self._waiting_bytes / _MUCH
            slice_s = max(slice_s, min(others_s * share, _LONGEST_CATCHING_UP_S))
        self._slice_end = time.perf_counter() + slice_s

    async def _breathe(self) -> None:
        now = time.perf_counter()
        if now >= self._slice_end:
            hurries = self._closing or self.catching_up or self._late
            await asyncio.sleep(0 if hurries else _SLICE_S / _SHARE - _SLICE_S)
            self._begin_slice(time.perf_counter() - now)


def _remember(known: dict[_Key, None], key: _Key, most: int) -> None:
    """Add a key; beyond ``most``, the one that was added first is dropped."""
    known[key] = None
    if len(known) > most:
        del known[next(iter(known))]
