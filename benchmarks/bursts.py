"""What bursts cost: the first byte when many streams begin at once, and memory while much comes.

    uv run python benchmarks/bursts.py [--rounds N]

Starts a canned provider, the floor and candela (capturing into a store of its own). The waits are ratios to the floor
of the same round, so that they hold on a noisy machine; memory is what candela holds at its peak, beside what it held
before.
"""

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

import uvloop
from load import Shape, drive
from programs import Candela, candela, server

_HERE = Path(__file__).parent

AT_ONCE = Shape("200 streams at once, 90 KB", requests=200, connections=200, pace_ms=20)
MEMORY = (
    Shape("3,000 requests of 87 KB, 30 at once", requests=3000, connections=30, body_kb=87, events=20),
    Shape("an answer of 200 MB", requests=1, connections=1, events=3125, delta_kb=64),
)
_LOOK_EVERY_S = 0.05


async def _slowest_first_bytes(targets: dict[str, str], rounds: int) -> None:
    seen: dict[str, list[float]] = {name: [] for name in targets}
    for url in targets.values():
        await drive(url, Shape("warm-up", 3, 1))
    for _ in range(rounds):
        for name, url in targets.items():
            seen[name].append(max((await drive(url, AT_ONCE)).first_byte))
    ratios = [mine / floor for mine, floor in zip(seen["candela"], seen["floor"], strict=True)]
    medians = " · ".join(f"{name} {statistics.median(values):.0f} ms" for name, values in seen.items())
    print(f"{AT_ONCE.name}: slowest first byte, median of {rounds} rounds: {medians}")
    print(f"  candela to floor: {statistics.median(ratios):.2f}x", flush=True)


async def _peak(program: Candela, shape: Shape) -> float:
    """Return candela's peak memory during the load, in MB."""
    peak = program.resident_mb()
    loading = asyncio.create_task(drive(program.url, shape))
    while not loading.done():
        await asyncio.wait({loading}, timeout=_LOOK_EVERY_S)
        peak = max(peak, program.resident_mb())
    await loading
    return peak


async def _memory(program: Candela, shape: Shape) -> None:
    await drive(program.url, Shape("warm-up", 3, 1))
    before = program.resident_mb()
    peak = await _peak(program, shape)
    print(f"{shape.name}: {peak:.0f} MB at the peak, {before:.0f} MB before: {peak / before:.1f}x", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with server(str(_HERE / "upstream.py")) as upstream:
        with (
            tempfile.TemporaryDirectory() as directory,
            server(str(_HERE / "floor.py"), upstream) as floor,
            candela(upstream, Path(directory), dashboard=False) as program,
        ):
            targets = {"direct": upstream, "floor": floor, "candela": program.url}
            uvloop.run(_slowest_first_bytes(targets, rounds))
        for shape in MEMORY:
            with (
                tempfile.TemporaryDirectory() as directory,
                candela(upstream, Path(directory), dashboard=False) as program,
            ):
                uvloop.run(_memory(program, shape))


if __name__ == "__main__":
    main()
