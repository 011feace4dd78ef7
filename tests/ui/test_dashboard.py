"""The first screen, used as its user does."""

import asyncio
import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Input, Static
from textual.worker import WorkerFailed

from candela_tui.exchange import Marks, Outcome
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Diagnosis
from candela_tui.exchange.context_sums import ContextSums
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.ui.state import feed_follower
from candela_tui.ui.widgets.rows.row_list import RowList
from tests.store.recording import store_whole, writing
from tests.ui.scene import LIVE, Scene, busy_morning, clues, screen_text, shows, typed, until


def _row(screen: str, text: str) -> str:
    return next(line for line in screen.splitlines() if text in line)


async def test_an_empty_dashboard_says_how_to_begin(scene: Scene) -> None:
    async with scene.opened((80, 24)) as pilot:
        screen = await shows(pilot, "http://127.0.0.1:8181", "candela claude", 'eval "$(candela env)"', "candela demo")
        assert "Requests" not in screen


async def test_a_probe_alone_keeps_the_welcome(scene: Scene) -> None:
    async with scene.opened() as pilot:
        scene.request(method="HEAD", path="/", kind=Kind.PROBE, session_id=None)
        await until(pilot, lambda: scene.app.sources.loaded.newest)
        await shows(pilot, "Waiting for the first request")


async def test_keys_are_not_for_panes_that_are_not_to_be_seen(scene: Scene) -> None:
    async with scene.opened() as pilot:
        footer = (await shows(pilot, "Waiting for the first request", "q Quit")).splitlines()[-1]
        assert footer.split() == ["q", "Quit", "?", "Keys"]
        await pilot.press("slash", "p", "t", "z", "e", "y", "4", "enter")
        assert screen_text(pilot).splitlines()[-1] == footer
        scene.request()
        await shows(pilot, "11:59:00", "⏎ Open", "/ Filter", "e Export")
        assert scene.app.focused is pilot.app.screen.query_one("#request-rows")
        assert scene.app.sources.preferences.now.preview is None


async def test_the_first_request_takes_the_place_of_the_welcome(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "Waiting for the first request")
        scene.request(clues=clues("fix the flaky test"), usage=(12, 18400, 1200, 0, 214))
        screen = await shows(pilot, "Requests · fix the flaky test", "opus-4-8")
        assert "Waiting for the first request" not in screen
        row = _row(screen, "11:59:00")
        facts = ["✓", "11:59:00", "main", "opus-4-8", "12", "18k", "1.2k", "214", "0.8s", "4.3s", "$0.022"]
        assert row.rpartition("││")[2].split()[:-1] == facts


