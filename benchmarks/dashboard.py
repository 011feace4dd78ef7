"""What the dashboard costs: ``python -m benchmarks dashboard``.

candela runs on a pseudo-terminal of 120x36 with many requests in its store, one of them a conversation of 10 MB. The
processor time of its main thread (which draws) and of its other threads (which relay and store) is measured, idle and
with live rows. What using it does to streams is measured by ``python -m benchmarks relay``.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks.dashboard_user import DashboardUser
from benchmarks.history import fill
from benchmarks.load import Shape, drive
from benchmarks.programs import Candela, candela, server

_LIVE = 20
_LIVE_PACE_MS = 50
_SETTLE_S = 3.0


async def _processor(program: Candela, seconds: float) -> tuple[float, float]:
    """Return the percent of a core that the dashboard's thread and the others used over some seconds."""
    before = program.threads_seconds()
    await asyncio.sleep(seconds)
    after = program.threads_seconds()
    return (after[0] - before[0]) / seconds * 100, (after[1] - before[1]) / seconds * 100


async def _live(program: Candela, seconds: float) -> tuple[float, float]:
    events = int((seconds + 2 * _SETTLE_S) * 1000 / _LIVE_PACE_MS)
    shape = Shape("live", requests=_LIVE, connections=_LIVE, events=events, pace_ms=_LIVE_PACE_MS)
    load = asyncio.create_task(drive(program.url, shape))
    await asyncio.sleep(_SETTLE_S)
    used = await _processor(program, seconds)
    await load
    return used


async def _in_use(program: Candela, minutes: int) -> None:
    began = program.resident_mb()
    shape = Shape("live", _LIVE, _LIVE, events=60_000 // _LIVE_PACE_MS, pace_ms=_LIVE_PACE_MS)
    user = DashboardUser(program)
    async with user.at_work():
        for minute in range(1, minutes + 1):
            await drive(program.url, shape)
            now = program.resident_mb()
            print(f"in use for {minute} min: {now:.0f} MB ({now - began:+.0f})", flush=True)
    if minutes and not user.read_large:
        print("The large conversation was never on the screen: the keys did something else.")


async def _measure(program: Candela, seconds: float, minutes: int) -> None:
    await asyncio.sleep(2 * _SETTLE_S)
    main, other = await _processor(program, seconds)
    print(f"idle: dashboard {main:.1f}%, other threads {other:.1f}% of a core; {program.resident_mb():.0f} MB")
    main, other = await _live(program, seconds)
    print(
        f"{_LIVE} live streams at {_LIVE_PACE_MS} ms: dashboard {main:.1f}%, other threads {other:.1f}% of a core",
        flush=True,
    )
    await _in_use(program, minutes)


def main(arguments: Sequence[str]) -> None:
    """Print the processor time of the dashboard, and its memory over time."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks dashboard")
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--minutes", type=int, default=0, help="of use under load, to see what memory does")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory:
        fill(Path(directory) / "candela.db", options.requests)
        with (
            server("benchmarks.upstream") as upstream,
            candela(upstream.url, Path(directory), dashboard=True) as program,
        ):
            uvloop.run(_measure(program, options.seconds, options.minutes))
