"""A request compared with the one before it."""

import json
from typing import Any

import pytest
from textual.pilot import Pilot

from candela_tui.analysis.comparison_rows import changed_part
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ui.screens.compare.screen import CompareScreen
from candela_tui.ui.widgets.text_view.text_view import TextView
from tests.store.recording import writing
from tests.ui.scene import LIVE, Scene, clues, screen_text, shows, typed, until

USER = {"role": "user", "content": [{"type": "text", "text": "\n".join(f"line {n}" for n in range(40))}]}
ANSWER = {"role": "assistant", "content": [{"type": "text", "text": "Let me look."}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "No such file"}]}


def body(*messages: Any, **more: Any) -> bytes:
    asked = {"model": "claude-opus-4-8", "tools": [{"name": "Bash"}], "system": "You are a reef.", "messages": messages}
    return json.dumps({**asked, **more}).encode()


def changed(old: str, new: str) -> Any:
    return json.loads(json.dumps(USER).replace(old, new))


def two(scene: Scene, old: bytes, new: bytes, **facts: Any) -> Exchange:
    scene.request(ago=100, body=old, clues=clues("fix the flaky test"), usage=(12, 18_000, 400, 0, 61))
    return scene.request(ago=60, body=new, **{"usage": (12, 18_400, 600, 0, 61), **facts})


async def open_on(pilot: Pilot[int], scene: Scene, exchange: Exchange) -> None:
    loaded = scene.app.sources.loaded
    await until(pilot, lambda: all(loaded.exchange(each.id) for each in (*scene._happened, exchange)))
    await scene.app.push_screen(CompareScreen(scene.app.sources, exchange.id))


async def test_d_on_a_request_shows_what_it_has_that_the_one_before_had_not(scene: Scene) -> None:
    two(scene, body(USER), body(USER, ANSWER, RESULT))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await shows(pilot, "Usage and cost")
        await pilot.press("d")
        screen = await shows(
            pilot,
            "Compare  11:58:20 → 11:59:00  40s later   main   opus-4-8   fix the flaky test",
            "1 the same, 2 new",
            "extends the previous prompt; all of it is cacheable",
            "18k tokens read (97%), 600 written, 12 uncached",
            "18k → 19k tokens (+600)",
            "… 1 unchanged message",
            " + message 2 · assistant",
            "     + Let me look.",
            " + message 3 · user",
            "   + tool_result",
            "     + content: No such file",
        )
        assert "line 7" not in screen
        await pilot.press("escape")
        await shows(pilot, "Usage and cost")


async def test_a_changed_message_shows_its_lines_with_a_few_around_them(scene: Scene) -> None:
    made = two(scene, body(USER, ANSWER), body(changed("line 20", "row 20"), ANSWER))
    async with scene.opened((100, 40)) as pilot:
        await open_on(pilot, scene, made)
        screen = await shows(pilot, "1 the same, 1 changed", "     − line 20", "     + row 20", "… 17 unchanged lines")
        assert "the same as the previous prompt up to the system prompt" in screen
        assert "line 17" in screen
        assert "line 16" not in screen
        assert "… 16 unchanged lines" in screen


async def test_two_marked_requests_are_compared_whatever_session_they_are_of(scene: Scene) -> None:
    scene.request(ago=90, body=body(USER), session_id="other", clues=clues("another"), agent_id="a1")
    two(scene, body(USER), body(USER, ANSWER, RESULT))
    async with scene.opened() as pilot:
        await shows(pilot, "another", "agent 1")
        await pilot.press("1", "g", "2")
        await shows(pilot, "all sessions", "11:58:20", "11:58:30", "11:59:00")
        await pilot.press("g", "m", "d")
        screen = await shows(pilot, "11:58:20 → 11:58:30  10s later   main → agent 1   opus-4-8", "No differences")
        assert "Next" not in screen
        await pilot.press("escape")
        await shows(pilot, "1 marked")
        await pilot.press("G", "m", "g", "d")
        await shows(pilot, "11:58:20 → 11:59:00  40s later   main   opus-4-8", "1 the same, 2 new")
        await pilot.press("escape", "j", "m", "d")
        await shows(pilot, "3 requests are marked. Mark exactly two")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"model": "claude-haiku-4-5"}, "another model: nothing of the previous prompt"),
        ({"tools": [{"name": "Bash", "description": "Runs."}]}, "differs from the tool Bash on"),
        ({"system": "You are a fish."}, "differs from the block 1 · text of the system prompt on"),
        ({"max_tokens": 5}, "extends the previous prompt; all of it is cacheable"),
    ],
)
async def test_the_summary_says_what_the_change_means_for_the_cache(
    scene: Scene, more: dict[str, Any], said: str
) -> None:
    made = two(scene, body(USER), body(USER, **more))
    async with scene.opened() as pilot:
        await open_on(pilot, scene, made)
        await shows(pilot, said)


async def test_what_asks_for_the_same_differs_in_nothing(scene: Scene) -> None:
    made = two(scene, body(USER), body(USER))
    async with scene.opened() as pilot:
        await open_on(pilot, scene, made)
        await shows(pilot, "No differences: the two requests are equal.")


async def test_the_first_request_of_an_agent_has_nothing_to_be_compared_with(scene: Scene) -> None:
    two(scene, body(USER), body(USER))
    first = scene.request(ago=30, agent_id="a1", body=body(USER))
    async with scene.opened() as pilot:
        await open_on(pilot, scene, first)
        await shows(pilot, "This is the agent's first request: there is nothing to compare it with.")
        await pilot.press("q")
        await shows(pilot, "Sessions")


