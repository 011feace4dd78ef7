"""What the chosen session used over time, on the screen."""

import pytest

from candela_tui.analysis.timeline import Bucket, Part
from candela_tui.exchange import Marks, Outcome
from candela_tui.ui.screens.dashboard.timeline.timeline_chart import Chart
from candela_tui.ui.style.stacked_bars import bars, highest, legend
from tests.ui.scene import LIVE, Scene, busy_morning, clues, screen_text, shows, until


def _bucket(*tokens: int) -> Bucket:
    return Bucket(requests=1, tokens=[*tokens, 0])


def _requests_in(chart: Chart) -> int:
    return sum(bucket.requests for bucket in chart.timeline.buckets) if chart.timeline else 0


def _drawn(buckets: list[Bucket], height: int, *, coloured: bool = True) -> list[str]:
    return ["".join(cell.sign for cell in row) for row in bars(buckets, "tokens", height, coloured=coloured)]


def test_the_highest_bar_fills_the_chart_and_the_scale_is_of_square_roots() -> None:
    assert _drawn([_bucket(100, 0, 0, 0), _bucket(25, 0, 0, 0), _bucket(0, 0, 0, 0)], 2) == ["█  ", "██ "]
    assert highest([_bucket(100, 0, 0, 20), _bucket(25, 0, 0, 0)], "tokens") == "120"


def test_what_is_small_beside_the_rest_is_still_seen() -> None:
    [[top], _, [bottom]] = bars([_bucket(1_000_000, 0, 0, 1)], "tokens", 3)
    assert (top.sign, top.style, top.behind) == ("▇", "link", "accent")
    assert (bottom.sign, bottom.style, bottom.behind) == ("█", "link", None)


def test_without_colours_each_part_has_its_own_sign() -> None:
    assert _drawn([_bucket(100, 100, 100, 100)], 4, coloured=False) == ["█", "▓", "▒", "░"]
    said = "".join(text for text, _ in legend([_bucket(100, 0, 0, 100)], "tokens", coloured=False))
    assert "░ cache read" in said
    assert "█ output" in said
    assert "input" not in said


def test_every_part_has_a_name_and_a_sign_of_its_own() -> None:
    bucket = Bucket(requests=1, tokens=[1] * len(Part))
    pieces = [legend([bucket], "tokens", coloured=False)[place] for place in range(2, 3 * len(Part), 3)]
    assert len({sign for sign, _ in pieces}) == len({style for _, style in pieces}) == len(Part)


