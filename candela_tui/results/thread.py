"""The thread that works out what became of each request's cache, and what filled its context, while candela runs."""

import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from candela_tui.analysis.context_parts import ContextPart, sums_of
from candela_tui.database_url import DatabaseUrl, StoreLocation
from candela_tui.exchange import Exchange
from candela_tui.exchange.context_sums import ContextSums
from candela_tui.file_lock import locked_now
from candela_tui.pricing import Pricer
from candela_tui.results.cache import CacheDiagnoser
from candela_tui.results.contexts import ContextSummer
from candela_tui.store.errors import StoreError
from candela_tui.store.sequential_reader import SequentialReader
from candela_tui.store.writer import StoreWriter
from candela_tui.threads import Pace, Stopped

_FILLS_EVERY_S: Final = 600.0
"""Seconds between two looks for earlier requests without a result: those that were imported, or that another candela
left. The first is at the start."""
_FORGETS_AFTER_S: Final = 60.0
"""Seconds without a request after which nothing is remembered of the last ones."""
_TOGETHER: Final = 20
"""Earlier requests whose results are stored in one transaction."""
_FIRST: Final = 200
"""Earlier requests after which the dashboard is told: as many as fill its first screens."""


class _WorkedOut(NamedTuple):
    exchange: Exchange
    """With its results."""
    parts: Sequence[ContextPart] | None
    """What fills its context window; None if that can't be told."""


class ResultsThread:
    """Works from ``start`` to ``close``: on each request of this candela once it is stored, and, while there is none,
    on earlier ones that have no result of this version, the newest first.

    The writer stores the results. After that, ``on_results`` is called from its thread with the exchanges of this
    candela, and ``on_more`` when earlier ones have changed. ``on_problem`` gets a message for the user.
    """

    def __init__(
        self,
        store: StoreLocation,
        writer: StoreWriter,
        pricer: Pricer,
        *,
        on_results: Callable[[Sequence[Exchange]], None],
        on_more: Callable[[], None],
        on_problem: Callable[[str], None],
        quiet_s: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """``quiet_s`` says for how many seconds no stream has been live: the thread waits for a quiet moment, but not
        for long, and rests nearly all of the time while there is none."""
        self._path = store
        self._store = SequentialReader(store)
        self._writer = writer
        self._on_results = on_results
        self._on_more = on_more
        self._on_problem = on_problem
        self._stop = threading.Event()
        self._pace = Pace(self._stop, quiet_s)
        self._ended: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        """The ids of requests that were stored; None ends the wait for one."""
        self._diagnoser = CacheDiagnoser(self._store, pricer, self._pace.pause)
        self._summer = ContextSummer(self._diagnoser.prompts, self._pace.pause)
        self._thread = threading.Thread(target=self._run, name="candela-results", daemon=True)

    def start(self) -> None:
        """Start the thread. Never raises: without it, the results are worked out the next time."""
        with suppress(RuntimeError):
            self._thread.start()

    def stored(self, exchange_id: str) -> None:
        """Take note that a request of this candela ended and is in the store. May be called from any thread."""
        self._ended.put(exchange_id)

    def close(self, timeout_s: float) -> None:
        """End the thread. What it has not worked out, it does the next time."""
        self._stop.set()
        self._ended.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._work()
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 - the relay goes on whatever happens here
            self._on_problem(
                f"Causes of cache misses and contexts are not worked out any more, by a fault of candela's own "
                f"({type(error).__name__}: {error})."
            )
        finally:
            self._store.close()

    def _work(self) -> None:
        fill_at = 0.0
        while True:
            if time.monotonic() >= fill_at:
                with self._alone() as held:
                    if held:
                        self._fill()
                fill_at = time.monotonic() + _FILLS_EVERY_S
            self._take(_FORGETS_AFTER_S)

    def _alone(self) -> AbstractContextManager[bool]:
        """Return a lock that one process on a file holds. Those that share a database may work out the same twice."""
        if isinstance(self._path, DatabaseUrl):
            return nullcontext(True)
        return locked_now(self._path.with_name(f"{self._path.name}.results"))

    def _take(self, wait_s: float) -> None:
        """Work on the requests that ended. Wait for one, up to so many seconds. Raises Stopped."""
        try:
            exchange_id = self._ended.get(timeout=wait_s) if wait_s else self._ended.get_nowait()
        except queue.Empty:
            if wait_s:
                self._diagnoser.forget()
                self._summer.forget()
                self._store.forget()
            return
        self._pace.begin()
        while not self._stop.is_set():
            exchange = self._exchange(exchange_id) if exchange_id is not None else None
            if exchange is not None and (result := self._worked_out(exchange)) is not None:
                self._store_results([result], partial(self._on_results, [result.exchange]))
            self._pace.pause()
            try:
                exchange_id = self._ended.get_nowait()
            except queue.Empty:
                return
        raise Stopped

    def _exchange(self, exchange_id: str) -> Exchange | None:
        """Return an exchange with its headers, as it is shown; None if it can't be read."""
        with suppress(StoreError):
            return self._store.exchange(exchange_id)
        return None

    def _worked_out(self, exchange: Exchange) -> _WorkedOut | None:
        """Return an exchange with its results; None if it can have none, or the store can't be read."""
        if exchange.live or not exchange.asks_message:
            return None
        # Whoever reads or writes the store says what is wrong with it.
        with suppress(StoreError):
            # What is known stays: the bodies that it was found in may be gone.
            cache = exchange.cache or self._diagnoser.result(exchange)
            self._pace.pause()
            parts = self._summer.parts(exchange)
            context = sums_of(parts) if parts is not None else exchange.context or ContextSums()
            return _WorkedOut(replace(exchange, cache=cache, context=context), parts)
        return None

    def _store_results(self, results: Sequence[_WorkedOut], then: Callable[[], None]) -> None:
        parts = {each.exchange.id: each.parts for each in results if each.parts is not None}
        self._writer.add_results([each.exchange for each in results], then, parts)

    def _fill(self) -> None:
        """Work on earlier requests until each has a result. Raises Stopped."""
        before: str | None = None
        found = 0
        while True:
            self._pace.begin()
            try:
                ids = self._store.without_results(before, _TOGETHER)
                read = self._store.with_ids(ids)
            except StoreError:
                return
            self._pace.pause()
            results: list[_WorkedOut] = []
            for exchange_id in ids:
                # What is new comes first.
                self._take(0)
                exchange = read.get(exchange_id)
                if exchange is not None and (result := self._worked_out(exchange)) is not None:
                    results.append(result)
                self._pace.pause()
            told = found < _FIRST <= found + len(results)
            found += len(results)
            ends = len(ids) < _TOGETHER
            self._store_results(results, self._on_more if told or (ends and found) else lambda: None)
            if ends:
                return
            before = ids[-1]