async def test_every_session_and_sub_agent_has_its_cost(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        screen = await shows(pilot, "fix the flaky test", "refactor the store", "import customers")
        assert "$0.026" in _row(screen, "└ agent 1")
        assert "2 req" in screen
        assert "main ×2" in screen


async def test_the_header_sums_up_today(scene: Scene) -> None:
    scene.request(usage=(0, 900, 100, 0, 0))
    scene.request(ago=90000, session_id="yesterday", usage=(1000, 0, 0, 0, 0))
    scene.request(ago=3, **LIVE)
    async with scene.opened() as pilot:
        header = (await shows(pilot, "1 live", "hit 90%")).splitlines()[0]
        assert "127.0.0.1:8181 → direct" in header
        assert "today $0.001" in header


async def test_a_live_request_grows_before_the_users_eyes(scene: Scene) -> None:
    async with scene.opened() as pilot:
        live = scene.request(ago=12, output_characters=370, **LIVE)
        row = _row(await shows(pilot, "~100"), "11:59:48")
        assert "12s" in row
        scene.now += timedelta(seconds=8)
        live = scene.grow(live, output_characters=740)
        row = _row(await shows(pilot, "~200"), "11:59:48")
        assert "20s" in row
        scene.grow(live, outcome=Outcome.OK, marks=Marks(1, 600, 812, 20_000), **scene.counted(12, 96000, 0, 0, 211))
        row = _row(await shows(pilot, "96k"), "11:59:48")
        assert "✓" in row
        assert "~" not in row
        assert "211" in row


async def test_nothing_ticks_while_nothing_is_live(scene: Scene) -> None:
    async with scene.opened() as pilot:
        live = scene.request(ago=12, **LIVE)
        await shows(pilot, "1 live")
        assert scene.app._ticker is not None
        assert scene.app._ticker._active.is_set()
        scene.grow(live, outcome=Outcome.OK)
        await shows(pilot, "0 live")
        assert not scene.app._ticker._active.is_set()


async def test_a_timer_that_rings_after_the_last_screen_closed_does_nothing(scene: Scene) -> None:
    async with scene.opened():
        pass
    assert not scene.app.screen_stack
    scene.app._tick()


@pytest.mark.parametrize("close", ["screen", "app"])
async def test_what_a_callback_misses_while_its_screen_closes_does_not_end_the_app(scene: Scene, close: str) -> None:
    async with scene.opened() as pilot:
        screen = Screen[None](Static(id="child"))
        await scene.app.push_screen(screen)
        ran = asyncio.Event()

        async def is_due() -> None:
            while not screen._pruning:  # noqa: ASYNC110 - Textual has no event for it.
                await asyncio.sleep(0)
            ran.set()
            screen.query_one("#removed-before")

        screen.call_later(is_due)
        if close == "screen":
            await scene.app.pop_screen()
            await shows(pilot, "candela claude")
    assert ran.is_set()


async def test_what_a_worker_misses_while_its_screen_closes_does_not_end_the_app(scene: Scene) -> None:
    async with scene.opened() as pilot:
        screen = Screen[None](Static(id="child"))
        await scene.app.push_screen(screen)
        ran = asyncio.Event()

        async def comes_late() -> None:
            while not screen._pruning:  # noqa: ASYNC110 - Textual has no event for it.
                await asyncio.sleep(0)
            ran.set()
            screen.query_one("#removed-before")

        screen.run_worker(comes_late)
        await scene.app.pop_screen()
        await shows(pilot, "candela claude")
    assert ran.is_set()


async def test_what_a_worker_misses_ends_the_app_while_its_screen_is_open(scene: Scene) -> None:
    async def misses() -> None:
        scene.app.screen.query_one("#never-there")

    with pytest.raises(WorkerFailed, match="never-there"):
        async with scene.opened():
            scene.app.screen.run_worker(misses)


async def test_what_a_callback_misses_ends_the_app_while_its_screen_is_open(scene: Scene) -> None:
    with pytest.raises(NoMatches):
        async with scene.opened():
            scene.app.call_later(scene.app.screen.query_one, "#never-there")


async def test_the_clients_own_requests_are_counted_and_shown_on_demand(scene: Scene) -> None:
    scene.request(ago=9, kind=Kind.TITLE, model="claude-haiku-4-5", model_used="claude-haiku-4-5")
    scene.request(ago=8, kind=Kind.COUNT_TOKENS)
    scene.request(ago=7)
    async with scene.opened() as pilot:
        screen = await shows(pilot, "+2 hidden")
        assert "haiku-4-5" not in screen
        await pilot.press("H")
        screen = await shows(pilot, "haiku-4-5", "title", "count")
        assert "hidden" not in screen.replace("Hidden", "")


async def test_a_list_follows_what_is_new_until_the_user_looks_up(scene: Scene) -> None:
    for second in range(60, 10, -1):
        scene.request(ago=second)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:49")
        scene.request(ago=9)
        await shows(pilot, "11:59:51")
        await pilot.press("g")
        await shows(pilot, "11:59:00")
        scene.request(ago=8)
        scene.request(ago=7)
        screen = await shows(pilot, "2 new")
        assert "11:59:53" not in screen
        await pilot.press("G")
        screen = await shows(pilot, "11:59:53")
        assert "new" not in screen
        scene.request(ago=6)
        await shows(pilot, "11:59:54")


async def test_another_session_is_chosen_with_the_keys_or_the_mouse(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "Requests · fix the flaky test")
        await pilot.press("h", "j", "j")
        await shows(pilot, "Requests · refactor the store", "sonnet-4-5")
        await pilot.press("k")
        screen = await shows(pilot, "Requests · fix the flaky test · agent 1")
        assert "529 overloaded" not in screen
        rows = pilot.app.screen.query_one("#session-rows", RowList)
        await pilot.click(rows, offset=(4, 7))
        await shows(pilot, "Requests · import customers from CSV")


async def test_a_new_session_is_chosen_unless_the_user_chose_one(scene: Scene) -> None:
    async with scene.opened() as pilot:
        scene.request(session_id="one", clues=clues("the first"))
        await shows(pilot, "Requests · the first")
        scene.request(session_id="two", ago=30, clues=clues("the second"))
        await shows(pilot, "Requests · the second")
        await pilot.press("h", "j")
        await shows(pilot, "Requests · the first")
        scene.request(session_id="three", ago=10, clues=clues("the third"))
        await shows(pilot, "the third", "Requests · the first")


async def test_hostile_titles_models_and_errors_are_only_text(scene: Scene) -> None:
    evil = "[/foo][bold]x\x1b]0;owned\x07\x1b[2J\u202e中文🙂"
    error = ApiError("evil[/]", evil)
    async with scene.opened() as pilot:
        scene.request(clues=clues(evil, evil, evil), model=evil, model_used=evil, agent_id=evil)
        scene.request(ago=50, status=400, outcome=Outcome.ERROR, error=error)
        scene.feed.notify(evil)
        screen = await shows(pilot, "[/foo][bold]x␛]0;owned␇", "⚠ 1", "400 evil[/]")
        assert not any(character in screen for character in "\x1b\x07\u202e")
        await pilot.press("exclamation_mark")
        await shows(pilot, "Warnings", "[/foo][bold]x␛")
        await pilot.press("escape", "enter")
        await shows(pilot, "Overview", "evil[/]: [/foo]")


async def test_what_the_store_has_from_before_is_shown(scene: Scene) -> None:
    with writing(scene.store) as (writer, _):
        exchange = scene.make(session_id="old", clues=clues("of yesterday"), ago=90000, usage=(1, 2, 3, 4, 5))
        writer.begin(exchange, b"{}")
        writer.end(exchange, [b"x"], [1.0])
    async with scene.opened() as pilot:
        await shows(pilot, "of yesterday", "Nov 20 11:00")


async def test_the_records_of_another_candela_are_followed_in_its_store(tmp_path: Path) -> None:
    scene = Scene(tmp_path, note="Another candela (pid 123) serves port 8181", follows_store=True)
    async with scene.opened() as pilot:
        await shows(pilot, "Another candela (pid 123)")
        with writing(scene.store) as (writer, _):
            exchange = scene.make(clues=clues("elsewhere"))
            writer.begin(exchange, b"{}")
            writer.end(exchange, [b"x"], [1.0])
        await shows(pilot, "Requests · elsewhere")


async def test_what_other_candelas_store_in_a_shared_database_is_shown_beside_the_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_follower, "_POLL_SHARED_S", 0.1)
    scene = Scene(tmp_path, shares_store=True)
    async with scene.opened() as pilot:
        scene.feed.publish((scene.make(session_id="here", clues=clues("asked here")),))
        await shows(pilot, "asked here")
        with writing(scene.store) as (writer, _):
            live = scene.make(session_id="there", clues=clues("asked there"), outcome=Outcome.LIVE)
            writer.begin(live, b"{}")
            await shows(pilot, "asked there", "2 sessions")
            scene.feed.publish((scene.make(session_id="here", clues=clues("asked again here")),))
            await shows(pilot, "3 req")
            writer.end(replace(live, outcome=Outcome.OK), [b"x"], [1.0])
            loaded = scene.app.sources.loaded
            await until(pilot, lambda: (known := loaded.exchange(live.id)) and known.outcome is Outcome.OK)


