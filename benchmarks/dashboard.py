"""What the dashboard costs: idle, with live rows, in use beside paced streams, and over time.

    uv run python benchmarks/dashboard.py [--requests N] [--seconds S] [--minutes M]

candela runs on a pseudo-terminal of 120x36 with N requests in its store, one of them a conversation of 10 MB. The
processor's time of its main thread (which draws) and of its others (which relay and store) is told apart; the delay
of a chunk is from the provider's write to the client's read, beside the floor's in the same run.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

import uvloop
from history import LARGE_TITLE, fill
from load import Measured, Shape, drive, quantile
from programs import Candela, candela, server

_HERE = Path(__file__).parent
_LIVE = 20
_LIVE_PACE_MS = 50
_PACED = Shape("40 streams paced at 20 ms", requests=40, connections=40, pace_ms=20)
_SETTLE_S = 3.0
_KEY_EVERY_S = 0.15

_ESCAPE, _ENTER, _PAGE_DOWN = "\x1b", "\r", "\x1b[6~"
_TO_LARGE = [_ESCAPE, "h", "g", "j", "l", "G"]
_READING = [_ENTER, "2", *[_PAGE_DOWN] * 8, "G", "g", "7", *[_PAGE_DOWN] * 8, "G", "8", "4", "1", _ESCAPE]
_LISTS = ["h", "j", "j", "j", "G", "g", "l", "g", *"jjjjj", _PAGE_DOWN, _PAGE_DOWN, "G", "?", _ESCAPE]
_USE = [*_TO_LARGE, *_READING, *_LISTS]


async def _processor(program: Candela, seconds: float) -> tuple[float, float]:
    """Return the percent of a core that the dashboard's thread and the others used over some seconds."""
    before = program.processor_seconds()
    await asyncio.sleep(seconds)
    after = program.processor_seconds()
    return (after[0] - before[0]) / seconds * 100, (after[1] - before[1]) / seconds * 100


async def _live(program: Candela, seconds: float) -> tuple[float, float]:
    events = int((seconds + 2 * _SETTLE_S) * 1000 / _LIVE_PACE_MS)
    shape = Shape("live", requests=_LIVE, connections=_LIVE, events=events, pace_ms=_LIVE_PACE_MS)
    load = asyncio.create_task(drive(program.url, shape))
    await asyncio.sleep(_SETTLE_S)
    used = await _processor(program, seconds)
    await load
    return used


async def _use(program: Candela) -> None:
    """Type keys until cancelled."""
    while True:
        for keys in _USE:
            program.press(keys)
            await asyncio.sleep(_KEY_EVERY_S)


async def _paced(url: str, seconds: float) -> Measured:
    events = int(seconds * 1000 / _PACED.pace_ms)
    return await drive(url, Shape(_PACED.name, 40, 40, events=events, pace_ms=_PACED.pace_ms))


def _tell(name: str, measured: Measured) -> None:
    delays = "".join(f"{quantile(measured.delay, share):9.2f}" for share in (0.5, 0.99, 0.999))
    print(f"  {name:28}{delays}{max(measured.delay):9.2f}  ms", flush=True)


async def _measure(program: Candela, floor: str, seconds: float, minutes: float) -> None:
    await asyncio.sleep(2 * _SETTLE_S)
    main, other = await _processor(program, seconds)
    print(f"idle: dashboard {main:.1f}%, other threads {other:.1f}% of a core; {program.resident_mb():.0f} MB")
    main, other = await _live(program, seconds)
    print(
        f"{_LIVE} live streams at {_LIVE_PACE_MS} ms: dashboard {main:.1f}%, other threads {other:.1f}% of a core",
        flush=True,
    )

    print(f"{_PACED.name}: delay of a chunk   p50      p99    p99.9      max")
    _tell("floor", await _paced(floor, seconds))
    _tell("candela, dashboard untouched", await _paced(program.url, seconds))
    program.forget_shown()
    user = asyncio.create_task(_use(program))
    _tell("candela, dashboard in use", await _paced(program.url, seconds))
    if minutes:
        began = program.resident_mb()
        for minute in range(1, round(minutes) + 1):
            await drive(program.url, Shape("live", _LIVE, _LIVE, events=60_000 // _LIVE_PACE_MS, pace_ms=_LIVE_PACE_MS))
            grown = program.resident_mb() - began
            print(f"in use for {minute} min: {program.resident_mb():.0f} MB ({grown:+.0f})", flush=True)
    user.cancel()
    if LARGE_TITLE not in program.shown():
        print("The large conversation was not on the screen: the keys did something else.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--minutes", type=float, default=0, help="of use under load, to see what memory does")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory:
        fill(Path(directory) / "candela.db", options.requests)
        with (
            server(str(_HERE / "upstream.py")) as upstream,
            server(str(_HERE / "floor.py"), upstream) as floor,
            candela(upstream, Path(directory), dashboard=True) as program,
        ):
            uvloop.run(_measure(program, floor, options.seconds, options.minutes))


if __name__ == "__main__":
    main()
