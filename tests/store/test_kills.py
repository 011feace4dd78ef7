"""Killed at any moment, the store opens, holds all whose end was reported, and says what was interrupted."""

import multiprocessing
import os
import random
import signal
import sqlite3
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from candela_tui.exchange import Outcome
from candela_tui.store.reader import StoreReader
from tests.store.recording import writing
from tests.store.storing_process import answer_of, is_deleted, request_of, store_until_killed

KILLS_A_STORE = 10
APART = 1000
"""How far the numbers of the requests of two processes are apart."""


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    """Processes that begin with everything imported, without the threads of the tests."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.storing_process"])
    return context


def killed_while_storing(forks: ForkServerContext, path: Path, first: int, chance: random.Random) -> set[str]:
    """Let a process store, and kill it at some moment. Return what it reported."""
    heard, tells = forks.Pipe(duplex=False)
    process = forks.Process(target=store_until_killed, args=(path, first, tells), daemon=True)
    process.start()
    tells.close()
    reported = {heard.recv() for _ in range(chance.randint(1, 40))}
    # Somewhere between two reports.
    heard.poll(chance.uniform(0, 0.03))
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    with suppress(EOFError):
        while True:
            reported.add(heard.recv())
    process.join()
    return reported


def check(path: Path, reported: set[str], first: int) -> int:
    """Check what a store holds after a kill, and the bodies of the requests from ``first`` on. Return how many requests
    were interrupted."""
    damaged: list[str] = []
    reader = StoreReader(path, damaged.append)
    found = {each.id: each for each in reader.exchanges()}
    assert {each for each in reported if not is_deleted(number_of(each))} <= found.keys()
    for exchange_id, each in found.items():
        number = number_of(exchange_id)
        assert each.outcome in ((Outcome.OK,) if exchange_id in reported else (Outcome.OK, Outcome.INTERRUPTED))
        if number < first:
            continue
        assert reader.request_body(exchange_id) == request_of(number)
        answer = reader.response_body(exchange_id)
        assert answer is not None
        assert answer == answer_of(number) if each.outcome is Outcome.OK else answer_of(number).startswith(answer)
    assert damaged == []
    return sum(each.outcome is Outcome.INTERRUPTED for each in found.values())


def number_of(exchange_id: str) -> int:
    return int(exchange_id.partition("-")[2])


def kill_again_and_again(forks: ForkServerContext, directory: Path, kills: int, chance: random.Random) -> None:
    interrupted = 0
    for start in range(0, kills, KILLS_A_STORE):
        path = directory / f"{start}" / "candela.db"
        reported: set[str] = set()
        for number in range(start, min(start + KILLS_A_STORE, kills)):
            reported |= killed_while_storing(forks, path, number * APART, chance)
            assert not [each for each in reported if each.startswith("problem")]
            interrupted += check(path, reported, number * APART)
        with writing(path) as (_, reports):
            pass
        assert reports.problems == []
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM exchanges WHERE outcome = 'live'").fetchone() == (0,)
        connection.close()
        check(path, reported, 0)
    assert interrupted > 0


def test_a_store_survives_being_killed(forks: ForkServerContext, tmp_path: Path) -> None:
    kill_again_and_again(forks, tmp_path, 3, random.Random(1))


@pytest.mark.soak
def test_a_store_survives_being_killed_at_two_hundred_moments(forks: ForkServerContext, tmp_path: Path) -> None:
    kill_again_and_again(forks, tmp_path, 200, random.Random())