async def test_what_is_imported_and_worked_out_later_is_followed_in_a_store_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_follower, "_COUNTS_EVERY", 1)
    scene = Scene(tmp_path, note="Another candela (pid 123) serves port 8181", follows_store=True)
    with writing(scene.store) as (writer, reports):
        new, old = (
            scene.make(clues=clues("of today"), usage=(1, 2, 3, 4, 5)),
            scene.make(session_id="old", clues=clues("of yesterday"), ago=90000, usage=(1, 2, 3, 4, 5)),
        )
        store_whole(writer, new)
        reports.wait_until_stored(new.id)
        async with scene.opened() as pilot:
            await shows(pilot, "of today")
            store_whole(writer, scene.make(session_id="other", clues=clues("of this minute"), ago=1))
            await shows(pilot, "of this minute")
            store_whole(writer, old)
            await shows(pilot, "of yesterday")
            missed = CacheResult(Diagnosis(CacheState.MISS, Cause.TOOLS_CHANGED, rewritten_tokens=9000))
            writer.add_results([replace(new, cache=missed, context=ContextSums())])
            loaded = scene.app.sources.loaded
            await until(pilot, lambda: (known := loaded.exchange(new.id)) and known.cache and known.context)


async def test_a_store_that_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.store.write_bytes(b"this is no database" * 100)
    async with scene.opened() as pilot:
        await shows(pilot, "⚠ 1", "store.sqlite3")


