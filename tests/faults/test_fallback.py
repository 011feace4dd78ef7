"""With [rules.fallback], a fault before any content is answered by another provider; any other is as without it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.answers import FAULTS, Sees
from tests.faults.checks import check_record, check_view
from tests.faults.client import Client, End, View
from tests.faults.places import BEDROCK, CHAT, PLACES, Place
from tests.faults.setting import Setting, new_session, setting
from tests.standin import Answer, Gate

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults with a fallback")]

CHAIN = ["anthropic-direct", "anthropic-bedrock", "anthropic-vertex"]
BEFORE_ANY_CONTENT = {
    "no-answer",
    "no-answer-reset",
    "half-first-line",
    "half-head",
    "head-only",
    "head-only-reset",
    "two-lengths",
    "switches",
    "not-http",
    "control-character",
    "garbage",
    "empty",
    # So few bytes of it hold no event yet.
    "cut-encoding",
}
COSTLY = {"tiny-chunks", "huge-event"}
"""What is large only after content has begun, which ``test_answers`` goes through."""


def comes_first(name: str, place: Place) -> bool:
    """Whether the fault is there before any content."""
    # Without a translation the client undoes the encoding, and what is wrong with it is for the client to see.
    return name in BEFORE_ANY_CONTENT or (name == "unknown-encoding" and place in (BEDROCK, CHAT))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Setting]:
    with pytest.MonkeyPatch.context() as patch:
        # So many faults would open every circuit.
        patch.setattr("candela_tui.rules.routes.circuit_breaker.LEAST_RESULTS", 1000)
        rules = {"rules": {"fallback": {"chain": CHAIN}}}
        async with setting(tmp_path_factory.mktemp("fallback"), more=rules) as running:
            yield running


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize("name", sorted(FAULTS.keys() - COSTLY))
async def test_a_fault_of_the_first_provider(here: Setting, name: str, place: Place) -> None:
    fault, first = FAULTS[name], comes_first(name, place)
    cell = fault.at(place)
    here.stand_in(place).answer(answer := fault.script(place))
    session = new_session()
    async with Client(here.candela.port) as client:
        client.ask(place.path, place.request(stream=fault.stream), session)
        view = await _watched(client, answer, None if first else fault.seen_first)
    exchange = await here.recorded(session)

    if first:
        assert (view.end, view.status, place.last in view.body) == (End.WHOLE, 200, True)
        assert [each.error_type is None for each in exchange.attempts] == [False, True]
        assert exchange.provider != place.stand_in
        return
    assert exchange.attempts == ()
    if cell.sees is not Sees.SAME:
        check_view(view, cell, place)
    check_record(here, exchange, view, cell)


async def _watched(client: Client, answer: Answer, seen_first: bytes | None) -> View:
    """All that the client sees; ``seen_first`` comes before the answer breaks off."""
    gate = next((step for step in answer.steps if isinstance(step, Gate)), None)
    if gate is not None:
        await gate.reached()
        if seen_first is not None:
            await client.has(seen_first)
        gate.open()
    return await client.answer()
