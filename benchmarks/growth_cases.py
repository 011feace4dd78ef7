"""What is done with the dashboard at each size, and its measurement.

The dashboard runs without a terminal, and is used as a user would. Each size has a process of its own.
"""

import asyncio
import json
import multiprocessing
import resource
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from benchmarks.history import fill_small, large_body, request_of, store
from candela_tui.feed import Feed
from candela_tui.ledger.ledger import Dimension
from candela_tui.providers.identity import RouteName
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.report import export_of
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import utc_now
from candela_tui.ui.app import CandelaApp
from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.state.proxy_status import ProxyStatus

_OF_A_SESSION = 250
_TICK_S = 0.004
_IDLE_S = 0.1
_IDLE_SHARE = 0.05
"""The share of a core below which the dashboard counts as idle. Measuring stalls takes some itself."""
_IDLE_TIMES = 3
_LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operation cost at one size."""

    case: str
    operation: str
    size: int
    unit: str
    """What the size counts."""
    cpu_ms: float
    """Processor time of the whole process until it is idle again."""
    stall_ms: float
    """The longest time for which another thread of the process, as the proxy's, had to wait."""
    peak_mb: float
    """The most memory of the process up to then."""


class _Meter:
    """Measures operations, and notes how long the interpreter was held meanwhile."""

    def __init__(self, case: str, size: int, unit: str) -> None:
        self.costs: list[Cost] = []
        self._about = (case, size, unit)
        self._worst_s = 0.0
        self.ticks = 0
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self) -> None:
        while True:
            self.ticks += 1
            before = time.perf_counter()
            time.sleep(_TICK_S)
            self._worst_s = max(self._worst_s, time.perf_counter() - before - _TICK_S)

    @contextmanager
    def measured(self, operation: str) -> Iterator[None]:
        """Measure what is done in the block."""
        self._worst_s = 0.0
        began = time.process_time()
        yield
        used = time.process_time() - began
        case, size, unit = self._about
        self.costs.append(Cost(case, operation, size, unit, used * 1e3, self._worst_s * 1e3, _peak_mb()))


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


@asynccontextmanager
async def _dashboard(path: Path, meter: _Meter) -> AsyncIterator[Pilot[int]]:
    status = ProxyStatus(address="127.0.0.1:8181", route=RouteName.DIRECT, base_url="https://api.anthropic.com")
    app = CandelaApp(feed=Feed(), history=StoreReader(path), status=status, preferences=Preferences(None))
    async with app.run_test(size=(120, 36)) as pilot:
        with meter.measured("open the dashboard"):
            await _idle(meter)
        yield pilot


async def _idle(meter: _Meter) -> None:
    """Wait until the dashboard has nothing to do. A time in which it got no core does not count."""
    ends = time.monotonic() + _LONGEST_S
    idle = 0
    while time.monotonic() < ends:
        before, ticks = time.process_time(), meter.ticks
        await asyncio.sleep(_IDLE_S)
        ran = meter.ticks - ticks > _IDLE_S / _TICK_S / 2
        idle = idle + 1 if ran and time.process_time() - before < _IDLE_SHARE * _IDLE_S else 0
        if idle == _IDLE_TIMES:
            return
    raise SystemExit(f"The dashboard was busy for more than {_LONGEST_S:.0f} s.")


async def _press(pilot: Pilot[int], meter: _Meter, operation: str, *keys: str) -> None:
    with meter.measured(operation):
        await pilot.press(*keys)
        await _idle(meter)


