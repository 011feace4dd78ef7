"""The row of all sessions: one list over all of them, and the sums of all."""

import re
from typing import Any

from textual.pilot import Pilot

from candela_tui.ui.screens.dashboard.selection import ALL_SESSIONS
from tests.ui.scene import LIVE, Scene, clues, screen_text, shows, until
from tests.ui.test_requests_pane import pane, row, rows


def two_sessions(scene: Scene) -> None:
    scene.request(ago=90, session_id="a", clues=clues("fix the test", "/src/a"), usage=(100, 0, 0, 0, 10))
    scene.request(ago=80, session_id="b", clues=clues("write the docs", "/src/b"), usage=(200, 0, 0, 0, 20))
    scene.request(
        ago=70, session_id="a", model="claude-haiku-4-5", model_used="claude-haiku-4-5", usage=(400, 0, 0, 0, 40)
    )


async def all_chosen(pilot: Pilot[Any]) -> None:
    await shows(pilot, "All sessions", "write the docs")
    await pilot.press("1", "g", "2")
    await until(pilot, lambda: pane(pilot).selection == ALL_SESSIONS and len(rows(pilot)) == 3)


async def test_all_sessions_have_one_list_that_says_whose_each_request_is(scene: Scene) -> None:
    two_sessions(scene)
    async with scene.opened((160, 40)) as pilot:
        await all_chosen(pilot)
        await shows(pilot, "SESSION", "Requests · all sessions", "input 700", "output 70")
        assert "fix the" in row(pilot, "11:58:30")
        assert "write the" in row(pilot, "11:58:40")


async def test_the_newest_session_is_chosen_at_first_and_not_all(scene: Scene) -> None:
    two_sessions(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "All sessions", "Requests · write the docs")
        assert "SESSION" not in screen_text(pilot)


async def test_what_comes_is_added_to_the_list_and_the_sums_of_all(scene: Scene) -> None:
    two_sessions(scene)
    async with scene.opened((160, 40)) as pilot:
        await all_chosen(pilot)
        live = scene.request(ago=5, session_id="c", clues=clues("a third"), **LIVE)
        await until(pilot, lambda: "a third" in row(pilot, "11:59:55"))
        scene.grow(live, outcome="ok", **scene.counted(300, 0, 0, 0, 30))
        await shows(pilot, "3 sessions  4 req", "input 1.0k", "output 100")


async def test_a_filter_an_order_and_marks_work_on_all_sessions(scene: Scene) -> None:
    two_sessions(scene)
    async with scene.opened((160, 40)) as pilot:
        await all_chosen(pilot)
        await pilot.press("slash")
        await pilot.press(*"session:docs", "enter")
        await until(pilot, lambda: len(rows(pilot)) == 1 and "11:58:40" in rows(pilot)[0])
        await shows(pilot, "1 of 3", "input 200")
        await pilot.press("escape")
        await until(pilot, lambda: len(rows(pilot)) == 3)
        await pilot.press("g", "m", "G", "m", "e")
        await shows(pilot, "the marked requests, 2 requests")
        await pilot.press("w")
        await shows(pilot, "all sessions, 3 requests", "candela-all.csv")


async def test_a_filter_of_sessions_hides_the_row_of_all(scene: Scene) -> None:
    two_sessions(scene)
    async with scene.opened() as pilot:
        await all_chosen(pilot)
        await pilot.press("1", "slash", *"docs")
        await until(pilot, lambda: "All sessions" not in screen_text(pilot))
        await shows(pilot, "Requests · write the docs")
        await pilot.press("escape", "escape")
        await shows(pilot, "All sessions")


async def test_the_next_request_of_the_same_agent_is_of_the_same_session(scene: Scene) -> None:
    two_sessions(scene)
    async with scene.opened((160, 40)) as pilot:
        await all_chosen(pilot)
        await pilot.press("g", "right_curly_bracket", "enter")
        await shows(pilot, "11:58:50", "haiku-4-5")


async def test_usage_is_told_by_model_and_by_day(scene: Scene) -> None:
    two_sessions(scene)
    scene.request(ago=90_000, session_id="old", clues=clues("yesterday's"), usage=(1000, 0, 0, 0, 100))
    async with scene.opened() as pilot:
        await shows(pilot, "All sessions", "write the docs")
        await pilot.press("1", "g", "u")
        screen = await shows(pilot, "Usage · all sessions", "By model", "By day")
        for name, requests, tokens in (
            ("Total", "4", "1.7k"),
            ("today", "3", "700"),
            ("yesterday", "1", "1.0k"),
            ("opus-4-8", "3", "1.3k"),
            ("haiku-4-5", "1", "400"),
        ):
            assert re.search(rf"{name} +{requests} +{tokens} ", screen)
        await pilot.press("escape", "j", "u")
        await shows(pilot, "Usage · write the docs")
