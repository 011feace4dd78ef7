"""What replicas on one PostgreSQL cost: ``python -m benchmarks replicas``.

One candela with SQLite and three on one PostgreSQL, each without and with one budget that they share. They all run at
once and take turns within each round. PostgreSQL is a server of this machine that the run starts.
"""

import argparse
import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

import uvloop

from benchmarks import programs
from benchmarks.cases import Case
from benchmarks.figures import ADDED_TTFB, THROUGHPUT, Figure, ratios, spread
from benchmarks.load import Measured, Shape
from benchmarks.programs import server
from benchmarks.report import number, ratio_text
from benchmarks.rounds import Result, run, started
from benchmarks.target import Running, Setting, Target
from candela_tui.database_url import DatabaseUrl
from tests.standin.postgres import PostgresServer, missing_postgres

_STRAIGHT = "straight"
_BUDGET = MappingProxyType({"CANDELA_RULES__BUDGETS": '[{ name = "all", window = "day", limit_usd = 1000000 }]'})
_KINDS = MappingProxyType({"no budget": MappingProxyType({}), "one budget": _BUDGET})
_REPLICAS = 3


def main(arguments: Sequence[str]) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks replicas", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=480, help="on each way, in each round")
    parser.add_argument("--at-once", type=int, default=8, metavar="N", help="requests at the same time")
    options = parser.parse_args(arguments)
    if (missing := missing_postgres()) is not None:
        raise SystemExit(missing)
    postgres = PostgresServer()
    try:
        targets = [Target(_STRAIGHT, "the provider itself", _straight)]
        for kind in _KINDS:
            targets.append(_target(f"SQLite, {kind}", kind, None))
            url = postgres.create()
            targets += [_target(f"replica {each}, {kind}", kind, url) for each in range(1, _REPLICAS + 1)]
        shape = Shape("90 KB, 100 events", options.requests, options.at_once)
        names = tuple(target.id for target in targets)
        case = Case("replicas", f"{options.at_once} at once", shape, (THROUGHPUT, ADDED_TTFB), names)
        with (
            tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory,
            server("benchmarks.upstream") as upstream,
            started(targets, Setting(upstream, Path(directory), 0), _tell) as found,
        ):
            [result] = uvloop.run(run([case], found.running, options.rounds, _tell))
    finally:
        postgres.remove()
    print(text(result))


def _tell(line: str) -> None:
    print(line, flush=True)


@contextlib.contextmanager
def _straight(setting: Setting) -> Iterator[Running]:
    yield Running(setting.upstream.url, "", (setting.upstream,))


def _target(name: str, kind: str, url: DatabaseUrl | None) -> Target:
    @contextlib.contextmanager
    def start(setting: Setting) -> Iterator[Running]:
        environment = {**_KINDS[kind]}
        if url is not None:
            environment["CANDELA_STORE__URL"] = f"postgresql://{url.user}@:{url.port}/{url.name}?host={url.host}"
        directory = setting.own(name.replace(", ", "-").replace(" ", "-"))
        with programs.candela(setting.upstream.url, directory, dashboard=False, environment=environment) as running:
            yield Running(running.url, "", (running,))

    return Target(name, name, start)


def text(result: Result) -> str:
    """Return the figures of each candela, and their ratios to those of SQLite without and with the budget."""
    complete = [each for each in result.rounds if len(each) == len(result.case.targets)]
    parts = [f"{result.case.title}, {len(complete)} rounds: median (range of the ratios of the rounds)"]
    if complete:
        for figure in result.case.figures:
            parts += ["", f"{figure.name}, {figure.unit}"]
            parts += [_line(figure, name, complete) for name in result.case.targets if name != _STRAIGHT]
    parts += [f"{name} gave up: {why}" for name, why in result.failed.items()]
    return "\n".join(parts)


def _line(figure: Figure, name: str, rounds: Sequence[dict[str, Measured]]) -> str:
    values = _values(figure, name, rounds)
    compared = [
        f"{ratio_text(ratios(values, _values(figure, f'SQLite, {kind}', rounds)))} of SQLite, {kind}" for kind in _KINDS
    ]
    return f"  {name:24}{number(spread(values).median):>8}   {'   '.join(compared)}"


def _values(figure: Figure, name: str, rounds: Sequence[dict[str, Measured]]) -> list[float]:
    return [figure.of(each[name], each[_STRAIGHT]) for each in rounds]
