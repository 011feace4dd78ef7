"""Whatever a provider does wrong with its answer, the client sees the same as without candela, or the right error."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.answers import FAULTS, Sees
from tests.faults.checks import check_record, check_view
from tests.faults.client import Client, View
from tests.faults.places import PLACES, Place
from tests.faults.setting import Setting, new_session, port_of, setting
from tests.standin import Answer, Gate

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults in answers")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Setting]:
    async with setting(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_an_answer(here: Setting, name: str, place: Place) -> None:
    fault = FAULTS[name]
    cell = fault.at(place)
    here.stand_in(place).answer(answer := fault.script(place))
    session = new_session()
    async with Client(here.candela.port) as client:
        client.ask(place.path, place.request(stream=fault.stream), session)
        view = await _watched(client, answer, fault.seen_first)
    exchange = await here.recorded(session)

    if cell.sees is Sees.SAME:
        here.anthropic.answer(answer := _again(answer))
        async with Client(port_of(here.anthropic.url)) as client:
            client.ask("/v1/messages", place.request(stream=fault.stream))
            assert view == await _watched(client, answer, fault.seen_first)
    else:
        check_view(view, cell, place)
    check_record(here, exchange, view, cell)


async def _watched(client: Client, answer: Answer, seen_first: bytes) -> View:
    """All that the client sees, where the answer breaks off only after what came before it was seen."""
    gate = next((step for step in answer.steps if isinstance(step, Gate)), None)
    if gate is None:
        return await client.answer()
    await gate.reached()
    await client.has(seen_first)
    gate.open()
    return await client.answer()


def _again(answer: Answer) -> Answer:
    """The same bytes, with their gates closed."""
    return answer.but(steps=[Gate() if isinstance(step, Gate) else step for step in answer.steps])
