"""A process that stores without a pause until it is killed, and deletes some of it meanwhile."""

import itertools
import os
import threading
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path

from candela_tui.store.deletion import deleting
from candela_tui.store.writer import StoreWriter
from tests.store.recording import ended, exchange
from tests.store.test_request_chains import conversation

_SESSIONS = 3
_TURNS = 60
_MOST_WAITING = 8
"""Exchanges that the process gives to the writer before their end is reported."""
_DELETES_EVERY = 15


@cache
def _bodies(session: int) -> list[bytes]:
    return conversation(_TURNS, seed=session, step=200)


def request_of(number: int) -> bytes:
    """The body of a request: a turn of one of the conversations."""
    return _bodies(number % _SESSIONS)[number // _SESSIONS % _TURNS]


def answer_of(number: int) -> bytes:
    """The body of its answer, a large one now and then."""
    return request_of(number)[: 60_000 if number % 7 == 0 else 500]


def is_deleted(number: int) -> bool:
    """Return whether the process deletes the session of a request, sooner or later."""
    return number % 4 == 3


def _session_of(number: int) -> str:
    return f"deleted-{number // _DELETES_EVERY}" if is_deleted(number) else f"kept-{number % _SESSIONS}"


def store_until_killed(path: Path, first: int, reports: Connection) -> None:
    """Store requests numbered from ``first`` on, and send the id of each whose end is reported."""
    free = threading.Semaphore(_MOST_WAITING)

    def stored(exchange_id: str) -> None:
        reports.send(exchange_id)
        free.release()

    def problem(words: str) -> None:
        reports.send(f"problem: {words}")

    writer = StoreWriter(path, on_problem=problem, on_stored=stored)
    writer.start()
    for number in itertools.count(first):
        free.acquire()
        live = exchange(number, session_id=_session_of(number), pid=os.getpid())
        answer = answer_of(number)
        writer.begin(live, request_of(number))
        writer.grow(live, [answer[:300]], [1.0])
        if number % 10 == 9:
            # It stays in mid-stream.
            free.release()
            continue
        writer.end(ended(live), [answer[300:]], [2.0])
        # By then, the writer has made the store.
        if number % _DELETES_EVERY == 0 and number > first + _MOST_WAITING:
            with deleting(path) as deletion:
                deletion.delete(f"deleted-{number // _DELETES_EVERY - 1}")
                for _ in itertools.islice(deletion.free(), 2):
                    pass
