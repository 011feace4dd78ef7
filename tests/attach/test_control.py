"""What an attached dashboard holds goes on whenever the dashboard ends, changes its mind, or loses candela."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.attach.server import LocalServer
from candela_tui.store.errors import StoreError
from tests.proxy.running import BODY, PATIENCE_S, RunningProxy, WireClient, running
from tests.standin import Provider, message, text

END = b"0\r\n\r\n"


@pytest.fixture
async def candela(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    provider.answer(message(text("hello")), message(text("hello")))
    async with running(provider, tmp_path) as proxy:
        yield proxy


@pytest.fixture
def told() -> list[str]:
    """What the user is told."""
    return []


@pytest.fixture
async def control(candela: RunningProxy, told: list[str]) -> AsyncIterator[Control]:
    control = Control(Client(LocalServer(candela.port, candela.paths.token)), told.append)
    yield control
    await asyncio.to_thread(control.stop_intercepting)


async def held(candela: RunningProxy) -> str:
    return (await candela.exchange(lambda exchange: exchange.held)).id


async def test_a_held_request_is_let_go_once(candela: RunningProxy, control: Control, provider: Provider) -> None:
    await asyncio.to_thread(control.intercept, "model:opus")
    assert control.intercepting == "model:opus"
    async with WireClient(candela.port) as client:
        await client.post()
        waiting = await held(candela)
        assert await asyncio.to_thread(control.release, waiting, BODY.replace(b"hi", b"bye")) is True
        await client.until(END)
        with pytest.raises(StoreError, match="no longer held"):
            await asyncio.to_thread(control.release, waiting)
    assert provider.requests[0].body == BODY.replace(b"hi", b"bye")


async def test_what_is_held_goes_on_when_the_dashboard_ends(
    candela: RunningProxy, control: Control, provider: Provider, told: list[str]
) -> None:
    await asyncio.to_thread(control.intercept, "model:opus")
    async with WireClient(candela.port) as client:
        await client.post()
        await held(candela)
        await asyncio.to_thread(control.stop_intercepting)
        await client.until(END)
    assert provider.requests[0].body == BODY
    assert control.intercepting is None
    assert not told


async def test_another_filter_lets_go_what_the_first_one_holds(candela: RunningProxy, control: Control) -> None:
    await asyncio.to_thread(control.intercept, "model:opus")
    async with WireClient(candela.port) as client:
        await client.post()
        await held(candela)
        await asyncio.to_thread(control.intercept, "model:haiku")
        await client.until(END)
    assert control.intercepting == "model:haiku"


async def test_a_filter_that_can_not_be_set_leaves_the_first_one(control: Control) -> None:
    await asyncio.to_thread(control.intercept, "model:opus")
    with pytest.raises(StoreError, match="cost is not known before"):
        await asyncio.to_thread(control.intercept, "cost>1")
    assert control.intercepting == "model:opus"


async def test_the_user_is_told_when_candela_stops(candela: RunningProxy, control: Control, told: list[str]) -> None:
    await asyncio.to_thread(control.intercept, "model:opus")
    await candela.stop(PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S):
        while not told:  # noqa: ASYNC110 - another thread tells it
            await asyncio.sleep(0.01)
    assert "Nothing is held any more" in told[0]
    assert control.intercepting is None
