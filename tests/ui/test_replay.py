"""``R`` sends a request again after asking, and shows the two answers side by side."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.attach.server import LocalServer
from candela_tui.ui.screens.replay.answers import AnswersScreen
from candela_tui.ui.screens.replay.dialog import ReplayDialog
from tests.proxy.running import BODY, RunningProxy, WireClient, running
from tests.standin import Provider, message, text
from tests.ui.scene import Scene, clues, shows, typed, until

END = b"0\r\n\r\n"


@pytest.fixture
async def candela(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """A proxy that has relayed and stored one request."""
    provider.answer(message(text("the first answer")), message(text("another answer")))
    async with running(provider, tmp_path / "data") as proxy:
        async with WireClient(proxy.port) as client:
            await client.post(headers="X-Claude-Code-Session-Id: s-1\r\n")
            await client.until(END)
        await proxy.stored((await proxy.exchange()).id)
        yield proxy


@pytest.fixture
async def scene(candela: RunningProxy, tmp_path: Path) -> Scene:
    """Its dashboard."""
    control = Control(Client(LocalServer(candela.port, candela.paths.token)), candela.feed.notify)
    scene = Scene(tmp_path, feed=candela.feed, control=control, history=candela.reader)
    first = await candela.exchange()
    scene.now = first.started_at
    return scene


async def test_it_is_asked_first_and_both_answers_are_shown(
    scene: Scene, candela: RunningProxy, provider: Provider
) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "opus-4-8")
        await pilot.press("R")
        await shows(pilot, "Send this request again?", "It will cost", "Google Vertex AI")
        assert len(provider.requests) == 1
        await pilot.press("enter")
        await shows(pilot, "Before", "the first answer", "Now", "another answer")
        assert provider.requests[1].body == BODY
        await pilot.press("escape")
        await shows(pilot, "↻opus-4-8")


async def test_closing_the_dialog_sends_nothing(scene: Scene, provider: Provider) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "opus-4-8")
        await pilot.press("R")
        await shows(pilot, "It will cost")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ReplayDialog))
        assert len(provider.requests) == 1


async def test_another_model_is_asked_where_one_is_typed(scene: Scene, provider: Provider) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "opus-4-8")
        await pilot.press("R")
        await shows(pilot, "It will cost")
        await pilot.press("ctrl+u")
        await typed(pilot, "claude-haiku-4-5")
        await shows(pilot, "claude-haiku-4-5", "It will cost about")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AnswersScreen))
        await shows(pilot, "another answer")
        assert provider.requests[1].json["model"] == "claude-haiku-4-5"


async def test_a_dashboard_that_reaches_no_proxy_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.request(clues=clues("fix the flaky test"))
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("R")
        await shows(pilot, "Nothing can be sent from here")


async def test_without_a_selected_request_it_says_what_to_do(tmp_path: Path) -> None:
    async with Scene(tmp_path).opened() as pilot:
        await pilot.press("R")
        await shows(pilot, "Select a request to send again.")
