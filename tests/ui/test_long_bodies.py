"""A body of any length is written only as far as it is looked at."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from candela_tui.ui.screens.request import open_pages
from candela_tui.ui.widgets.text_view.text_view import TextView
from tests.ui.scene import Scene, event, screen_text, shows, typed, until

AHEAD = 200
LINES = 20_000
BODY = json.dumps({"numbers": [f"number {number}" for number in range(LINES)], "last": "the end"}).encode()


@pytest.fixture(autouse=True)
def little_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_pages, "_AHEAD", AHEAD)


@asynccontextmanager
async def raw_request(scene: Scene) -> AsyncIterator[Pilot[int]]:
    """The tab with the request's bytes, as far as it is written at first."""
    scene.request(body=BODY, session_id="long")
    async with scene.opened() as pilot:
        await shows(pilot, "opus-4-8")
        await pilot.press("2", "enter", "7")
        await shows(pilot, "line 1 of more than", "number 3")
        yield pilot


def view(pilot: Pilot[int]) -> TextView:
    return pilot.app.screen.query_one("#view", TextView)


async def test_it_is_written_ahead_of_what_is_in_view_as_it_is_scrolled(scene: Scene) -> None:
    async with raw_request(scene) as pilot:
        written = len(view(pilot).lines)
        assert AHEAD <= written < LINES
        view(pilot).scroll_to(y=written, animate=False)
        await until(pilot, lambda: len(view(pilot).lines) > written)
        assert len(view(pilot).lines) < LINES


async def test_its_end_can_be_gone_to(scene: Scene) -> None:
    async with raw_request(scene) as pilot:
        await pilot.press("G")
        await shows(pilot, '"last": "the end"', "100%")


async def test_a_search_finds_what_is_not_written_yet(scene: Scene) -> None:
    async with raw_request(scene) as pilot:
        await pilot.press("slash")
        await typed(pilot, "the end")
        await pilot.press("enter")
        await shows(pilot, '"last": "the end"', "1/1")


async def test_it_goes_on_where_it_was_after_another_tab(scene: Scene) -> None:
    async with raw_request(scene) as pilot:
        await pilot.press("pagedown", "pagedown")
        await until(pilot, lambda: view(pilot).scroll_offset.y > 30)
        at = view(pilot).scroll_offset.y
        await pilot.press("1")
        await shows(pilot, "Timing")
        await pilot.press("7")
        await shows(pilot, f"line {at + 1:,} of more than")
        await pilot.press("G")
        await shows(pilot, '"last": "the end"')


async def test_it_is_copied_whole(scene: Scene) -> None:
    async with raw_request(scene) as pilot:
        await pilot.press("Y", "t")
        await shows(pilot, "Copied Raw request")
        assert "more than" not in screen_text(pilot)


async def test_the_events_of_an_answer_too_are_written_as_far_as_they_are_looked_at(scene: Scene) -> None:
    scene.request(answer=b"".join(event("ping", number=number) for number in range(LINES)), session_id="long")
    async with scene.opened() as pilot:
        await shows(pilot, "opus-4-8")
        await pilot.press("2", "enter", "8")
        await shows(pilot, "line 1 of more than")
        assert len(view(pilot).lines) < LINES
        await pilot.press("G")
        await shows(pilot, f'"number": {LINES - 1}')
