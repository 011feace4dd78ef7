"""The dialog of a subscription's limits."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from candela_tui.exchange import Exchange
from candela_tui.reports.limits.reading import LimitsReport, read_limits
from candela_tui.store.errors import OutdatedStore
from candela_tui.ui.screens.dashboard import limits_dialog
from tests.ui.scene import NOW, Scene, clues, screen_text, shows
from tests.ui.test_report_screen import keep

PLACE = "anthropic-ratelimit-unified"


def limited(scene: Scene, ago: float, used: str, **facts: Any) -> Exchange:
    reset = str(int((NOW + timedelta(hours=2)).timestamp()))
    stated = ((f"{PLACE}-5h-utilization", used), (f"{PLACE}-5h-reset", reset), (f"{PLACE}-status", "allowed"))
    return scene.make(ago=ago, usage=(10, 0, 0, 0, 5000), rate_limits=stated, subscription=True, **facts)


def two_sessions(scene: Scene) -> None:
    made = [
        limited(scene, 7200, "0.10", session_id="a", clues=clues("fix flaky test", "/src", "main")),
        limited(scene, 3700, "0.40", session_id="b", clues=clues("refactor store", "/src", "main")),
        limited(scene, 600, "0.50", session_id="b"),
    ]
    keep(scene, made)
    for each in made:
        scene.feed.publish((each,))


async def test_it_shows_the_pace_and_whose_the_rise_is(scene: Scene) -> None:
    two_sessions(scene)
    async with scene.opened() as pilot:
        await pilot.press("U")
        said = await shows(pilot, "50% used · resets in 2h00", "fix flaky test", "refactor store", "RISE")
        assert "+10.0% an hour over the last 1h00 · 70% at the reset" in " ".join(said.replace("│", " ").split())
        await pilot.press("escape")
        assert "RISE" not in screen_text(pilot)


async def test_a_click_on_the_limits_of_the_header_opens_it(scene: Scene) -> None:
    two_sessions(scene)
    async with scene.opened() as pilot:
        header = (await shows(pilot, "5h ▓")).splitlines()[0]
        await _click(pilot, header.index("5h"))
        await shows(pilot, "resets in 2h00")


async def test_without_a_subscription_it_says_so(scene: Scene) -> None:
    scene.request(ago=10)
    async with scene.opened() as pilot:
        await pilot.press("U")
        await shows(pilot, "No answer of the last day states a window")


async def test_while_the_records_are_brought_up_to_date_it_waits(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    current = asyncio.Event()

    def read(*_: Any) -> LimitsReport:
        if not current.is_set():
            raise OutdatedStore("Start candela: it brings the file up to date.")
        return read_limits(scene.history, scene.app.sources.clock)

    monkeypatch.setattr(limits_dialog, "read_limits", read)
    async with scene.opened() as pilot:
        await pilot.press("U")
        assert "Start candela" not in await shows(pilot, "Waiting until the records are brought up to date")
        current.set()
        await shows(pilot, "No answer of the last day states a window")


async def _click(pilot: Pilot[int], x: int) -> None:
    assert await pilot.click(offset=(x, 0))
