"""What a change of candela costs: ``python -m benchmarks compare COMMIT [COMMIT]``.

Runs two commits, or a commit and the checkout as it is, without and with a dashboard. They take turns within each round
of one run, so that the noise of the machine hits both alike.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import uvloop

from benchmarks import programs
from benchmarks.cases import Case
from benchmarks.figures import PROCESSOR, THROUGHPUT, Figure, Spread, ratios, spread
from benchmarks.load import QUICK, Measured, Shape, quantile, smaller
from benchmarks.peers import CACHE
from benchmarks.programs import NotStarted, server
from benchmarks.report import number, ratio_text
from benchmarks.rounds import Result, run, started
from benchmarks.target import Running, Setting, Target

Side = Literal["before", "after"]
_ROOT = Path(__file__).parents[1]
_HISTORY = Path(__file__).with_name("history.py")
_FORMS = ("candela serve", "candela with dashboard")
_SURE_ROUNDS = 5
"""With fewer, that all rounds agree says little: of four, chance alone makes one in eight agree."""


def _mean_ttfb(own: Measured, _straight: Measured) -> float:
    return statistics.fmean(own.first_byte)


TTFB = (
    Figure("time to the first byte, mean", "ms", "less", "", _mean_ttfb),
    Figure("time to the first byte, p99.9", "ms", "less", "", lambda own, _: quantile(own.first_byte, 0.999)),
)
DELAY = (
    Figure("delay of a chunk, mean", "ms", "less", "", lambda own, _: statistics.fmean(own.delay)),
    Figure("delay of a chunk, p99.9", "ms", "less", "", lambda own, _: quantile(own.delay, 0.999)),
)


@dataclass(frozen=True, slots=True)
class Commit:
    """One of the two candelas that are compared."""

    name: str
    """Its short hash and subject, or what the checkout is called."""
    python: Path
    """The interpreter of an environment in which it is installed."""

    @property
    def command(self) -> list[str]:
        return [str(self.python.with_name("candela"))]


def _cases(targets: tuple[str, ...]) -> list[Case]:
    ninety = "90 KB, 100 events"
    return [
        Case("one", "One request at a time", Shape(ninety, 200, 1), (*TTFB, PROCESSOR), targets),
        Case("32", "32 at once", Shape(ninety, 640, 32), (*TTFB, THROUGHPUT, PROCESSOR), targets),
        Case(
            "paced",
            "40 streams, an event each 20 ms",
            Shape("90 KB, 150 events", 40, 40, events=150, pace_ms=20),
            (*DELAY, PROCESSOR),
            targets,
            in_use=True,
        ),
    ]


def checkout() -> Commit:
    """Return the checkout as it is, with what is not committed."""
    return Commit("this checkout", Path(sys.executable))


def installed(revision: str) -> Commit:
    """Return a commit of this repository, installed in the cache directory on the first call."""
    sha, _, subject = _git("log", "-1", "--format=%H %s", revision).partition(" ")
    path = CACHE / "commits" / sha
    python = path / ".venv" / "bin" / "python"
    if not (path / "complete").exists():
        print(f"installing {sha[:9]} …", flush=True)
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        archive = subprocess.run(["git", "-C", str(_ROOT), "archive", sha], capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(path)], input=archive.stdout, check=True)
        # The environment of this run is not to be that commit's.
        own = {
            name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")
        }
        command = ["uv", "sync", "--quiet", "--no-dev", "--python", sys.executable]
        done = subprocess.run(command, cwd=path, env=own, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"uv can't install {sha[:9]}:\n{done.stderr.strip()}")
        (path / "complete").touch()
    return Commit(f"{sha[:9]} ({subject})", python)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(_ROOT), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def _target(side: Side, commit: Commit, *, dashboard: bool) -> Target:
    form = _FORMS[dashboard]

    @contextlib.contextmanager
    def start(setting: Setting) -> Iterator[Running]:
        directory = setting.own(f"{side}-{dashboard}")
        if setting.history:
            _fill(commit, directory / "candela.db", setting.history)
        upstream = setting.upstream.url
        with programs.candela(upstream, directory, dashboard=dashboard, command=commit.command) as running:
            yield Running(running.url, "", (running,), user=running if dashboard else None)

    return Target(f"{form}, {side}", f"{form}, {side}: {commit.name}", start)


def _fill(commit: Commit, store: Path, requests: int) -> None:
    """Have the commit fill its own store, as the schemas may differ."""
    filling = [str(commit.python), str(_HISTORY), str(store), str(requests)]
    done = subprocess.run(filling, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotStarted("its store can't be filled; try --history 0", done.stderr.strip().splitlines()[-1])


def verdict(figure: Figure, ratio: Spread | None, rounds: int) -> str:
    """Return in a word what the ratios of all rounds say: only what all agree on is called a difference."""
    if ratio is None or rounds < _SURE_ROUNDS or ratio.low <= 1 <= ratio.high:
        return "no difference seen"
    return "better" if (ratio.high < 1) == (figure.better == "less") else "worse"


def text(results: Sequence[Result], before: str, after: str) -> str:
    """Return what the change cost."""
    parts = [f"before: {before}", f"after:  {after}"]
    for form in _FORMS:
        for result in results:
            pairs = [(each.get(f"{form}, before"), each.get(f"{form}, after")) for each in result.rounds]
            complete = [(old, new) for old, new in pairs if old and new]
            if complete:
                parts += ["", f"{form}, {result.case.title} ({result.case.shape.name})"]
                parts += [_line(figure, complete) for figure in result.case.figures]
    parts += [f"\n{name} gave up: {why}" for result in results for name, why in result.failed.items()]
    return "\n".join(parts)


def _line(figure: Figure, pairs: Sequence[tuple[Measured, Measured]]) -> str:
    old, new = ([figure.of(own, own) for own in side] for side in zip(*pairs, strict=True))
    ratio = ratios(new, old)
    change = f"{number(spread(old).median)} to {number(spread(new).median)} {figure.unit}"
    return f"  {figure.name:32}{change:34}{ratio_text(ratio):24}{verdict(figure, ratio, len(pairs))}"


def main(arguments: Sequence[str]) -> None:
    """Compare two commits, and print what the second costs beside the first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compare")
    parser.add_argument("before", metavar="COMMIT")
    parser.add_argument("after", metavar="COMMIT", nargs="?", help="default: the checkout as it is")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--history", type=int, default=5_000, metavar="N", help="requests in the store of each")
    parser.add_argument("--quick", action="store_true", help="a tenth of the load, only to see that all of it works")
    options = parser.parse_args(arguments)
    before = installed(options.before)
    after = installed(options.after) if options.after else checkout()
    sides: tuple[tuple[Side, Commit], ...] = (("before", before), ("after", after))
    targets = [_target(side, commit, dashboard=dashboard) for dashboard in (False, True) for side, commit in sides]
    cases = _cases(tuple(target.id for target in targets))
    if options.quick:
        cases = [replace(case, shape=smaller(case.shape, QUICK)) for case in cases]

    def tell(line: str) -> None:
        print(line, flush=True)

    with (
        tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory,
        server("benchmarks.upstream") as upstream,
        started(targets, Setting(upstream, Path(directory), options.history), tell) as found,
    ):
        results = uvloop.run(run(cases, found.running, options.rounds, tell))
    print(text(results, before.name, after.name))
