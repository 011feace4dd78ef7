"""Memory while much comes: ``python -m benchmarks memory``.

What candela holds at its peak during a burst, beside what it held before.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks.load import WARM_UP, Shape, drive
from benchmarks.programs import Candela, candela, server

SHAPES = (
    Shape("3,000 requests of 87 KB, 30 at once", requests=3000, connections=30, body_kb=87, events=20),
    Shape("an answer of 200 MB", requests=1, connections=1, events=3125, delta_kb=64),
)
_LOOK_EVERY_S = 0.05


async def _peak(program: Candela, shape: Shape) -> float:
    """Return candela's peak memory during the load, in MB."""
    peak = program.resident_mb()
    loading = asyncio.create_task(drive(program.url, shape))
    while not loading.done():
        await asyncio.wait({loading}, timeout=_LOOK_EVERY_S)
        peak = max(peak, program.resident_mb())
    await loading
    return peak


async def _measure(program: Candela, shape: Shape) -> None:
    await drive(program.url, WARM_UP)
    before = program.resident_mb()
    peak = await _peak(program, shape)
    print(f"{shape.name}: {peak:.0f} MB at the peak, {before:.0f} MB before: {peak / before:.1f}x", flush=True)


def main(arguments: Sequence[str]) -> None:
    """Print the peak of each burst, each on a new candela."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks memory")
    parser.add_argument("--dashboard", action="store_true", help="with the dashboard open on a pseudo-terminal")
    options = parser.parse_args(arguments)
    with server("benchmarks.upstream") as upstream:
        for shape in SHAPES:
            with (
                tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory,
                candela(upstream.url, Path(directory), dashboard=options.dashboard) as program,
            ):
                uvloop.run(_measure(program, shape))
