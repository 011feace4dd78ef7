"""The list of requests, used as its user does."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from candela_tui.exchange import Difference, Exchange, Marks, Outcome
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Diagnosis
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.ui.screens.dashboard.requests.requests_pane import RequestsPane
from tests.ui.scene import LIVE, Scene, clues, screen_text, shows, typed, until

OVERLOADED: dict[str, Any] = {
    "status": 529,
    "outcome": Outcome.ERROR,
    "error": ApiError("overloaded_error", "Overloaded"),
    "stop_reason": None,
    "marks": Marks(0.4, 80, None, 1000.0),
}


def pane(pilot: Pilot[int]) -> RequestsPane:
    return pilot.app.screen_stack[0].query_one(RequestsPane)


def rows(pilot: Pilot[int]) -> list[str]:
    """The lines of the list, of those that say when."""
    if not pane(pilot).rows.rows:
        return []
    area = pane(pilot).rows.region
    lines = screen_text(pilot).splitlines()[area.y : area.bottom]
    return [line[area.x : area.right - 1].rstrip() for line in lines if line[area.x : area.right].strip()]


def row(pilot: Pilot[int], text: str) -> str:
    return next((line for line in rows(pilot) if text in line), "")


def times(pilot: Pilot[int]) -> list[str]:
    return [line[3:11] for line in rows(pilot)]


async def listed(pilot: Pilot[int], *moments: str) -> None:
    await until(pilot, lambda: times(pilot) == list(moments) and pane(pilot).has_focus_within)


async def test_the_tries_of_a_call_are_one_row_that_says_how_many(scene: Scene) -> None:
    async with scene.opened() as pilot:
        scene.request(ago=30, **OVERLOADED)
        await until(pilot, lambda: "529 overloaded" in row(pilot, "11:59:30"))
        assert "tr" not in row(pilot, "11:59:30")
        scene.request(ago=20, retry=1, **OVERLOADED)
        await until(pilot, lambda: "529 overloaded · 2 tries" in row(pilot, "11:59:30"))
        live = scene.request(ago=10, retry=2, **{**LIVE, "marks": Marks()})
        await until(pilot, lambda: "529 overloaded · try 3" in row(pilot, "11:59:30"))
        live = scene.grow(live, output_characters=370, marks=Marks(1, 2, 3, None))
        await until(pilot, lambda: "main ×3" in row(pilot, "11:59:30"))
        assert "~100" in row(pilot, "11:59:30")
        scene.grow(live, outcome=Outcome.OK, marks=Marks(1, 2, 3, 4000.0), **scene.counted(12, 96000, 0, 0, 211))
        await until(pilot, lambda: "✓ 11:59:30 main ×3" in row(pilot, "11:59:30"))
        assert times(pilot) == ["11:59:30"]
        assert " 24s" in row(pilot, "11:59:30")


async def test_opening_a_call_opens_its_last_try_and_the_cursor_stays_on_it(scene: Scene) -> None:
    async with scene.opened() as pilot:
        scene.request(ago=40)
        scene.request(ago=30, **OVERLOADED)
        scene.request(ago=25)
        await listed(pilot, "11:59:20", "11:59:30", "11:59:35")
        await pilot.press("k")
        again = scene.request(ago=20, retry=1)
        await until(pilot, lambda: pane(pilot).exchange_id == again.id)
        assert pane(pilot).listed.neighbour_of(again.id, -1) == next(pane(pilot).exchanges).id
        assert pane(pilot).listed.neighbour_of(next(pane(pilot).exchanges).id, 1) == again.id
        await pilot.press("enter")
        await shows(pilot, "Overview", "after 1 earlier try")


async def test_tries_that_the_client_does_not_count_are_one_row_as_they_come(scene: Scene) -> None:
    body = b'{"model": "%s"}' % (b"x" * 2000)
    async with scene.opened() as pilot:
        scene.request(ago=30, body=body, **OVERLOADED)
        await listed(pilot, "11:59:30")
        scene.request(ago=25, body=body, **OVERLOADED)
        await listed(pilot, "11:59:30")
        scene.request(ago=20, body=body, usage=(12, 0, 0, 0, 214))
        await until(pilot, lambda: "×3" in row(pilot, "11:59:30"))
        await listed(pilot, "11:59:30")


async def test_what_a_row_costs_is_what_all_its_tries_cost(scene: Scene) -> None:
    scene.request(ago=30, usage=(1000, 0, 0, 0, 5), **{**OVERLOADED, "outcome": Outcome.CUT})
    scene.request(ago=20, retry=1, usage=(1000, 0, 0, 0, 5))
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:30")
        costs = [one.cost.total for one in pane(pilot).exchanges if one.cost]
        assert len(costs) == 2
        assert f"≥${sum(costs).quantize(Decimal('0.001'))}" in row(pilot, "11:59:30")


async def test_errors_say_what_happened_and_what_to_do(scene: Scene) -> None:
    limit = ApiError("rate_limit_error", "This request would exceed the limit of your organization")
    limited = {**OVERLOADED, "status": 429, "error": limit, "agent_id": "a1"}
    scene.request(ago=30, **limited, rate_limits=(("retry-after", "34"),))
    expired = ApiError("authentication_error", "OAuth token has expired")
    scene.request(ago=20, **{**OVERLOADED, "status": 401, "error": expired})
    scene.request(ago=10, outcome=Outcome.CUT, stop_reason=None)
    async with scene.opened((160, 36)) as pilot:
        await listed(pilot, "11:59:30", "11:59:40", "11:59:50")
        assert "429 rate limit · retry after 34s · This request" in row(pilot, "11:59:30")
        assert "401 authentication · sign in again: /login in Claude Code" in row(pilot, "11:59:40")
        assert "✂ 11:59:50" in row(pilot, "11:59:50")
        assert "cut off by the provider" in row(pilot, "11:59:50")


async def test_a_client_that_would_have_tried_again_by_now_does_not_wait(scene: Scene) -> None:
    scene.request(ago=30, **OVERLOADED, rate_limits=(("retry-after", "34"),))
    async with scene.opened((160, 36)) as pilot:
        await until(pilot, lambda: "529 overloaded · retry after 34s" in row(pilot, "11:59:30"))
        scene.now += timedelta(seconds=60)
        pane(pilot)._look_again()
        await until(pilot, lambda: "529 overloaded" in row(pilot, "11:59:30") and "retry" not in screen_text(pilot))


async def test_a_client_whose_agent_went_on_does_not_wait(scene: Scene) -> None:
    scene.request(ago=30, **OVERLOADED, rate_limits=(("retry-after", "34"),))
    async with scene.opened((160, 36)) as pilot:
        await until(pilot, lambda: "retry after 34s" in row(pilot, "11:59:30"))
        scene.request(ago=25, agent_id="a1", usage=(1, 2, 3, 4, 5))
        scene.request(ago=20, kind=Kind.TITLE, usage=(1, 2, 3, 4, 5))
        await until(pilot, lambda: row(pilot, "11:59:35"))
        assert "retry after 34s" in row(pilot, "11:59:30")
        scene.request(ago=10, model="claude-haiku-4-5", usage=(1, 2, 3, 4, 5))
        await until(pilot, lambda: row(pilot, "11:59:50") and "retry" not in row(pilot, "11:59:30"))


async def test_what_was_served_otherwise_than_asked_is_marked(scene: Scene) -> None:
    other = Difference("model", "claude-opus-4-8", "claude-sonnet-4-5")
    slow = Difference("speed", "fast", "standard")
    scene.request(ago=30, model_used="claude-sonnet-4-5", differences=(other,), usage=(1, 2, 3, 4, 5))
    scene.request(ago=20, differences=(slow,), usage=(1, 2, 3, 4, 5))
    async with scene.opened((160, 36)) as pilot:
        await until(pilot, lambda: "≠sonnet-4-5" in row(pilot, "11:59:30"))
        assert "opus-4-8" in row(pilot, "11:59:40")
        assert "≠" in row(pilot, "11:59:40")


async def test_a_filter_holds_as_it_is_typed_and_for_what_comes_later(scene: Scene) -> None:
    scene.request(ago=50, clues=clues("fix the flaky test"))
    scene.request(ago=40, model="claude-haiku-4-5")
    scene.request(ago=30, **OVERLOADED)
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10", "11:59:20", "11:59:30")
        await pilot.press("slash")
        await typed(pilot, "model:hai")
        await listed(pilot, "11:59:20")
        await shows(pilot, "/model:hai · 1 of 3")
        await pilot.press("enter")
        scene.request(ago=20)
        scene.request(ago=10, model="claude-haiku-4-5")
        await listed(pilot, "11:59:20", "11:59:50")
        await shows(pilot, "2 of 5")
        assert {one.model for one in pane(pilot).exchanges} == {"claude-haiku-4-5"}
        await pilot.press("escape")
        await until(pilot, lambda: len(times(pilot)) == 5)
        assert "/model" not in screen_text(pilot)


async def test_another_session_does_not_take_the_place_of_requests_that_are_read(scene: Scene) -> None:
    scene.request(ago=50, clues=clues("the first"))
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10")
        await pilot.press("slash", "o")
        scene.request(ago=5, session_id="another", clues=clues("the second"))
        await shows(pilot, "the second")
        assert "Requests · the first" in screen_text(pilot)


async def test_a_call_leaves_and_enters_the_filter_as_it_goes_on(scene: Scene) -> None:
    async with scene.opened() as pilot:
        live = scene.request(ago=30, **LIVE)
        scene.request(ago=20)
        await listed(pilot, "11:59:30", "11:59:40")
        await pilot.press("slash")
        await typed(pilot, "status:live")
        await listed(pilot, "11:59:30")
        scene.grow(live, outcome=Outcome.OK, marks=Marks(1, 2, 3, 4))
        await until(pilot, lambda: times(pilot) == [])


async def test_a_filter_that_can_not_be_read_says_why_and_where(scene: Scene) -> None:
    scene.request(ago=50)
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10")
        await pilot.press("slash")
        await typed(pilot, "opus modle:x")
        screen = await shows(pilot, "did you mean model?")
        lines = screen.splitlines()
        at = next(number for number, line in enumerate(lines) if "opus modle:x" in line)
        assert lines[at].index("modle") == lines[at + 1].index("^")
        await pilot.press("escape")
        await listed(pilot, "11:59:10")
        assert "did you mean" not in screen_text(pilot)


async def test_tab_completes_a_filter(scene: Scene) -> None:
    scene.request(ago=50, model="claude-opus-4-8")
    scene.request(ago=40, model="claude-haiku-4-5")
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10", "11:59:20")
        await pilot.press("slash", "m", "o", "tab", "h", "tab")
        await shows(pilot, "/ model:haiku-4-5")
        await listed(pilot, "11:59:20")


async def test_what_is_hidden_is_counted_as_far_as_the_filter_looks_for_it(scene: Scene) -> None:
    scene.request(ago=50, kind=Kind.TITLE, model="claude-haiku-4-5")
    scene.request(ago=40, kind=Kind.COUNT_TOKENS)
    scene.request(ago=30)
    async with scene.opened() as pilot:
        await shows(pilot, "+2 hidden")
        await pilot.press("slash")
        await typed(pilot, "haiku")
        await shows(pilot, "/haiku · 0 of 1 · +1 hidden", "No request matches haiku", "H to show 1 hidden request")
        await pilot.press("enter", "H")
        await listed(pilot, "11:59:10")
        assert scene.app.sources.preferences.now.show_hidden


async def test_marks_stay_while_rows_change_and_what_is_marked_is_written(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for ago in (50, 40, 30):
        scene.request(ago=ago, usage=(1, 2, 3, 4, ago))
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10", "11:59:20", "11:59:30")
        live = scene.request(ago=20, **LIVE)
        await pilot.press("g", "space", "j", "m")
        await shows(pilot, "2 marked")
        scene.grow(live, outcome=Outcome.OK, **scene.counted(1, 2, 3, 4, 20))
        await until(pilot, lambda: "✓" in row(pilot, "11:59:40"))
        assert [line[0] for line in rows(pilot)] == ["●", " ", "●", " "]
        await pilot.press("e")
        await shows(pilot, "the marked requests, 2 requests", "JSON Lines")
        await pilot.press("enter")
        await shows(pilot, "2 requests written")
        await pilot.press("escape")
        await until(pilot, lambda: "marked ·" not in screen_text(pilot) and not pane(pilot).rows.marks)  # type: ignore[attr-defined]
    [path] = tmp_path.glob("*-marked.csv")
    written = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [one["output_tokens"] for one in written] == ["50", "30"]


async def test_what_a_filter_shows_is_written_as_json(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scene.request(ago=50, usage=(1, 2, 3, 4, 5))
    scene.request(ago=40, **OVERLOADED)
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10", "11:59:20")
        await pilot.press("slash")
        await typed(pilot, "status:error")
        await pilot.press("enter", "e")
        await shows(pilot, "the requests shown, 1 request")
        await pilot.press("2")
        await shows(pilot, "1 request written")
    [path] = tmp_path.glob("*-shown.json")
    assert [one["status"] for one in json.loads(path.read_text(encoding="utf-8"))] == [529]


async def test_an_export_that_can_not_be_written_says_why(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.request(ago=50)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10")
        gone.rmdir()
        await pilot.press("e", "enter")
        await shows(pilot, "could not be written", "directory")


async def test_a_click_on_a_heading_orders_and_another_reverses(scene: Scene) -> None:
    for ago, tokens in ((50, 300), (40, 100), (30, 200)):
        scene.request(ago=ago, usage=(1, 2, 3, 4, tokens))
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10", "11:59:20", "11:59:30")
        lines = screen_text(pilot).splitlines()
        top = next(number for number, line in enumerate(lines) if "TIME↑" in line)
        await pilot.click(offset=(lines[top].index("OUT") + 1, top))
        await listed(pilot, "11:59:10", "11:59:30", "11:59:20")
        await shows(pilot, "↓OUT")
        scene.request(ago=20, usage=(1, 2, 3, 4, 250))
        await listed(pilot, "11:59:10", "11:59:40", "11:59:30", "11:59:20")
        await pilot.click(offset=(lines[top].index("OUT") + 1, top))
        await listed(pilot, "11:59:20", "11:59:30", "11:59:40", "11:59:10")
        assert scene.app.sources.preferences.now.requests_order == "OUT"
        assert scene.app.sources.preferences.now.requests_reversed


async def test_an_order_is_chosen_by_its_letter_and_reversed_with_a_key(scene: Scene) -> None:
    for ago, tokens in ((50, 300), (40, 100)):
        scene.request(ago=ago, usage=(tokens, 2, 3, 4, 5))
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10", "11:59:20")
        await pilot.press("O")
        await listed(pilot, "11:59:20", "11:59:10")
        scene.request(ago=30)
        await listed(pilot, "11:59:30", "11:59:20", "11:59:10")
        assert pane(pilot).rows.following
        await pilot.press("o")
        await shows(pilot, "Sort by", "cost of all tries")
        await pilot.press("d")
        await shows(pilot, "↓IN")
        await listed(pilot, "11:59:10", "11:59:20", "11:59:30")
        assert not pane(pilot).rows.following


async def test_columns_are_chosen_moved_and_remembered(scene: Scene) -> None:
    scene.request(ago=50, usage=(1, 2, 3, 4, 5), tools_called=("Bash", "Edit"))
    async with scene.opened((160, 40)) as pilot:
        await shows(pilot, "TIME↑    AGENT")
        await pilot.press("C")
        await shows(pilot, "Columns", "tools that the answer calls")
        await pilot.press("j", "j", "space", "J", "J")
        await until(pilot, lambda: "AGENT" not in scene.app.sources.preferences.now.columns)
        await pilot.press("G", *"kkkkkk", "space", "escape")
        await until(pilot, lambda: "Bash, Edit" in row(pilot, "11:59:10"))
        assert "main" not in row(pilot, "11:59:10")
        assert scene.app.sources.preferences.now.columns[-1] == "TOOLS"
        await pilot.press("C", "r", "escape")
        await until(pilot, lambda: "main" in row(pilot, "11:59:10"))
        assert scene.app.sources.preferences.now.columns == ()


async def test_keys_lead_to_errors_and_from_agent_to_agent(scene: Scene) -> None:
    made: list[Exchange] = []
    for ago, facts in ((60, {}), (50, OVERLOADED), (40, {"agent_id": "a1"}), (30, {}), (20, {"agent_id": "a1"})):
        made.append(scene.request(ago=ago, **facts))
    async with scene.opened() as pilot:
        await until(pilot, lambda: len(times(pilot)) == 5)
        for key, place in (("g", 0), ("E", 1), ("E", 1), ("A", 2), ("A", 3), ("left_curly_bracket", 1), ("A", 2)):
            await pilot.press(key)
            assert pane(pilot).exchange_id == made[place].id, key
        await pilot.press("right_curly_bracket")
        assert pane(pilot).exchange_id == made[4].id
        await pilot.press("right_curly_bracket")
        assert pane(pilot).exchange_id == made[4].id
        assert pane(pilot).listed.neighbour_of(made[4].id, -1, lambda other: other.agent_id == "a1") == made[2].id


async def test_following_can_be_switched_off_and_on(scene: Scene) -> None:
    scene.request(ago=50)
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10")
        await pilot.press("F")
        await shows(pilot, "not following: F")
        scene.request(ago=40)
        await shows(pilot, "1 new ↓ G")
        await pilot.press("F")
        await until(pilot, lambda: "new ↓" not in screen_text(pilot))
        newest = scene.request(ago=30)
        await until(pilot, lambda: pane(pilot).exchange_id == newest.id)


async def test_the_id_is_copied_and_the_request_compared(scene: Scene) -> None:
    scene.request(ago=50)
    made = scene.request(ago=40)
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:10", "11:59:20")
        await pilot.press("y")
        assert pilot.app.clipboard == made.id
        await pilot.press("d")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "CompareScreen")


async def test_a_long_session_is_listed_whole_with_what_came_meanwhile(scene: Scene) -> None:
    first = scene.make(ago=50_000)
    many = [replace(first, id=f"{first.id[:-5]}{number:05}") for number in range(3000)]
    async with scene.opened() as pilot:
        scene.feed.publish(tuple(many))
        live = scene.request(ago=30, **LIVE)
        await until(pilot, lambda: len(pane(pilot).rows.rows) == 3001)
        await pilot.press("slash")
        await typed(pilot, "status:ok")
        late = scene.request(ago=20)
        scene.grow(live, outcome=Outcome.OK)
        await until(pilot, lambda: len(pane(pilot).rows.rows) == 3002)
        assert pane(pilot).exchange_id == late.id


async def test_a_term_that_is_half_typed_leaves_the_list_of_the_terms_before_it(scene: Scene) -> None:
    scene.request(ago=20, usage=(12, 0, 0, 18400, 214))
    scene.request(ago=10, model="claude-haiku-4-5")
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:40", "11:59:50")
        await pilot.press("2", "slash", *"cost")
        await shows(pilot, "No request matches cost", "press esc to clear the filter")
        await pilot.press("greater_than_sign")
        await shows(pilot, "cost> needs a value, such as cost>0.05")
        await listed(pilot, "11:59:40", "11:59:50")
        assert "No request matches" not in screen_text(pilot)
        await pilot.press("escape", "slash")
        await typed(pilot, "model:haiku cost>")
        await listed(pilot, "11:59:50")
        await shows(pilot, "/model:haiku · 1 of 2")


@pytest.mark.parametrize("newest_first", [False, True])
async def test_new_are_only_the_requests_since_the_end_was_left_whatever_the_filter(
    scene: Scene, newest_first: bool
) -> None:
    arrow = "↑ g" if newest_first else "↓ G"
    for ago in (90, 80, 70):
        scene.request(ago=ago)
    scene.request(ago=60, model="claude-haiku-4-5")
    async with scene.opened() as pilot:
        await until(pilot, lambda: len(times(pilot)) == 4)
        if newest_first:
            await pilot.press("O")
            await until(pilot, lambda: times(pilot)[0] == "11:59:00")
        # The end is left while the filter leaves out the newest, and all of them come back from it.
        await pilot.press("slash")
        await typed(pilot, "model:opus")
        await until(pilot, lambda: len(times(pilot)) == 3)
        await pilot.press("enter", "j" if newest_first else "k")
        await until(pilot, lambda: not pane(pilot).rows.following)
        await pilot.press("escape")
        await until(pilot, lambda: len(times(pilot)) == 4)
        assert " new " not in screen_text(pilot)
        scene.request(ago=50)
        scene.request(ago=40, model="claude-haiku-4-5")
        await shows(pilot, f"2 new {arrow}")
        await pilot.press("slash")
        await typed(pilot, "model:haiku")
        await shows(pilot, f"1 new {arrow}")
        await pilot.press("escape")
        await shows(pilot, f"2 new {arrow}")
        await pilot.press("g" if newest_first else "G")
        await until(pilot, lambda: " new " not in screen_text(pilot))


async def test_a_column_that_is_misspelt_is_suggested(scene: Scene) -> None:
    scene.request(ago=20)
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:40")
        await pilot.press("colon")
        await typed(pilot, "sort cots")
        await pilot.press("enter")
        await shows(pilot, "Did you mean cost?")


async def test_a_question_mark_in_the_empty_filter_shows_the_language(scene: Scene) -> None:
    scene.request(ago=20)
    async with scene.opened() as pilot:
        await listed(pilot, "11:59:40")
        await pilot.press("slash")
        await shows(pilot, "? Fields")
        await pilot.press("question_mark")
        await shows(pilot, "must not match", "class:auxiliary", "turn:b5411a6f")
        await pilot.press(*"took")
        await shows(pilot, "took>1m", "how long it took (ms, s, m, h, d)")
        await pilot.press("escape", "escape", *"why?")
        await shows(pilot, "/ why?")
        assert "? Fields" not in screen_text(pilot)


async def test_why_a_request_missed_the_cache_is_shown_when_it_is_known(scene: Scene) -> None:
    asked = scene.request(ago=10, session_id="a", clues=clues("the first"))
    async with scene.opened((200, 40)) as pilot:
        await shows(pilot, "WHY", "the first")
        missed = CacheResult(Diagnosis(CacheState.MISS, Cause.TOOLS_CHANGED, rewritten_tokens=9000))
        scene.feed.tell_completed([replace(asked, cache=missed)])
        await shows(pilot, "tools_changed")
        scene.feed.tell_completed([replace(asked, cache=CacheResult(Diagnosis(CacheState.HIT)))])
        await until(pilot, lambda: "tools_changed" not in screen_text(pilot))
