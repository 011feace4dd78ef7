"""The room that a long history takes, and how fast it answers: ``python -m benchmarks store``.

The requests are made up (``traffic.py``) and written by candela's own writer. Times are of the processor, without the
start of a command.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.traffic import SHAPES
from candela_tui.exchange import Outcome
from candela_tui.ledger.ledger import Dimension
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.store.stats import read_stats
from candela_tui.store.writer import StoreWriter

_MOST_WAITING = 20
"""Requests that may wait for the writer: more would overload it, and it would pack them faster and larger."""
_PAGE = 200
_BODIES = 200
_TRIES = 5


def fill(path: Path, shape: str, requests: int) -> int:
    """Store made-up requests. Return the bytes that crossed."""
    problems: list[str] = []
    writer = StoreWriter(path, on_problem=problems.append, on_stored=lambda _: None)
    writer.start()
    crossed = 0
    for number, crossing in enumerate(SHAPES[shape](requests), 1):
        crossed += crossing.size
        ended = replace(crossing.exchange, pid=os.getpid())
        writer.begin(replace(ended, outcome=Outcome.LIVE), crossing.request)
        writer.end(ended, crossing.chunks, crossing.times)
        while number - writer.stored > _MOST_WAITING and not problems:
            time.sleep(0.005)
    writer.close(600)
    if problems:
        raise SystemExit("\n".join(problems))
    return crossed


def measure(path: Path) -> dict[str, float]:
    """Return the processor time of what commands and the dashboard's first screen read, in ms."""
    reader = StoreReader(path)
    newest = reader.exchanges(ExchangeQuery(limit=_PAGE))
    session = newest[-1].session_id
    asked: dict[str, Callable[[], Any]] = {
        "sessions": lambda: reader.totals(by=(Dimension.SESSION, Dimension.AGENT)).sessions(),
        "requests --session": lambda: reader.exchanges(ExchangeQuery(session)),
        "every sum": lambda: reader.totals(),
        "sums of the last hour": lambda: reader.totals(ExchangeQuery(since=newest[len(newest) // 10].started_at)),
        "the newest requests": lambda: reader.exchanges(ExchangeQuery(limit=_PAGE)),
    }
    found = {name: min(_spent(ask) for _ in range(_TRIES)) for name, ask in asked.items()}
    ids = [each.id for each in reader.each()] if len(newest) < _PAGE else [each.id for each in newest]
    rand = random.Random(1)
    chosen = rand.sample(ids, min(_BODIES, len(ids)))
    found["a request's body, slowest"] = max(_body(reader.request_body, each) for each in chosen)
    found["an answer's body, slowest"] = max(_body(reader.response_body, each) for each in chosen)
    return found


def _body(read: Callable[[str], object], exchange_id: str) -> float:
    return min(_spent(lambda: read(exchange_id)) for _ in range(_TRIES))


def _spent(ask: Callable[[], object]) -> float:
    began = time.process_time()
    ask()
    return (time.process_time() - began) * 1e3


def main(arguments: Sequence[str]) -> None:
    """Fill a store for each shape of traffic, and print its size and times."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks store")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--shape", choices=SHAPES, action="append", help="only this one; can be repeated")
    parser.add_argument("--directory", type=Path, help="keep the stores here. Without it they are removed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        for shape in options.shape or SHAPES:
            path = (options.directory or Path(temporary)) / shape / "candela.db"
            crossed = fill(path, shape, options.requests)
            stats = read_stats(path)
            assert stats is not None
            print(f"{shape}: {options.requests:,} requests, {crossed / 1e9:.2f} GB crossed")
            print(f"  {'store':30}{stats.file / 1e6:10.1f} MB  {stats.file / crossed:.2%}")
            for name, size in stats.parts.items():
                print(f"    {name:28}{size / 1e6:10.1f} MB  {size / crossed:.2%}")
            for name, spent in measure(path).items():
                print(f"  {name:30}{spent:10.1f} ms", flush=True)
