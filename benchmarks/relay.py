"""candela beside what people would use instead: ``python -m benchmarks``, or ``python -m benchmarks relay``.

All targets run at once and take turns within each round, so that the noise of the machine hits all alike.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import uvloop

from benchmarks import report
from benchmarks.cases import CASES
from benchmarks.load import smaller
from benchmarks.programs import server
from benchmarks.rounds import run, started
from benchmarks.targets import TARGETS, Setting


def _listed(known: list[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        named = text.split(",")
        if unknown := set(named) - set(known):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}. Known: {', '.join(known)}")
        return named

    return read


def main(arguments: Sequence[str]) -> None:
    """Put every case on every target, round by round, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks relay")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--history", type=int, default=20_000, metavar="N", help="requests in the store of each candela"
    )
    case_ids, target_ids = [case.id for case in CASES], [target.id for target in TARGETS]
    parser.add_argument("--cases", type=_listed(case_ids), default=case_ids, metavar="ID,ID", help=", ".join(case_ids))
    parser.add_argument(
        "--targets", type=_listed(target_ids), default=target_ids, metavar="ID,ID", help=", ".join(target_ids)
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the load, only to see that all of it works")
    options = parser.parse_args(arguments)
    cases = [case for case in CASES if case.id in options.cases]
    if options.quick:
        cases = [replace(case, shape=smaller(case.shape)) for case in cases]
    # The provider itself and the bare pass-through are what all ratios are to.
    targets = [target for target in TARGETS if target.id in {"straight", "bare", *options.targets}]

    def tell(line: str) -> None:
        print(line, flush=True)

    with (
        tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory,
        server("benchmarks.upstream") as upstream,
        started(targets, Setting(upstream, Path(directory), options.history), tell) as found,
    ):
        results = uvloop.run(run(cases, found.running, options.rounds, tell))
    print(report.text(results))
