"""Faults of the machine and of the store while requests run, and more connections than anyone needs."""

import asyncio
import resource
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from candela_tui.exchange import Outcome
from candela_tui.text.times import utc_now
from tests.faults.answers import LAST_CHUNK, begun, chunks, in_whole, raw
from tests.faults.client import Client, End
from tests.faults.places import DIRECT, PLACES, Place
from tests.faults.setting import Setting, new_session, setting
from tests.standin import CLOSE, Gate

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults of the machine")]
EACH_PLACE = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
MANY = 1000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Setting]:
    async with setting(tmp_path_factory.mktemp("machine")) as running:
        yield running


@EACH_PLACE
async def test_a_client_that_ends_only_its_sending_gets_the_answer(here: Setting, place: Place) -> None:
    gate, session = Gate(), new_session()
    here.stand_in(place).answer(begun(place, gate, chunks(*place.rest()) + LAST_CHUNK))
    async with Client(here.candela.port) as client:
        client.ask(place.path, place.request(), session)
        client.writer.write_eof()
        await client.has(b"one ")
        gate.open()
        view = await client.answer()
    assert (view.end, view.status) == (End.WHOLE, 200)
    assert place.last in view.body
    assert (await here.recorded(session)).outcome is Outcome.OK


@EACH_PLACE
async def test_a_request_that_is_too_large_is_refused_before_its_body_is_read(here: Setting, place: Place) -> None:
    session = new_session()
    async with Client(here.candela.port) as client:
        client.begin(place.path, 10**9, session)
        view = await client.answer()
    assert (view.end, view.status) == (End.WHOLE, 413)
    assert "max_body_mb" in place.error_words(view.json)
    assert (await here.recorded(session)).outcome is Outcome.BLOCKED


async def test_a_thousand_idle_connections_cost_a_request_nothing(here: Setting) -> None:
    """Half of them have begun a request that never goes on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 3 * MANY
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip("this user may not open enough connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    idle: list[socket.socket] = []
    try:
        for number in range(MANY):
            idle.append(socket.create_connection(("127.0.0.1", here.candela.port)))
            if number % 2:
                idle[-1].sendall(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Le")
            await asyncio.sleep(0)
        view, exchange = await here.asked(DIRECT, DIRECT.request())
        assert len(here.candela.proxy._web.connections) >= MANY
    finally:
        for each in idle:
            each.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (view.end, exchange.outcome) == (End.WHOLE, Outcome.OK)


@contextmanager
def no_descriptors() -> Iterator[None]:
    """This process can open nothing more than the three that every process has."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@EACH_PLACE
async def test_without_descriptors_what_is_open_goes_on_and_the_rest_is_an_error(here: Setting, place: Place) -> None:
    provider = here.stand_in(place)
    first, kept, new = (new_session() for _ in range(3))
    async with Client(here.candela.port) as client:
        client.ask(place.path, place.request(), first)
        assert place.last in (await client.answer()).body
        await here.recorded(first)
        provider.answer(raw(*in_whole(place).steps, CLOSE))
        with no_descriptors():
            client.ask(place.path, place.request(), kept)
            passed = await client.answer()
            await provider.requests[-1].finished()
            client.ask(place.path, place.request(), new)
            refused = await client.answer()
    assert (passed.end, place.last in passed.body) == (End.WHOLE, True)
    assert (await here.recorded(kept)).outcome is Outcome.OK
    assert (refused.end, refused.status) == (End.WHOLE, 503)
    assert "ulimit -n" in place.error_words(refused.json)
    exchange = await here.recorded(new)
    assert (exchange.outcome, exchange.status) == (Outcome.ERROR, 503)
    view, exchange = await here.asked(place, place.request())
    assert (view.status, exchange.outcome) == (200, Outcome.OK)


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=1)], ids=["back", "forward"])
async def test_a_clock_that_jumps_changes_no_duration(
    here: Setting, jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, session = Gate(), new_session()
    here.anthropic.answer(begun(DIRECT, gate, chunks(*DIRECT.rest()) + LAST_CHUNK))
    async with Client(here.candela.port) as client:
        client.ask(DIRECT.path, DIRECT.request(), session)
        await client.has(b"one ")
        now, ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: now() + jump.total_seconds())
        monkeypatch.setattr(time, "time_ns", lambda: ns() + int(jump.total_seconds() * 1e9))
        monkeypatch.setattr("candela_tui.proxy.capture.raw_exchange.utc_now", lambda: utc_now() + jump)
        gate.open()
        view = await client.answer()
    exchange = await here.recorded(session)
    assert (view.end, exchange.outcome) == (End.WHOLE, Outcome.OK)
    assert exchange.marks.end is not None
    assert 0 < exchange.marks.end < 60_000
    # And a request of the other time is kept beside it.
    _, later = await here.asked(DIRECT, DIRECT.request())
    assert (later.started_at > exchange.started_at) is (jump > timedelta(0))
    assert {exchange.id, later.id} <= {each.id for each in here.candela.reader.exchanges()}


@EACH_PLACE
async def test_a_stream_survives_a_sleep_of_the_machine(here: Setting, place: Place) -> None:
    """All timers are due when it wakes, and what the provider sent meanwhile arrives a little later."""
    gate, session = Gate(), new_session()
    here.stand_in(place).answer(begun(place, gate, chunks(*place.rest()) + LAST_CHUNK))
    async with Client(here.candela.port) as client:
        client.ask(place.path, place.request(), session)
        await client.has(b"one ")
        an_hour_passes()
        woken = asyncio.Event()
        asyncio.get_running_loop().call_later(0, woken.set)
        await woken.wait()
        gate.open()
        view = await client.answer()
    assert (view.end, view.status) == (End.WHOLE, 200)
    assert place.last in view.body
    assert (await here.recorded(session)).outcome is Outcome.OK


def an_hour_passes() -> None:
    """Move the clock of this module's loop on, for good: what is due in an hour would never be, if it went back."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + 3600  # type: ignore[method-assign]


def removed(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def replaced_by_a_directory(path: Path) -> None:
    removed(path)
    path.mkdir()


def of_another_program(path: Path) -> None:
    removed(path)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.commit()
    connection.close()


STORE_FAULTS: dict[Callable[[Path], None], str] = {
    removed: "was removed or replaced while candela ran",
    replaced_by_a_directory: "can't be written",
    of_another_program: "is not candela's",
}
"""What happens to the file of the store, and what the user reads then."""


@pytest.mark.parametrize("fault", STORE_FAULTS, ids=lambda fault: fault.__name__)
async def test_no_request_notices_what_happens_to_the_store(tmp_path: Path, fault: Callable[[Path], None]) -> None:
    async with setting(tmp_path, flush_s=0.5) as here:
        await here.asked(DIRECT, DIRECT.request())
        gate, session = Gate(), new_session()
        here.anthropic.answer(begun(DIRECT, gate, chunks(*DIRECT.rest()) + LAST_CHUNK))
        async with Client(here.candela.port) as client:
            client.ask(DIRECT.path, DIRECT.request(), session)
            await client.has(b"one ")
            fault(here.candela.paths.store)
            gate.open()
            view = await client.answer()
        assert (view.end, view.status) == (End.WHOLE, 200)
        for _ in range(3):
            session = new_session()
            async with Client(here.candela.port) as client:
                client.ask(DIRECT.path, DIRECT.request(), session)
                assert (await client.answer()).end is End.WHOLE
        async with asyncio.timeout(30):
            while not any(STORE_FAULTS[fault] in problem for problem in here.candela.problems):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert all(str(here.candela.paths.store) in problem for problem in here.candela.problems)