async def test_the_time_line_is_there_by_itself_on_high_terminals(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((120, 46)) as pilot:
        await shows(pilot, "⁴ Timeline · tokens", "cache read", "√ scale", "11:56:00")
        await pilot.press("t")
        await until(pilot, lambda: "Timeline ·" not in screen_text(pilot))
        assert scene.app.sources.preferences.now.timeline is False


async def test_t_shows_it_on_low_terminals_and_that_is_remembered(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((80, 24)) as pilot:
        assert "Timeline ·" not in await shows(pilot, "11:59:48")
        await pilot.press("t")
        await shows(pilot, "Timeline · tokens", "11:59:48")
        assert scene.app.sources.preferences.now.timeline is True


async def test_capital_t_shows_cost_and_agents(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((120, 46)) as pilot:
        await shows(pilot, "Timeline · tokens", "√ scale")
        await pilot.press("T")
        await shows(pilot, "Timeline · cost", "$0.19 │")
        await pilot.press("T")
        await shows(pilot, "Timeline · agents", "2 agents", "ran", "failed", "live")
        lines = screen_text(pilot).splitlines()
        [lane] = [line for line in lines if "agent 1" in line and "━" in line]
        assert "6.3s" in lane
        assert "$0.026" in lane
        assert scene.app.sources.preferences.now.timeline_shows == "agents"


async def test_what_has_the_cursor_is_told_in_words(scene: Scene) -> None:
    scene.request(ago=600, clues=clues("fix the flaky test"), usage=(12, 18400, 1204, 0, 214))
    scene.request(ago=500, usage=(12, 96000, 0, 0, 61))
    async with scene.opened((160, 46)) as pilot:
        await shows(pilot, "1 request · 96k read · 12 in · 61 out · $0.050")
        await pilot.press("k")
        await shows(pilot, "11:50:00 · 1 request · 18k read · 1.2k write · 12 in · 214 out")


async def test_a_cost_that_is_not_known_is_not_nothing(scene: Scene) -> None:
    scene.request(model="claude-fable-9", model_used="claude-fable-9", usage=(2, 5, 0, 0, 12))
    async with scene.opened((160, 46)) as pilot:
        await shows(pilot, "1 request · 5 read · 2 in · 12 out · –")


async def test_arrows_in_the_time_line_move_the_cursor_of_the_requests(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((120, 46)) as pilot:
        chart = pilot.app.screen.query_one(Chart)
        await until(pilot, lambda: _requests_in(chart) > 9)
        requests = pilot.app.screen.query_one("#request-rows")
        was = requests.cursor_key  # type: ignore[attr-defined]
        await pilot.press("4", "left")
        await until(pilot, lambda: requests.cursor_key < was)  # type: ignore[attr-defined]
        assert chart.exchange_id == requests.cursor_key  # type: ignore[attr-defined]
        await pilot.press("right")
        await until(pilot, lambda: requests.cursor_key == was)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await shows(pilot, "1 Overview")


async def test_up_and_down_go_from_agent_to_agent(scene: Scene) -> None:
    busy_morning(scene)
    scene.app.sources.preferences.change(timeline_shows="agents")
    async with scene.opened((120, 46)) as pilot:
        chart = pilot.app.screen.query_one(Chart)
        await until(pilot, lambda: _requests_in(chart) > 9)
        loaded = scene.app.sources.loaded
        requests = pilot.app.screen.query_one("#request-rows")
        await pilot.press("4", "down")
        await until(pilot, lambda: loaded.exchange(requests.cursor_key).agent_id == "a1b2c3")  # type: ignore
        await pilot.press("k")
        await until(pilot, lambda: loaded.exchange(requests.cursor_key).agent_id is None)  # type: ignore


@pytest.mark.parametrize("what", ["tokens", "agents"])
async def test_a_click_goes_to_the_request_there(scene: Scene, what: str) -> None:
    first = scene.request(ago=600, clues=clues("fix the flaky test"), usage=(12, 18400, 1204, 0, 214))
    scene.request(ago=300, usage=(12, 18400, 1204, 0, 214))
    scene.app.sources.preferences.change(timeline_shows=what)
    async with scene.opened((120, 46)) as pilot:
        chart = pilot.app.screen.query_one(Chart)
        await until(pilot, lambda: _requests_in(chart) == 2)
        requests = pilot.app.screen.query_one("#request-rows")
        assert requests.cursor_key != first.id  # type: ignore[attr-defined]
        await pilot.click(chart, offset=(chart.label_cells, 0))
        await until(pilot, lambda: requests.cursor_key == first.id)  # type: ignore[attr-defined]


async def test_a_lane_goes_on_while_its_agent_is_live(scene: Scene) -> None:
    scene.app.sources.preferences.change(timeline_shows="agents")
    async with scene.opened((120, 46)) as pilot:
        live = scene.request(ago=12, **LIVE)
        await shows(pilot, "1 agent", "══ live")
        scene.grow(live, outcome=Outcome.OK, marks=Marks(1, 600, 812, 20_000))
        await shows(pilot, "━━ ran", "20s")


async def test_another_session_has_another_time_line(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((160, 46)) as pilot:
        await shows(pilot, "11:56:00")
        await pilot.press("1", "G")
        await shows(pilot, "22k write")


async def test_a_pause_is_folded_and_its_length_is_told(scene: Scene) -> None:
    scene.request(ago=9000, clues=clues("fix the flaky test"), usage=(12, 18400, 1204, 0, 214))
    scene.request(ago=60, usage=(12, 18400, 1204, 0, 214))
    async with scene.opened((120, 46)) as pilot:
        await shows(pilot, "┊2h28")
