"""Soak candela for an hour, or as long as is asked.

    uv run python -m benchmarks soak [--minutes M] [--requests N] [--streams S] [--pace MS]

Prints a line a minute: the delay of a delta through candela and straight to the provider (p50, p99, p99.9 and the
longest, in ms), candela's memory, what it holds, and its collections of garbage in ms of processor time. At the end it
says what was not given back, and where the provider's log, the clients' log and the store differ. Exits with 1 if there
is any of these.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import uvloop

from benchmarks.soak.load import Mix
from benchmarks.soak.run import Soak, leaks, line, report, soak

_HOLDS = 10


def print_summary(found: Soak) -> bool:
    """Print the results as a whole. Return whether nothing leaked and the logs agree."""
    with_candela, without = found.delays
    print(f"whole soak: {line('candela', with_candela)} | {line('control', without)}  (p50 p99 p99.9 max, ms)")
    pauses = [ms for minute in found.minutes for _, ms in minute.pauses]
    long = sum(ms > 10 for ms in pauses)
    print(f"collections: {len(pauses)}, {long} over 10 ms, longest {max(pauses, default=0.0):.1f} ms of processor time")
    holds = sorted((hold for minute in found.minutes for hold in minute.holds), key=lambda hold: -hold[1])
    print(f"holds of the interpreter's lock over 8 ms of processor time: {len(holds)}; the longest:")
    for name, ms, where in holds[:_HOLDS]:
        print(f"  {ms:6.1f} ms  {name}: {where}")
    assert found.before is not None
    assert found.after is not None
    first, last = found.minutes[0].counts.resident_mb, found.minutes[-1].counts.resident_mb
    print(
        f"memory: {found.before.resident_mb:.0f} MB at rest before, {first:.0f} after the first minute, {last:.0f} "
        f"after the last, {found.after.resident_mb:.0f} at rest after"
    )
    leaked = leaks(found.before, found.after)
    print(f"not given back: {', '.join(leaked) or 'nothing'}")
    print(f"{found.requests} requests: {len(found.disagreements)} differences between provider, clients and store")
    for words in found.disagreements[:20]:
        print(f"  {words}")
    if not found.big_seen:
        print("No big request was on the screen: the keys did something else.")
    return not leaked and not found.disagreements


def main(arguments: list[str]) -> None:
    """Run the soak, and print what it showed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--requests", type=int, default=0, help="in the store from the start")
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--pace", type=int, default=30, help="ms between the deltas of a stream")
    parser.add_argument("--directory", type=Path, help="for candela's files while it runs")
    options = parser.parse_args(arguments)
    mix = dataclasses.replace(Mix(), streams=options.streams, pace_ms=options.pace)
    found = uvloop.run(
        soak(
            options.minutes * 60,
            mix,
            requests=options.requests,
            told=lambda minute: print(report(minute), flush=True),
            directory=options.directory,
        )
    )
    sys.exit(0 if print_summary(found) else 1)
