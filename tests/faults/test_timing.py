"""Faults that are a matter of time: silence, clients that leave or do not read, answers that come early, reuse."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from candela_tui.exchange import Outcome
from tests.faults.answers import CHUNKED, Cell, Sees, begun, chunks, head, in_whole, raw
from tests.faults.checks import check_record, check_view
from tests.faults.client import Client, End
from tests.faults.places import PLACES, Place
from tests.faults.setting import Setting, new_session, port_of, setting
from tests.standin import CLOSE, STALL, Gate, error

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults of timing")]
EACH_PLACE = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Setting]:
    async with setting(tmp_path_factory.mktemp("patient")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def impatient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Setting]:
    async with setting(tmp_path_factory.mktemp("impatient"), idle_timeout_s=1) as running:
        yield running


SILENCES = {
    "before its header": (lambda _: [], Cell(Sees.TIME_OUT, Outcome.ERROR, "no data arrived within the time limit")),
    "after its header": (
        lambda place: [head(place, CHUNKED)],
        Cell(Sees.BROKEN_OFF, Outcome.CUT, "no data arrived within the time limit"),
    ),
    "in mid-stream": (
        lambda place: [head(place, CHUNKED) + chunks(*place.beginning())],
        Cell(Sees.BROKEN_OFF, Outcome.CUT, "no data arrived within the time limit"),
    ),
}
"""What comes before the silence, and what becomes of it after ``proxy.idle_timeout_s``."""


@EACH_PLACE
async def test_a_provider_that_falls_silent(impatient: Setting, place: Place) -> None:
    async def asked(before: list[bytes], taken: Gate, cell: Cell) -> None:
        impatient.stand_in(place).answer(raw(taken, *before, STALL))
        session = new_session()
        async with Client(impatient.candela.port) as client:
            client.ask(place.path, place.request(), session)
            await taken.reached()
            taken.open()
            following.set()
            view = await client.answer()
        check_view(view, cell, place)
        check_record(impatient, await impatient.recorded(session), view, cell)

    following = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for script, cell in SILENCES.values():
            following.clear()
            group.create_task(asked(script(place), Gate(), cell))
            # In their order, as the stand-in's answers are.
            await following.wait()


@EACH_PLACE
@pytest.mark.parametrize("when", ["before the answer", "in mid-stream"])
async def test_a_client_that_leaves_cancels_its_request_at_the_provider(here: Setting, place: Place, when: str) -> None:
    provider = here.stand_in(place)
    taken, session = Gate(), new_session()
    provider.answer(raw(taken, STALL) if when == "before the answer" else begun(place, taken, STALL))
    async with Client(here.candela.port) as client:
        client.ask(place.path, place.request(), session)
        await taken.reached()
        if when == "in mid-stream":
            await client.has(b"one ")
        request = provider.requests[-1]
    await request.left()
    exchange = await here.recorded(session)
    assert exchange.outcome is Outcome.CANCELLED
    # What was sent is paid for, and how much that is, nobody said.
    assert exchange.cost is None or exchange.cost.at_least


@EACH_PLACE
async def test_a_client_that_does_not_read_gets_all_later_and_costs_little_memory(here: Setting, place: Place) -> None:
    """Also what arrived just before the provider closed the connection in mid-answer."""
    events = place.events("one ", *["x" * 2**20] * 12)
    answer = raw(head(place, CHUNKED), *(chunks(event) for event in events[:-2]), CLOSE)
    here.stand_in(place).answer(answer)
    cell = Cell(Sees.BROKEN_OFF, Outcome.CUT, "the provider closed the connection in mid-answer")
    session = new_session()
    async with Client(here.candela.port, most_unread=2**14) as client:
        client.ask(place.path, place.request(), session)
        await client.has(b"one ")
        most = 0
        async with asyncio.timeout(30):
            while not most:
                await asyncio.sleep(0.01)
                most = max(here.candela.pending_in_transports())
        view = await client.answer()
    assert most < 2**20
    assert view.body.count(b"x" * 2**20) == 12
    check_view(view, cell, place)
    if not place.maps:
        here.anthropic.answer(answer)
        async with Client(port_of(here.anthropic.url)) as client:
            client.ask("/v1/messages", place.request())
            assert view == await client.answer()
    exchange = await here.recorded(session)
    assert (exchange.outcome, exchange.error.message if exchange.error else "") == (cell.outcome, cell.words)
    assert exchange.response_bytes == len(view.body)


@EACH_PLACE
async def test_an_answer_before_the_request_is_sent_in_full(here: Setting, place: Place) -> None:
    """The provider reads no more of the request, so the rest of it never arrives."""
    provider = here.stand_in(place)
    provider.early = error(413, "Request exceeds the maximum size").but(framing="length")
    # More than fits into the buffers on the way.
    body, session = place.request(filler=24_000_000), new_session()
    try:
        async with Client(here.candela.port) as client:
            client.ask(place.path, body, session)
            view = await client.answer()
    finally:
        provider.early = None
    assert (view.end, view.status) == (End.WHOLE, 413)
    assert "maximum size" in place.error_words(view.json)
    exchange = await here.recorded(session)
    assert exchange.error is not None
    assert (exchange.outcome, exchange.status, exchange.error.type) == (Outcome.ERROR, 413, "request_too_large")


IDLE = {
    "closes the connection": [CLOSE],
    "sends an answer that nobody asked for": [b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nstrange", Gate()],
    "sends a TLS record": [b"\x16\x03", Gate()],
    "sends an empty line": [b"\r\n", Gate()],
    "sends half a header": [b"HTTP/1.1 200 OK\r\nX-Half: ", Gate()],
}


@EACH_PLACE
@pytest.mark.parametrize("what", IDLE)
async def test_a_connection_on_which_something_happened_is_not_used_again(
    here: Setting, place: Place, what: str
) -> None:
    provider, answered = here.stand_in(place), Gate()
    provider.answer(raw(*in_whole(place).steps, answered, *IDLE[what]))
    view, _ = await here.asked(place, place.request())
    assert place.last in view.body
    first = provider.requests[-1]
    answered.open()
    last = IDLE[what][-1]
    # On the loop of candela itself, so it may not have read yet what is in its socket.
    await (last.reached() if isinstance(last, Gate) else first.finished())
    view, exchange = await here.asked(place, place.request())
    assert (view.end, view.status) == (End.WHOLE, 200)
    assert place.last in view.body
    assert b"strange" not in view.body
    assert exchange.outcome is Outcome.OK
    assert provider.requests[-1].connection != first.connection


@EACH_PLACE
async def test_a_kept_connection_that_is_closed_on_a_request_is_not_asked_again(here: Setting, place: Place) -> None:
    """The provider may have done what was asked, so only the client may ask again."""
    provider = here.stand_in(place)
    view, _ = await here.asked(place, place.request())
    assert place.last in view.body
    before = len(provider.requests)
    cell = Cell(Sees.NOTHING, Outcome.CUT, "the provider closed the connection without an answer")
    view, exchange = await here.seen(place, raw(CLOSE))
    check_view(view, cell, place)
    check_record(here, exchange, view, cell)
    assert [request.connection for request in provider.requests[before:]] == [provider.requests[before - 1].connection]
