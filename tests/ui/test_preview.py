"""The preview of the request with the cursor."""

import json

from candela_tui.exchange import Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.ui.screens.dashboard.preview.preview_pane import PreviewPane
from candela_tui.ui.widgets.text_view.text_view import TextView
from tests.store.recording import writing
from tests.ui.scene import LIVE, STREAM_HEADERS, Scene, clues, event, screen_text, shows, stream, until


def _asked(text: str) -> bytes:
    return json.dumps({"model": "claude-opus-4-8", "messages": [{"role": "user", "content": text}]}).encode()


def _at_work(preview: PreviewPane) -> list[object]:
    nodes = {preview, preview.target}
    return [worker for worker in preview.workers if worker.node in nodes and not worker.is_finished]


async def test_the_preview_follows_the_cursor(scene: Scene) -> None:
    scene.request(ago=20, answer=stream("the first answer"), usage=(12, 18400, 1204, 0, 214))
    scene.request(ago=10, answer=stream("the second answer"))
    async with scene.opened((200, 50)) as pilot:
        await shows(pilot, "Preview · 11:59:50 · main · opus-4-8", "the second answer")
        await pilot.press("k")
        screen = await shows(pilot, "Preview · 11:59:40", "the first answer", "18k read", "214 out")
        assert "the second answer" not in screen


async def test_a_live_answer_grows_in_the_preview(scene: Scene) -> None:
    async with scene.opened((200, 50)) as pilot:
        live = scene.request(ago=12, response_headers=STREAM_HEADERS, **LIVE)
        await shows(pilot, "Preview · 11:59:48", "waiting for the first token")
        live = scene.grow(live, stream("It begins", end=False))
        await shows(pilot, "It begins", "streaming")
        delta = {"type": "text_delta", "text": " and goes on"}
        scene.grow(live, event("content_block_delta", index=0, delta=delta))
        await shows(pilot, "and goes on")


async def test_an_error_is_told_in_words(scene: Scene) -> None:
    error = ApiError("overloaded_error", "The provider is overloaded")
    scene.request(status=529, outcome=Outcome.ERROR, error=error, stop_reason=None)
    async with scene.opened((200, 50)) as pilot:
        await shows(pilot, "✗ 529 overloaded: The provider is overloaded")


async def test_brackets_turn_the_preview_to_other_pages(scene: Scene) -> None:
    scene.request(body=_asked("what is the cause?"), answer=stream("the clock"))
    async with scene.opened((200, 50)) as pilot:
        await shows(pilot, "the clock")
        await pilot.press("3", "right_square_bracket")
        screen = await shows(pilot, "what is the cause?")
        assert "the clock" not in screen
        await pilot.press("right_square_bracket")
        await shows(pilot, "Timing")
        await pilot.press("right_square_bracket")
        await shows(pilot, "the clock")


async def test_enter_and_a_double_click_open_the_request(scene: Scene) -> None:
    scene.request(answer=stream("the clock"))
    async with scene.opened((200, 50)) as pilot:
        await shows(pilot, "the clock")
        await pilot.press("3", "enter")
        await shows(pilot, "1 Overview")
        await pilot.press("escape")
        await shows(pilot, "¹ Sessions")
        await pilot.click("#preview-view", times=2)
        await shows(pilot, "1 Overview")


async def test_a_click_on_a_pages_name_turns_to_it(scene: Scene) -> None:
    scene.request(body=_asked("what is the cause?"), answer=stream("the clock"))
    async with scene.opened((200, 50)) as pilot:
        await shows(pilot, "the clock")
        await pilot.click("PageNames", offset=(14, 0))
        await shows(pilot, "what is the cause?")


async def test_the_store_is_read_for_requests_of_before(scene: Scene) -> None:
    with writing(scene.store) as (writer, _):
        exchange = scene.make(session_id="old", clues=clues("of yesterday"), ago=90000)
        writer.begin(exchange, b"{}")
        writer.end(exchange, [stream("what was said then")], [1.0])
    async with scene.opened((200, 50)) as pilot:
        await shows(pilot, "what was said then")


async def test_passing_by_requests_reads_none_of_their_bodies(scene: Scene) -> None:
    for second in range(60, 20, -1):
        scene.request(ago=second, answer=stream(f"answer {second}"))
    async with scene.opened((200, 50)) as pilot:
        await shows(pilot, "answer 21")
        preview = pilot.app.screen.query_one(PreviewPane)
        preview.rest_s = 3600
        await pilot.press(*"kkkkk")
        screen = await shows(pilot, "Preview · 11:59:34")
        assert "answer" not in screen
        assert not _at_work(preview)
        preview.rest_s = 0.01
        await pilot.press("k")
        await shows(pilot, "answer 27")


async def test_nothing_is_read_while_the_preview_is_away(scene: Scene) -> None:
    scene.request(answer=stream("the clock"))
    async with scene.opened((120, 36)) as pilot:
        await shows(pilot, "11:59:00")
        preview = pilot.app.screen.query_one(PreviewPane)
        assert not preview.active
        assert "the clock" not in screen_text(pilot)
        await pilot.press("p")
        await shows(pilot, "the clock")
        await pilot.press("p", "p")
        await until(pilot, lambda: not preview.active)
        await until(pilot, lambda: not _at_work(preview))


async def test_a_store_that_cannot_be_read_is_told_in_the_preview(scene: Scene) -> None:
    exchange = scene.make(session_id="old")
    async with scene.opened((200, 50)) as pilot:
        scene.store.write_bytes(b"this is no database" * 100)
        scene.feed.publish((exchange,))
        view = pilot.app.screen.query_one("#preview-view", TextView)
        await until(pilot, lambda: "store.sqlite3" in "".join(view.lines.texts()))


async def test_turning_back_to_a_page_finds_its_place_again(scene: Scene) -> None:
    scene.request(body=_asked("what is the cause?"), answer=stream("\n".join(f"line {n}" for n in range(200))))
    async with scene.opened((200, 50)) as pilot:
        await shows(pilot, "line 3 ")
        view = pilot.app.screen.query_one("#preview-view")
        await pilot.press("3", "pagedown", "pagedown")
        await until(pilot, lambda: "line 3 " not in screen_text(pilot))
        place = view.scroll_y
        await pilot.press("right_square_bracket")
        await shows(pilot, "what is the cause?")
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: view.scroll_y == place)


async def test_the_levels_of_detail_hold_in_the_preview_too(scene: Scene) -> None:
    scene.request(body=_asked("\n".join(f"word {n}" for n in range(20))))
    async with scene.opened((200, 60)) as pilot:
        await shows(pilot, "Preview · 11:59:00")
        await pilot.press("3", "right_square_bracket")
        await shows(pilot, "word 0")
        whole = "word 19" in screen_text(pilot)
        await pilot.press(*(["minus"] * 3 if whole else ["plus"] * 3))
        await until(pilot, lambda: ("word 19" in screen_text(pilot)) is not whole)
