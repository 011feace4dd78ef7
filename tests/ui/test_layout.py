"""Where the dashboard's panes are, and how its user moves between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.widgets import Static

from candela_tui.ui.screens.dashboard.layout.arrangement import arrangement_for, next_place
from candela_tui.ui.screens.dashboard.pane import TitledFrame
from candela_tui.ui.state.preferences import Remembered
from tests.ui.scene import Scene, busy_morning, clues, screen_text, shows, until


def _focused(scene: Scene) -> str | None:
    widget = scene.app.focused
    return None if widget is None else widget.id


@pytest.mark.parametrize(
    ("width", "place"), [(80, "off"), (120, "off"), (199, "off"), (200, "beside"), (240, "beside")]
)
def test_the_preview_is_there_by_itself_where_there_is_room(width: int, place: str) -> None:
    assert arrangement_for(width, 36, Remembered()).preview == place


@given(st.integers(20, 300), st.integers(8, 100), st.sampled_from([None, "off", "beside", "below"]))
def test_p_comes_back_to_where_it_began(width: int, height: int, chosen: str | None) -> None:
    places = [arrangement_for(width, height, Remembered(preview=chosen)).preview]  # type: ignore[arg-type]
    while places[0] not in places[1:]:
        remembered = Remembered(preview=next_place(places[-1], width))
        places.append(arrangement_for(width, height, remembered).preview)
        assert len(places) < 5
    assert len(set(places)) == (2 if width < 100 else 3)


def test_small_terminals_are_compact_unless_the_user_wants_it_otherwise() -> None:
    assert arrangement_for(80, 24, Remembered()).compact
    assert not arrangement_for(120, 36, Remembered()).compact
    assert not arrangement_for(80, 24, Remembered(density="standard")).compact
    assert arrangement_for(240, 70, Remembered(density="compact")).compact


@pytest.mark.parametrize("size", [(190, 45), (200, 50), (240, 70), (300, 80)])
async def test_where_all_columns_have_room_they_are_shown_before_another_pane_grows(
    scene: Scene, size: tuple[int, int]
) -> None:
    busy_morning(scene)
    scene.request(ago=100_000, session_id="7c1d4f0e-session", usage=(1, 1, 1, 1, 1))
    async with scene.opened(size) as pilot:
        await shows(pilot, "² Requests", "RECEIVED")
        await pilot.press("1", "g", "2")
        await shows(pilot, "Requests · all sessions", "SESSION", "RECEIVED", "HIT")
        for pane in pilot.app.screen.query("TitledFrame"):
            if pane.display:
                assert pilot.app.screen.region.contains_region(pane.region)


@given(st.integers(20, 300), st.integers(8, 100), st.integers(0, 300), st.sampled_from([None, "off", "beside"]))
def test_no_arrangement_is_wider_than_the_terminal(width: int, height: int, whole_rows: int, place: str | None) -> None:
    layout = arrangement_for(width, height, Remembered(preview=place), whole_rows)  # type: ignore[arg-type]
    preview = 50 if layout.preview == "beside" else 0
    if layout.requests:
        assert layout.requests == whole_rows
        assert layout.requests + layout.sessions + preview <= width
        assert layout.stacked is not bool(layout.sessions)


async def test_the_preview_goes_beside_below_and_away_and_is_remembered(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:48")
        lists, preview = pilot.app.screen.query_one("#lists"), pilot.app.screen.query_one("#preview")
        assert not preview.region
        await pilot.press("p")
        await until(pilot, lambda: preview.region.x > lists.region.x and preview.region.y == lists.region.y)
        assert scene.app.sources.preferences.now.preview == "beside"
        await pilot.press("p")
        await until(pilot, lambda: preview.region.y > lists.region.y and preview.region.x == lists.region.x)
        await pilot.press("p")
        await until(pilot, lambda: not preview.region)
        assert scene.app.sources.preferences.now.preview == "off"


async def test_tab_goes_round_the_panes_and_digits_go_to_them(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "¹ Sessions", "² Requests")
        await until(pilot, lambda: _focused(scene) == "request-rows")
        await pilot.press("tab")
        assert _focused(scene) == "session-rows"
        await pilot.press("shift+tab")
        assert _focused(scene) == "request-rows"
        await pilot.press("3")
        await shows(pilot, "³ Preview")
        assert _focused(scene) == "preview-view"
        await pilot.press("h")
        assert _focused(scene) == "request-rows"
        await pilot.press("h", "h")
        assert _focused(scene) == "session-rows"
        await pilot.press("2", "right")
        assert _focused(scene) == "preview-view"
        await pilot.press("escape")
        assert _focused(scene) == "request-rows"


async def test_z_shows_one_pane_alone_and_all_again(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "¹ Sessions", "11:59:48")
        await pilot.press("z")
        await until(pilot, lambda: "¹ Sessions" not in screen_text(pilot))
        assert pilot.app.screen.query_one("#requests").region.width == 120
        await pilot.press("1")
        await shows(pilot, "¹ Sessions", "refactor the store")
        assert "² Requests" not in screen_text(pilot)
        assert _focused(scene) == "session-rows"
        await pilot.press("escape")
        await shows(pilot, "¹ Sessions", "² Requests")


@pytest.mark.parametrize(
    ("size", "place"), [((80, 24), None), ((120, 36), "beside"), ((160, 45), "below"), ((200, 50), None)]
)
async def test_a_zoomed_pane_takes_all_the_room(scene: Scene, size: tuple[int, int], place: str | None) -> None:
    scene.app.sources.preferences.change(preview=place)
    busy_morning(scene)
    async with scene.opened(size) as pilot:
        await shows(pilot, "² Requests")
        panes = pilot.app.screen.query_one("#panes")
        for key, name in (("1", "sessions"), ("2", "requests"), ("3", "preview"), ("4", "timeline")):
            await pilot.press(key)
            pane = pilot.app.screen.query_one(f"#{name}")
            await pilot.press("z")
            await until(pilot, lambda pane=pane: pane.region == panes.region)
            await pilot.press("z")
            await until(pilot, lambda pane=pane: pane.region != panes.region)


async def test_focus_goes_to_the_requests_when_its_pane_goes_away(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((80, 24)) as pilot:
        await shows(pilot, "11:59:48")
        await pilot.press("3")
        await until(pilot, lambda: _focused(scene) == "preview-view")
        await pilot.press("p")
        await until(pilot, lambda: _focused(scene) == "request-rows")


async def test_a_compact_pane_says_above_what_its_frame_says_below(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((80, 24)) as pilot:
        screen = await shows(pilot, "Requests · fix the flaky test · +1 hidden")
        assert "╭" not in screen
        await pilot.resize_terminal(120, 36)
        await shows(pilot, "╭", "+1 hidden")


async def test_a_compact_pane_cuts_its_title_and_not_what_is_marked_filtered_or_new(scene: Scene) -> None:
    for number in range(3):
        scene.request(ago=60 - number, clues=clues("a title that is longer than a narrow terminal has room for " * 2))
    async with scene.opened((80, 24)) as pilot:
        await shows(pilot, "11:59:02")
        await pilot.press("2", "g", "space")
        await shows(pilot, "… · 1 marked")
        await pilot.resize_terminal(50, 24)
        await shows(pilot, "² Requests · a title", "… · 1 marked")


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 36), (160, 50), (240, 70)])
@pytest.mark.parametrize("place", ["off", "beside", "below"])
async def test_every_arrangement_leaves_room_for_the_requests(scene: Scene, size: tuple[int, int], place: str) -> None:
    scene.app.sources.preferences.change(preview=place)
    scene.request(clues=clues("fix the flaky test"))
    async with scene.opened(size) as pilot:
        await shows(pilot, "² Requests")
        rows = pilot.app.screen.query_one("#request-rows")
        await until(pilot, lambda: rows.region.height >= 2 and rows.region.width >= 40)
        for pane in pilot.app.screen.query("TitledFrame"):
            if pane.display:
                assert pilot.app.screen.region.contains_region(pane.region)


async def test_the_density_can_be_chosen(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "╭", "11:59:48")
        await pilot.press("D")
        await until(pilot, lambda: "╭" not in screen_text(pilot))
        assert scene.app.sources.preferences.now.density == "compact"
        await pilot.press("D", "D")
        await shows(pilot, "╭")
        assert scene.app.sources.preferences.now.density is None


@pytest.mark.parametrize(("key", "pane"), [("p", "#preview"), ("t", "#timeline"), ("T", "#timeline")])
async def test_what_is_asked_for_comes_into_view_out_of_a_zoom(scene: Scene, key: str, pane: str) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:48")
        scene.app.sources.preferences.change(preview="off", timeline=False)
        await pilot.press("z")
        await until(pilot, lambda: not pilot.app.screen.query_one("#sessions").display)
        await pilot.press(key)
        await until(pilot, lambda: bool(pilot.app.screen.query_one(pane).region))
        assert pilot.app.screen.query_one("#sessions").display


@pytest.mark.parametrize("size", [(30, 8), (40, 10), (60, 15)])
async def test_a_small_window_is_for_the_requests(scene: Scene, size: tuple[int, int]) -> None:
    busy_morning(scene)
    async with scene.opened(size) as pilot:
        await shows(pilot, "TIME", "11:59:48")
        assert scene.app.query_one("#request-rows").region.height >= 4
        assert "Sessions" not in screen_text(pilot)
        await pilot.press("1")
        await shows(pilot, "Sessions", "refactor")
        assert "TIME" not in screen_text(pilot)
        await pilot.press("enter")
        await shows(pilot, "TIME", "11:59:48")


async def test_messages_hide_neither_totals_nor_the_newest_requests(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((80, 24)) as pilot:
        await shows(pilot, "11:59:48", "cost")
        below = screen_text(pilot).splitlines()[-8:-1]
        scene.app.notify("Something happened that takes a few words to say, and then some more of them.")
        await shows(pilot, "Something happened")
        assert screen_text(pilot).splitlines()[-8:-1] == below


async def test_leaving_names_every_key_and_its_sentence_is_whole(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((60, 20)) as pilot:
        await shows(pilot, "11:59:48")
        await pilot.press("q")
        await shows(pilot, "1 request is live.", "cuts it off.", "y ⏎ q quit · n esc stay")


class _Framed(App[None]):
    def compose(self) -> ComposeResult:
        yield TitledFrame("Requests", Static(), id="frame")


@pytest.mark.parametrize("width", [24, 30, 38, 39, 40, 50, 54, 60])
async def test_what_a_frame_says_below_is_whole_or_left_out(width: int) -> None:
    facts = ["12,345 of 67,890", "17 marked", "+1,204 hidden"]
    async with _Framed().run_test(size=(width, 5)) as pilot:
        frame = pilot.app.query_one(TitledFrame)
        frame.name_it("Requests", " · ".join(facts))
        await pilot.pause()
        assert frame.subtitle_words in [" · ".join(facts[:count]) for count in (1, 2, 3)]
        assert len(frame.subtitle_words) <= width - 6
