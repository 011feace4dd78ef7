"""The sessions, used as their user does."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from candela_tui.exchange import Delegation
from tests.ui.scene import LIVE, Scene, busy_morning, clues, screen_text, shows, typed, until


def _place(pilot: Pilot[int], text: str) -> tuple[int, int]:
    for y, line in enumerate(screen_text(pilot).splitlines()):
        if text in line:
            return line.index(text), y
    raise AssertionError(f"{text!r} is not on the screen")


def _order(screen: str, *titles: str) -> bool:
    pane = "\n".join(line[:39] for line in screen.splitlines()[2:])
    return all(title in pane for title in titles) and sorted(titles, key=pane.index) == list(titles)


def three(scene: Scene) -> None:
    """The latest is the cheapest, the middle one the dearest, the oldest used the most tokens."""
    scene.request(ago=20, session_id="s-late", clues=clues("write the docs", "/src/site"), usage=(12, 0, 0, 0, 9))
    scene.request(
        ago=200,
        session_id="s-mid",
        clues=clues("tune the query", "/src/db", "perf/query"),
        usage=(90_000, 0, 0, 0, 4000),
    )
    scene.request(
        ago=400,
        session_id="s-old",
        clues=clues("read the logs", "/src/ops"),
        model="claude-haiku-4-5",
        usage=(150_000, 0, 0, 0, 9),
    )


def with_agents(scene: Scene) -> None:
    """A session whose answer set two sub-agents of a type to work, one of which nobody described."""
    delegation = Delegation("Search the tests for sleeps", "Explore", "find flaky tests")
    scene.request(ago=90, clues=clues("fix the flaky test"), usage=(12, 0, 0, 900, 214), delegations=(delegation,))
    small: dict[str, Any] = {"model": "claude-haiku-4-5", "usage": (40, 31_000, 0, 0, 90)}
    scene.request(ago=80, agent_id="a1", task="Search the tests for sleeps", **small)
    scene.request(ago=70, agent_id="a2", **small)


async def test_a_new_session_takes_nobody_away_from_a_request_that_was_opened(scene: Scene) -> None:
    scene.request(ago=60, session_id="read", clues=clues("what is being read"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await shows(pilot, "1 Overview")
        scene.request(ago=5, session_id="new", clues=clues("a new session"))
        await until(pilot, lambda: len(scene.app.sources.loaded.sessions()) == 2)
        await pilot.press("escape")
        await shows(pilot, "a new session", "Requests · what is being read")


async def test_the_density_holds_at_once_for_the_lines_of_a_session(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "3 sessions")
        await pilot.press("D")
        await until(pilot, lambda: "3 sessions" not in screen_text(pilot))
        await pilot.press("D")
        await shows(pilot, "3 sessions")


async def test_the_cache_clock_counts_down_each_second_until_the_cache_is_cold(scene: Scene) -> None:
    scene.request(ago=108, usage=(12, 0, 1200, 0, 214))
    async with scene.opened() as pilot:
        await shows(pilot, "cache 3:12")
        scene.now += timedelta(seconds=1)
        await shows(pilot, "cache 3:11")
        scene.now += timedelta(seconds=150)
        await shows(pilot, "cache 0:41")
        scene.now += timedelta(seconds=43)
        await shows(pilot, "cache cold")


async def test_nothing_counts_while_every_cache_is_cold(scene: Scene) -> None:
    scene.request(ago=108, usage=(12, 0, 1200, 0, 214))
    async with scene.opened() as pilot:
        await shows(pilot, "cache 3:12")
        pane = pilot.app.screen.query_one("#sessions")
        [timer] = [timer for timer in pane._timers if timer._interval == 1.0]
        assert timer._active.is_set()
        scene.now += timedelta(minutes=10)
        await until(pilot, lambda: not timer._active.is_set())
        scene.request(ago=1, usage=(12, 1200, 0, 0, 214))
        await until(pilot, timer._active.is_set)


async def test_a_cache_of_an_hour_ticks_only_in_its_last_minutes(scene: Scene) -> None:
    scene.request(ago=60, usage=(12, 0, 0, 1200, 214))
    async with scene.opened() as pilot:
        await shows(pilot, "cache 59m")
        scene.now += timedelta(minutes=50)
        await shows(pilot, "cache 9:00")
        scene.now += timedelta(seconds=1)
        await shows(pilot, "cache 8:59")


async def test_a_session_says_how_full_its_context_is(scene: Scene) -> None:
    scene.request(ago=30, usage=(12, 90_000, 0, 2900, 300))
    scene.request(ago=20, usage=(12, 92_900, 3000, 0, 300))
    async with scene.opened((180, 40)) as pilot:
        await shows(pilot, "97% hit")
        await pilot.press("1", "z")
        await until(pilot, lambda: re.search(r"97% hit  ctx +\d+%", screen_text(pilot)))


async def test_sub_agents_have_the_names_of_their_tasks(scene: Scene) -> None:
    with_agents(scene)
    async with scene.opened((160, 40)) as pilot:
        screen = await shows(pilot, "Explore · find flaky tests", "agent 1")
        assert "1 req" in next(line for line in screen.splitlines() if "find flaky" in line)


async def test_space_folds_a_session_and_says_how_many_agents_it_hides(scene: Scene) -> None:
    with_agents(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "├ Explore", "└ agent 1")
        await pilot.press("h", "space")
        screen = await shows(pilot, "▸", "2 agents")
        assert "└ agent 1" not in screen
        await pilot.press("space")
        await shows(pilot, "▾", "└ agent 1")


async def test_h_and_l_walk_the_tree_and_then_the_panes(scene: Scene) -> None:
    with_agents(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "└ agent 1")
        await pilot.press("h", "j", "j")
        await shows(pilot, "fix the flaky test · agent 1")
        await pilot.press("h")
        await until(pilot, lambda: "fix the flaky test · agent 1" not in screen_text(pilot))
        await pilot.press("h")
        await until(pilot, lambda: "└ agent 1" not in screen_text(pilot))
        await pilot.press("l")
        await shows(pilot, "└ agent 1")
        assert pilot.app.focused is pilot.app.screen.query_one("#session-rows")
        await pilot.press("l")
        assert pilot.app.focused is pilot.app.screen.query_one("#request-rows")


async def test_folding_from_a_sub_agent_leaves_the_cursor_on_its_session(scene: Scene) -> None:
    with_agents(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "└ agent 1")
        await pilot.press("h", "j", "j", "space")
        screen = await shows(pilot, "2 agents")
        assert "· agent 1" not in screen


async def test_Z_folds_every_session_and_unfolds_them_again(scene: Scene) -> None:  # noqa: N802 - the key
    with_agents(scene)
    scene.request(ago=9, session_id="two", clues=clues("another"))
    scene.request(ago=8, session_id="two", agent_id="b1")
    async with scene.opened() as pilot:
        screen = await shows(pilot, "another", "fix the flaky test")
        assert screen.count("└ agent 1") == 2
        await pilot.press("h", "Z")
        await until(pilot, lambda: "└ agent 1" not in screen_text(pilot))
        await pilot.press("Z")
        await until(pilot, lambda: screen_text(pilot).count("└ agent 1") == 2)


async def test_a_click_on_a_sessions_sign_folds_it(scene: Scene) -> None:
    with_agents(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "└ agent 1")
        assert await pilot.click(offset=_place(pilot, "▾"))
        await shows(pilot, "2 agents")


async def test_sub_agents_of_long_ago_are_folded(scene: Scene) -> None:
    scene.request(ago=20_000, session_id="old", clues=clues("long ago"))
    scene.request(ago=19_000, session_id="old", agent_id="b1")
    async with scene.opened() as pilot:
        screen = await shows(pilot, "long ago", "▸", "1 agent")
        assert "└ agent 1" not in screen


async def test_o_orders_by_cost_then_tokens_and_O_reverses(scene: Scene) -> None:  # noqa: N802 - the key
    three(scene)
    docs, query, logs = "write the docs", "tune the query", "read the logs"
    async with scene.opened() as pilot:
        await until(pilot, lambda: _order(screen_text(pilot), docs, query, logs))
        await pilot.press("h", "o")
        await shows(pilot, "cost ↓")
        await until(pilot, lambda: _order(screen_text(pilot), query, logs, docs))
        await pilot.press("o")
        await shows(pilot, "tokens ↓", "150k tok")
        await until(pilot, lambda: _order(screen_text(pilot), logs, query, docs))
        await pilot.press("O")
        await shows(pilot, "tokens ↑")
        await until(pilot, lambda: _order(screen_text(pilot), docs, query, logs))
        remembered = scene.app.sources.preferences.now
        assert (remembered.sessions_order, remembered.sessions_reversed) == ("tokens", True)
        await pilot.press("o")
        await shows(pilot, "latest ↓")


async def test_the_cursor_stays_on_its_session_while_the_order_changes(scene: Scene) -> None:
    three(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "Requests · write the docs")
        await pilot.press("h", "o", "j")
        await shows(pilot, "cost ↓")
        chosen = screen_text(pilot).splitlines()[1]
        await pilot.press("o", "O")
        await shows(pilot, "tokens ↑")
        assert screen_text(pilot).splitlines()[1] == chosen


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_a_click_on_the_order_changes_it_and_on_its_arrow_reverses_it(
    scene: Scene, size: tuple[int, int]
) -> None:
    three(scene)
    async with scene.opened(size) as pilot:
        await shows(pilot, "latest ↓")
        assert await pilot.click(offset=_place(pilot, "latest ↓"))
        await shows(pilot, "cost ↓")
        x, y = _place(pilot, "cost ↓")
        assert await pilot.click(offset=(x + len("cost ↓") - 1, y))
        await shows(pilot, "cost ↑")


async def test_a_filter_narrows_the_sessions_as_it_is_typed(scene: Scene) -> None:
    three(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "write the docs", "read the logs")
        await pilot.press("h", "slash")
        await typed(pilot, "PERF db")
        screen = await shows(pilot, "1 of 3", "Requests · tune the query")
        assert "read the logs" not in screen
        await pilot.press("enter")
        assert pilot.app.focused is pilot.app.screen.query_one("#session-rows")
        await shows(pilot, "/ PERF db")
        await pilot.press("escape")
        screen = await shows(pilot, "read the logs", "write the docs")
        assert " of 3" not in screen
        assert "PERF" not in screen


async def test_escape_in_the_filter_shows_all_again(scene: Scene) -> None:
    three(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "read the logs")
        await pilot.press("h", "slash")
        await typed(pilot, "nothing has this")
        await shows(pilot, "0 of 3", "No session matches nothing has this", "press esc to clear the filter")
        await pilot.press("escape")
        await shows(pilot, "read the logs")
        assert pilot.app.focused is pilot.app.screen.query_one("#session-rows")


async def test_a_narrow_screen_has_a_line_for_each_session(scene: Scene) -> None:
    three(scene)
    async with scene.opened((80, 24)) as pilot:
        screen = await shows(pilot, "write the docs", "read the logs")
        lines = screen.splitlines()
        docs, query = (next(y for y, line in enumerate(lines) if text in line) for text in ("write", "tune"))
        assert query == docs + 1
        assert "$0.55" in lines[query]
        await pilot.resize_terminal(140, 36)
        await until(pilot, lambda: _place(pilot, "tune the query")[1] - _place(pilot, "write the docs")[1] > 1)


async def test_the_third_new_session_is_chosen_too(scene: Scene) -> None:
    async with scene.opened() as pilot:
        for number, name in enumerate(("first", "second", "third")):
            scene.request(session_id=name, ago=60 - number, clues=clues(f"the {name}"))
            await shows(pilot, f"Requests · the {name}")


async def test_a_session_of_the_store_is_not_taken_for_new(scene: Scene) -> None:
    async with scene.opened() as pilot:
        scene.request(session_id="now", ago=10, clues=clues("the one at work"), **LIVE)
        await shows(pilot, "Requests · the one at work")
        scene.request(session_id="old", ago=9000, clues=clues("of the morning"))
        await shows(pilot, "of the morning", "Requests · the one at work")


async def test_F_follows_the_newest_session_again_and_the_frame_says_which(scene: Scene) -> None:  # noqa: N802 - the key
    async with scene.opened() as pilot:
        scene.request(session_id="a", ago=60, clues=clues("the first"))
        await shows(pilot, "Requests · the first", "─ following ─")
        await pilot.press("2", "k")
        scene.request(session_id="a", ago=58)
        await pilot.press("g")
        await shows(pilot, "─ not following: F ─")
        scene.request(session_id="b", ago=50, clues=clues("the second"))
        await shows(pilot, "the second", "not following: F · latest ↓", "Requests · the first")
        await pilot.press("1", "F")
        await shows(pilot, " following · latest ↓", "Requests · the second")
        scene.request(session_id="c", ago=40, clues=clues("the third"))
        await shows(pilot, "Requests · the third")
        await pilot.press("F")
        await shows(pilot, "not following: F · latest ↓")
        scene.request(session_id="d", ago=30, clues=clues("the fourth"))
        await shows(pilot, "the fourth", "Requests · the third")


async def test_choosing_a_session_stops_following_the_newest(scene: Scene) -> None:
    three(scene)
    async with scene.opened((80, 24)) as pilot:
        await shows(pilot, "Sessions · following · latest ↓")
        await pilot.press("1", "j")
        await shows(pilot, "Sessions · not following: F · latest ↓", "Requests · tune the query")


async def test_in_the_demo_the_shown_session_stays_while_others_begin_and_take_turns(tmp_path: Path) -> None:
    scene = Scene(tmp_path, note="Demo", tour=True)
    async with scene.opened() as pilot:
        scene.request(session_id="a", ago=60, clues=clues("the first"))
        await shows(pilot, "Requests · the first", "not following: F")
        for number, name in enumerate(("second", "third")):
            scene.request(session_id=name, ago=40 - number, clues=clues(f"the {name}"))
            await shows(pilot, f"the {name}", "Requests · the first")
        scene.request(session_id="a", ago=10)
        screen = await shows(pilot, "2 req", "Requests · the first")
        assert _order(screen, "the third", "the second", "the first")
        await pilot.press("1", "F")
        await shows(pilot, "Requests · the third")


@pytest.mark.parametrize(("height", "explained"), [(24, True), (12, False)])
async def test_the_demo_explains_keys_and_signs_where_there_is_room(
    height: int, explained: bool, tmp_path: Path
) -> None:
    scene = Scene(tmp_path, note="Demo", tour=True)
    async with scene.opened((80, height)) as pilot:
        assert "read a request" not in await shows(pilot, "Listening at")
        scene.request(session_id="a", ago=60, clues=clues("the first"))
        screen = await shows(pilot, "Requests · the first")
        assert ("⏎ read a request" in screen) is explained
        assert ("✓ ok  ✗ error" in screen) is explained


async def test_the_real_dashboard_spends_no_lines_on_explanations(scene: Scene) -> None:
    async with scene.opened() as pilot:
        scene.request(session_id="a", ago=60, clues=clues("the first"))
        assert "read a request" not in await shows(pilot, "Requests · the first")


async def test_a_deleted_session_leaves_the_list_its_requests_and_the_sums(scene: Scene) -> None:
    three(scene)
    gone = scene.request(ago=10, session_id="s-gone", clues=clues("what was deleted"), usage=(1_000_000, 0, 0, 0, 1))
    async with scene.opened() as pilot:
        await shows(pilot, "what was deleted")
        await until(pilot, lambda: "11:59:50" in screen_text(pilot))
        scene.feed.tell_removed([gone.id])
        await until(pilot, lambda: "what was deleted" not in screen_text(pilot))
        await until(pilot, lambda: "11:59:50" not in screen_text(pilot))
        # The requests of the session that is selected now are listed.
        await shows(pilot, "3 sessions")


async def test_after_the_last_session_was_deleted_a_new_one_is_shown(scene: Scene) -> None:
    gone = scene.request(ago=10, session_id="s-gone", clues=clues("what was deleted"))
    async with scene.opened() as pilot:
        await shows(pilot, "what was deleted")
        scene.feed.tell_removed([gone.id])
        await until(pilot, lambda: "what was deleted" not in screen_text(pilot))
        scene.request(ago=5, session_id="s-new", clues=clues("what came after"))
        await shows(pilot, "what came after", "11:59:55")