async def test_e_writes_the_session_as_csv(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scene.request(ago=20, usage=(12, 0, 0, 0, 5))
    scene.request(ago=10)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:50")
        await pilot.press("e")
        await shows(pilot, "the session, 2 requests")
        await pilot.press("enter")
        await shows(pilot, "2 requests written")
    [path] = tmp_path.glob("*.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [row["input_tokens"] for row in rows] == ["12", ""]


async def test_q_leaves_at_once_when_nothing_is_live(scene: Scene) -> None:
    scene.request()
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("q")
    assert scene.app.return_value == 0


async def test_q_asks_while_requests_are_live(scene: Scene) -> None:
    scene.request(**LIVE)
    async with scene.opened() as pilot:
        await shows(pilot, "1 live")
        await pilot.press("q")
        await shows(pilot, "Quit candela?", "1 request is live")
        await pilot.press("escape")
        await until(pilot, lambda: "Quit candela?" not in screen_text(pilot))
        assert pilot.app.is_running
        await pilot.press("q", "y")
    assert scene.app.return_value == 0


async def test_ctrl_c_leaves_without_asking(scene: Scene) -> None:
    scene.request(**LIVE)
    async with scene.opened() as pilot:
        await shows(pilot, "1 live")
        await pilot.press("ctrl+c")
    assert scene.app.return_value == 0


async def test_help_lists_the_keys_that_work_here(scene: Scene) -> None:
    scene.request()
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("question_mark")
        screen = await shows(pilot, "Keys", "Export requests to a CSV or JSON file")
        assert "requests.export" in screen
        await pilot.press("escape", "enter", "question_mark")
        await shows(pilot, "revious tab")


async def test_every_action_is_in_the_palette(scene: Scene) -> None:
    scene.request()
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await typed(pilot, "hidden")
        await shows(pilot, "Show or hide probes, counts and titles")


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 50), (240, 70), (20, 8)])
async def test_it_can_be_read_in_any_size(scene: Scene, size: tuple[int, int]) -> None:
    busy_morning(scene)
    async with scene.opened(size) as pilot:
        await shows(pilot, "candela")
        if size[0] >= 80:
            screen = await shows(pilot, "fix the flaky test", "11:59:48", "$0.086", "cost ≥ $0.39")
            assert "TIME" in screen
        await pilot.resize_terminal(120, 36)
        await shows(pilot, "fix the flaky test", "11:59:48", "$0.086")


async def test_an_unknown_theme_in_the_settings_is_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path, theme="candle-dark")
    async with scene.opened() as pilot:
        assert pilot.app.theme == "candela-dark"
        await shows(pilot, "There is no theme 'candle-dark'", "did you mean candela-dark?")


@pytest.mark.parametrize("theme", ["candela-light", "nord", "textual-light"])
async def test_every_theme_has_every_style(tmp_path: Path, theme: str) -> None:
    scene = Scene(tmp_path, theme=theme)
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
