"""candela beside what people would use instead: ``python -m benchmarks``, or ``python -m benchmarks relay``.

All targets run at once and take turns within each round, so that the noise of the machine hits all alike.
"""

import argparse
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from benchmarks import report, section
from benchmarks.candelas import CLOUDS, INTERCEPTED
from benchmarks.cases import CASES
from benchmarks.document import DOCUMENT, write_section
from benchmarks.load import QUICK, smaller
from benchmarks.machine import this_machine
from benchmarks.plot import svg
from benchmarks.programs import server
from benchmarks.rounds import Result, Started, run, started
from benchmarks.target import Setting
from benchmarks.targets import LABELS, TARGETS

README = DOCUMENT.parents[1] / "README.md"
_SAME = {"dashboard", "attached", *CLOUDS, *INTERCEPTED}


def _listed(known: list[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        named = text.split(",")
        if unknown := set(named) - set(known):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}. Known: {', '.join(known)}")
        return named

    return read


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks relay")
    case_ids, target_ids = [case.id for case in CASES], [target.id for target in TARGETS]
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no round that would end later")
    parser.add_argument(
        "--history", type=int, default=20_000, metavar="N", help="requests in the store of each candela"
    )
    parser.add_argument("--cases", type=_listed(case_ids), metavar="ID,ID", help=", ".join(case_ids))
    parser.add_argument("--targets", type=_listed(target_ids), metavar="ID,ID", help=", ".join(target_ids))
    parser.add_argument("--quick", action="store_true", help="a tenth of the load, only to see that all of it works")
    parser.add_argument(
        "--document",
        type=Path,
        metavar="FILE",
        help="write the section here. Without it, a run of everything writes docs/performance.md and README.md",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Put every case on every target, round by round, and report the figures."""
    options = _options(arguments)
    cases = [case for case in CASES if options.cases is None or case.id in options.cases]
    if options.quick:
        cases = [replace(case, shape=smaller(case.shape, QUICK)) for case in cases]
    # The provider itself and the bare pass-through are what all ratios are to.
    named = {"straight", "bare", *(options.targets or LABELS)}
    targets = [target for target in TARGETS if target.id in named]

    load = os.getloadavg()[0]

    def tell(line: str) -> None:
        print(line, flush=True)

    with (
        tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory,
        server("benchmarks.upstream") as upstream,
        started(targets, Setting(upstream, Path(directory), options.history), tell) as found,
    ):
        results = uvloop.run(run(cases, found.running, options.rounds, tell, options.minutes))
        about = _about(options, found, len(results[0].rounds), load)
    print(report.text(results))
    if options.document:
        _write(results, about, options.document)
    elif not (options.quick or options.cases or options.targets):
        _write(results, about, DOCUMENT)
        README.write_text(section.quoted_in(README.read_text("utf-8"), results), "utf-8")


def _about(options: argparse.Namespace, found: Started, rounds: int, load: float) -> section.About:
    return section.About(
        date=datetime.now(UTC).date().isoformat(),
        rounds=rounds,
        history=options.history,
        machine=this_machine(),
        load=load,
        # The forms of candela share one version.
        versions={name: each.version for name, each in found.running.items() if each.version and name not in _SAME},
        skipped=found.skipped,
    )


def _write(results: Sequence[Result], about: section.About, document: Path) -> None:
    write_section("relay", section.markdown(results, about), document)
    drawn = svg(section.panels(results), "candela beside other proxies: medians and ranges of the tables")
    document.with_suffix(".svg").write_text(drawn, "utf-8")
