"""What candela's relay costs, beside the bare pass-through that is the floor of its stack.

    uv run python benchmarks/relay.py [--rounds N] [--dashboard]

Starts a canned provider, the floor and candela (capturing into a store of its own), and drives them in turn, round by
round in one run, so that ratios hold on a noisy machine. ``--dashboard`` runs candela with its dashboard on a
pseudo-terminal of 120x36 instead of ``candela serve``.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import uvloop
from load import Measured, Shape, drive, quantile
from programs import candela, server

_HERE = Path(__file__).parent

SHAPES = (
    Shape("one at a time, 90 KB", requests=60, connections=1),
    Shape("32 at once, 90 KB", requests=192, connections=32),
    Shape("8 at once, 1 MB", requests=32, connections=8, body_kb=1024),
    Shape("40 streams paced at 20 ms", requests=40, connections=40, events=150, pace_ms=20),
)


def _joined(rounds: list[Measured]) -> Measured:
    whole = Measured()
    for each in rounds:
        whole.add(each)
    return whole


def _ratios(direct: Measured, floor: Measured, candela: Measured) -> tuple[float, float, float, float]:
    """Return ratios of candela to the floor: added time to the first byte, throughput, delay p99 and p99.9."""
    base = quantile(direct.first_byte, 0.5)
    return (
        (quantile(candela.first_byte, 0.5) - base) / (quantile(floor.first_byte, 0.5) - base),
        candela.requests_per_second / floor.requests_per_second,
        quantile(candela.delay, 0.99) / quantile(floor.delay, 0.99),
        quantile(candela.delay, 0.999) / quantile(floor.delay, 0.999),
    )


def _report(shape: Shape, seen: dict[str, list[Measured]]) -> None:
    whole = {name: _joined(rounds) for name, rounds in seen.items()}
    print(f"\n{shape.name} ({shape.events} events, {len(whole['floor'].first_byte)} requests each)")
    print(f"  {'':10}{'TTFB p50':>10}{'added':>9}{'requests/s':>12}{'delay p50':>11}{'p99':>9}{'p99.9':>9}  ms")
    direct = quantile(whole["direct"].first_byte, 0.5)
    for name, measured in whole.items():
        first = quantile(measured.first_byte, 0.5)
        delays = "".join(
            f"{quantile(measured.delay, share):{width}.2f}" for share, width in ((0.5, 11), (0.99, 9), (0.999, 9))
        )
        print(f"  {name:10}{first:10.2f}{first - direct:9.2f}{measured.requests_per_second:12.1f}{delays}")
    by_round = [_ratios(*each) for each in zip(seen["direct"], seen["floor"], seen["candela"], strict=True)]
    added, throughput, delay_99, delay_999 = (statistics.median(column) for column in zip(*by_round, strict=True))
    print(
        f"  candela to floor, median of {len(by_round)} rounds: added TTFB {added:.2f}x · throughput {throughput:.2f}x"
        f" · delay p99 {delay_99:.2f}x · p99.9 {delay_999:.2f}x",
        flush=True,
    )


async def _drive_all(targets: dict[str, str], rounds: int) -> None:
    for shape in SHAPES:
        seen: dict[str, list[Measured]] = {name: [] for name in targets}
        for url in targets.values():
            await drive(url, Shape("warm-up", 3, 1))
        for _ in range(rounds):
            for name, url in targets.items():
                seen[name].append(await drive(url, shape))
        _report(shape, seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dashboard", action="store_true", help="with the dashboard open on a pseudo-terminal")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory,
        server(str(_HERE / "upstream.py")) as upstream,
        server(str(_HERE / "floor.py"), upstream) as floor,
        candela(upstream, Path(directory), dashboard=options.dashboard) as program,
    ):
        uvloop.run(_drive_all({"direct": upstream, "floor": floor, "candela": program.url}, options.rounds))


if __name__ == "__main__":
    main()