async def _store(directory: Path, size: int, meter: _Meter) -> None:
    path = directory / "candela.db"
    fill_small(path, size, sessions=max(1, size // _OF_A_SESSION), apart=timedelta(seconds=30))
    reader = StoreReader(path)
    async with _dashboard(path, meter) as pilot:
        await _press(pilot, meter, "select another session", "1", "j")
        await _press(pilot, meter, "filter its requests", "2", "slash", *"model:opus", "enter")
    newest = reader.exchanges(ExchangeQuery(limit=1))[0]
    with meter.measured("look for new requests"):
        reader.exchanges(ExchangeQuery(since=newest.started_at))
    with meter.measured("export a session"):
        (session,) = reader.sessions_beginning(newest.session_id or "", 1)
        _exported(reader.exchanges(ExchangeQuery(session)))
    with meter.measured("sum up every session"):
        reader.totals(by=(Dimension.SESSION, Dimension.AGENT)).sessions()


def _exported(exchanges: Sequence[Any]) -> None:
    for report in REPORTS.values():
        for _ in report.pieces(export_of(exchanges)):
            pass


async def _session(directory: Path, size: int, meter: _Meter) -> None:
    path = directory / "candela.db"
    fill_small(path, size, sessions=1, apart=timedelta(seconds=1))
    async with _dashboard(path, meter) as pilot:
        await _press(pilot, meter, "scroll ten pages", "2", *["pageup"] * 10)
        app = pilot.app
        assert isinstance(app, CandelaApp)
        newest = app.sources.loaded.newest
        assert newest is not None
        with meter.measured("take ten new requests"):
            for number in range(10):
                app.sources.feed.publish((request_of(utc_now(), number, session_id=newest.session_id),))
                await asyncio.sleep(_IDLE_S)
            await _idle(meter)
        await _press(pilot, meter, "filter its requests", "slash", *"tokens>10", "enter")
    with meter.measured("export it"):
        _exported(StoreReader(path).exchanges())


async def _request(pilot: Pilot[int], meter: _Meter, page: str, key: str) -> None:
    await _press(pilot, meter, f"open {page}", key)
    await _press(pilot, meter, "scroll ten pages", *["pagedown"] * 10)
    await _press(pilot, meter, "search for what is not there", "slash", *"xyzzy", "enter")
    await pilot.press("escape")


async def _conversation(directory: Path, size: int, meter: _Meter) -> None:
    path = directory / "candela.db"
    store(path, request_of(utc_now(), 0), large_body(messages=200 * size, kilobytes=1000 * size), [b"{}"])
    async with _dashboard(path, meter) as pilot:
        await _press(pilot, meter, "open the request", "2", "enter")
        await _request(pilot, meter, "its messages", "2")
        await _request(pilot, meter, "its bytes", "7")


async def _objects(directory: Path, size: int, meter: _Meter) -> None:
    path = directory / "candela.db"
    some = [{"id": n, "name": f"n{n % 97}", "ok": n % 2 == 0, "at": {"x": n % 13, "y": [1, 2]}} for n in range(2000)]
    text = json.dumps(some, separators=(",", ":"))
    body = f'{{"model":"m","all":[{",".join([text] * max(1, size * 1000 // len(text)))}]}}'.encode()
    store(path, request_of(utc_now(), 0), body, [b"{}"])
    async with _dashboard(path, meter) as pilot:
        await _press(pilot, meter, "open the request", "2", "enter")
        await _request(pilot, meter, "its bytes", "7")


async def _stream(directory: Path, size: int, meter: _Meter) -> None:
    path = directory / "candela.db"
    store(path, request_of(utc_now(), 0), b'{"stream":true}', list(_events(size)))
    async with _dashboard(path, meter) as pilot:
        await _press(pilot, meter, "open the request", "2", "enter")
        await _request(pilot, meter, "the answer", "5")
        await _request(pilot, meter, "its events", "8")


def _events(number: int) -> Iterator[bytes]:
    def event(kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()

    yield event("message_start", message={"id": "msg_1", "model": "claude-opus-4-8", "usage": {"input_tokens": 12}})
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for count in range(number):
        text = f"word {count} " if count % 10 else "and a line.\n"
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
    yield event("content_block_stop", index=0)
    yield event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 61})
    yield event("message_stop")


Case = Callable[[Path, int, _Meter], Coroutine[Any, Any, None]]
CASES: dict[str, tuple[Case, str, tuple[int, int, int]]] = {
    "store": (_store, "requests in the store", (10_000, 100_000, 1_000_000)),
    "session": (_session, "requests of a session", (500, 1_500, 5_000)),
    "conversation": (_conversation, "MB of a conversation", (6, 20, 60)),
    "objects": (_objects, "kB of small objects", (1_100, 3_500, 11_000)),
    "stream": (_stream, "events of an answer", (20_000, 60_000, 200_000)),
}
"""What grows, in which unit, and its sizes."""


def measure_one(case: str, size: int) -> list[Cost]:
    """Measure a case at one size, in this process."""
    run, unit, _ = CASES[case]
    with tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory:
        meter = _Meter(case, size, unit)
        asyncio.run(run(Path(directory), size, meter))
        return meter.costs


def measure(cases: Sequence[str] = tuple(CASES), share: float = 1.0, tell: Callable[[str], None] = print) -> list[Cost]:
    """Measure each case at its sizes, times ``share``. The rows of docs/performance.md."""
    found: list[Cost] = []
    for case in cases:
        for size in CASES[case][2]:
            tell(f"{case}: {int(size * share):,} {CASES[case][1]}")
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                found += process.submit(partial(measure_one, case, max(1, int(size * share)))).result()
    return found