async def test_a_body_that_is_not_recorded_is_said(scene: Scene) -> None:
    made = two(scene, body(USER), body(USER, ANSWER))
    scene.feed.release(made.id)
    async with scene.opened() as pilot:
        await open_on(pilot, scene, made)
        await shows(pilot, "The request at 11:59:00 can't be compared. The body was not recorded.")


async def test_the_bodies_of_earlier_runs_come_from_the_store(scene: Scene) -> None:
    old, new = scene.make(ago=100), scene.make(ago=60)
    with writing(scene.store) as (writer, reports):
        for made, its_body in ((old, body(USER)), (new, body(USER, ANSWER))):
            writer.begin(made, its_body)
            writer.end(made, [], [])
        reports.wait_until_stored(old.id, new.id)
    async with scene.opened() as pilot:
        await open_on(pilot, scene, new)
        await shows(pilot, "+ message 2 · assistant")


async def test_a_live_request_can_be_compared_and_its_answer_tells_of_the_cache_when_it_has_ended(scene: Scene) -> None:
    made = two(scene, body(USER), body(USER, ANSWER), **LIVE)
    async with scene.opened() as pilot:
        await open_on(pilot, scene, made)
        await shows(pilot, "not reported yet")
        scene.grow(made, outcome=Outcome.OK, **scene.counted(12, 18_400, 600, 0, 61))
        await shows(pilot, "18k tokens read (97%)", "+ message 2 · assistant")


async def test_brackets_go_from_change_to_change_and_say_when_there_is_none(scene: Scene) -> None:
    many = [{"role": "user", "content": f"message number {n}\n" * 9} for n in range(12)]
    made = two(scene, body(USER), body(USER, *many))
    async with scene.opened((80, 24)) as pilot:
        await open_on(pilot, scene, made)
        await shows(pilot, "12 new")
        view = scene.app.screen.query_one(TextView)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "+ message 3 · user" in screen_text(pilot).splitlines()[2])
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "+ message 2 · user" in screen_text(pilot).splitlines()[2])
        await pilot.press("left_square_bracket")
        await shows(pilot, "There is no earlier change.")
        await pilot.press(*["right_square_bracket"] * 13)
        await shows(pilot, "There is no later change.")
        assert view.scroll_y == view.max_scroll_y


async def test_the_requests_of_the_agent_can_be_gone_through(scene: Scene) -> None:
    two(scene, body(USER), body(USER, ANSWER))
    last = scene.request(ago=30, body=body(USER, ANSWER, RESULT))
    async with scene.opened() as pilot:
        await open_on(pilot, scene, last)
        await shows(pilot, "11:59:00 → 11:59:30", "message 3 · user")
        await pilot.press("J")
        await shows(pilot, "There is no later request of this agent.")
        await pilot.press("K")
        await shows(pilot, "11:58:20 → 11:59:00", "message 2 · assistant")
        await pilot.press("K")
        await shows(pilot, "there is nothing to compare it with")


async def test_words_are_found_in_the_changes(scene: Scene) -> None:
    made = two(scene, body(USER), body(USER, ANSWER, RESULT))
    async with scene.opened() as pilot:
        await open_on(pilot, scene, made)
        await shows(pilot, "Let me look.")
        await pilot.press("slash")
        await typed(pilot, "let me")
        await pilot.press("enter")
        await shows(pilot, "1/1")
        await pilot.press("escape")
        await until(pilot, lambda: "1/1" not in screen_text(pilot))
        assert isinstance(scene.app.screen, CompareScreen)


async def test_the_changes_are_copied_as_text_with_their_signs(scene: Scene) -> None:
    made = two(scene, body(USER), body(changed("line 20", "row 20\\u001b[2J")))
    async with scene.opened() as pilot:
        await open_on(pilot, scene, made)
        await shows(pilot, "1 changed")
        await until(pilot, lambda: "Messages" in screen_text(pilot))
        await pilot.press("y")
        await shows(pilot, "Copied the changes")
        copied = scene.app.clipboard.splitlines()
        assert "- " + " " * 4 + "line 20" in copied
        assert "+ " + " " * 4 + "row 20␛[2J" in copied


async def test_another_width_breaks_the_lines_again(scene: Scene) -> None:
    long = {"role": "user", "content": "many words " * 30 + "the end"}
    made = two(scene, body(USER), body(USER, long))
    async with scene.opened((120, 36)) as pilot:
        await open_on(pilot, scene, made)
        await shows(pilot, "the end")
        await pilot.resize_terminal(60, 40)
        await until(pilot, lambda: sum("many words" in line for line in screen_text(pilot).splitlines()) >= 6)


@pytest.mark.parametrize(
    ("old", "new", "changed_parts"),
    [
        ("line 20 of 40", "line 21 of 40", ("0", "1")),
        ("the end", "the very end", ("", "very ")),
        ("aaa", "aaaa", ("", "a")),
        ("something", "else", None),
        ("", "x", None),
    ],
)
def test_of_similar_lines_the_part_that_differs_is_told(
    old: str, new: str, changed_parts: tuple[str, str] | None
) -> None:
    found = changed_part(old, new)
    assert (found and (old[slice(*found[0])], new[slice(*found[1])])) == changed_parts


async def test_a_long_line_goes_on_below_where_it_began_and_is_found_and_copied_whole(scene: Scene) -> None:
    made = two(scene, body(USER), body(USER, {"role": "user", "content": "    " + "many words " * 20 + "the end"}))
    async with scene.opened((80, 24)) as pilot:
        await open_on(pilot, scene, made)
        screen = await shows(pilot, "the end")
        (last,) = (line for line in screen.splitlines() if "the end" in line)
        assert last.startswith(" " * 11 + "many")
        await pilot.press("slash", *("words " + "many " + "words"), "enter")
        await shows(pilot, "/10")
