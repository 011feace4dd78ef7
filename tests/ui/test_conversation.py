"""The conversation of a request: what is shown of it, folded and unfolded, found and opened."""

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.image_size import image_size
from candela_tui.text.terminal_safe import terminal_safe_lines
from candela_tui.ui.screens.request.conversation.attachments import Attachment, current_attachment
from candela_tui.ui.screens.request.pages.system import SystemPage
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel
from candela_tui.ui.widgets.text_view.search import Query
from candela_tui.ui.widgets.text_view.text_view import TextView
from tests.ui.conversation import (
    ALL,
    ONE,
    assistant,
    body_of,
    call,
    exhaust,
    laid_out,
    result,
    settled,
    text,
    texts,
    user,
)
from tests.ui.scene import Scene, screen_text, shows, typed, until

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\0" * 3000
IMAGE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()},
}
NUMBERED = "\n".join(f"line {number}" for number in range(1, 221))


def test_a_folded_call_says_what_it_was_for_and_what_it_brought() -> None:
    body = body_of(
        assistant(call("Read", file_path="/src/a.py", limit=20), call("Bash", "toolu_2", command="make\nmake test")),
        user(result(NUMBERED), result("no rule", "toolu_2", is_error=True)),
    )
    lines = texts(laid_out(body, detail=ONE))
    assert " ▸ → Read  file_path=/src/a.py limit=20  220 lines" in lines
    assert " ▸ → Bash  command=make make test  ✗ failed" in lines
    assert any(line.startswith(" ▸ ← Read  line 1 line 2") and line.endswith("220 lines") for line in lines)
    assert " ▸ ✗ Bash failed  no rule" in lines


def test_a_few_lines_of_a_result_are_shown_and_the_rest_counted() -> None:
    lines = texts(laid_out(body_of(user(result(NUMBERED)))))
    assert "   line 6" in lines
    assert "   line 7" not in lines
    assert "   … 214 more lines" in lines


def test_a_result_of_a_line_more_than_a_few_is_shown_whole() -> None:
    lines = texts(laid_out(body_of(user(result("\n".join("1234567"))))))
    assert "   7" in lines
    assert not any("…" in line for line in lines)


def test_arguments_read_as_they_are() -> None:
    body = body_of(assistant(call("Edit", path="a.py", old="x = 1\ny = 2", count=3, sure=True, where={"lines": [1]})))
    lines = texts(laid_out(body, detail=ALL))
    for line in ("   path: a.py", "   old:", "     x = 1", "     y = 2", "   count: 3", "   sure: true", "   where:"):
        assert line in lines
    assert '       "lines": [' in lines


def test_arguments_that_are_no_object_are_shown_as_json() -> None:
    body = body_of(assistant({"type": "tool_use", "id": "t", "name": "X", "input": [1, "two"]}))
    assert '     "two"' in texts(laid_out(body, detail=ALL))


def test_system_reminders_are_blocks_of_their_own() -> None:
    written = "<system-reminder>\nbe brief\n</system-reminder>\nfix it\n  <system-reminder>x</system-reminder>"
    lines = texts(laid_out(body_of(user(written))))
    assert " ▸ reminder  be brief  3 lines" in lines
    assert "   fix it" in lines
    assert "     <system-reminder>x</system-reminder>" in lines


def test_a_reminder_in_mid_sentence_is_the_users_words() -> None:
    lines = texts(laid_out(body_of(user("why <system-reminder> in my text?"))))
    assert "   why <system-reminder> in my text?" in lines


def test_a_reminder_in_a_result_folds_by_itself() -> None:
    written = "the file\n\n<system-reminder>\nnot malware\n</system-reminder>\n"
    lines = texts(laid_out(body_of(user(result(written)))))
    assert "   the file" in lines
    assert "   ▸ reminder  not malware  3 lines" in lines


def test_images_say_type_pixels_and_size() -> None:
    lines = texts(laid_out(body_of(user(IMAGE, result(["look", IMAGE])))))
    assert "   ▣ image   image/png · 640 × 480 · 3.0 kB   press v to open" in lines


def test_a_mark_of_the_cache_is_shown_whatever_is_folded() -> None:
    block = {**text(NUMBERED), "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    for detail in (ONE, ALL):
        assert "   ◇ cache breakpoint, 1h" in texts(laid_out(body_of(user(block)), detail=detail))


def test_the_billing_header_is_told_from_the_prompt() -> None:
    system = [text("x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=cli;"), text("You are Claude Code.")]
    lines = texts(laid_out(body_of(user("hi"), system=system), page=SystemPage))
    assert any(line.startswith("── billing header") for line in lines)
    assert any("Not for the model" in line for line in lines)
    assert "   You are Claude Code." in lines


_WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200) | st.sampled_from(
    [
        "\\n \\\\n \\",
        "a\n",
        "\n",
        "\n\n",
        "<system-reminder>\nx\n</system-reminder>\ny",
        "\ttab\x1b[2J",
        "é🙂" * 90,
        "cut \ud83d in two",
    ]
)
_BLOCKS = st.one_of(
    st.builds(text, _WORDS),
    st.builds(lambda words: {"type": "thinking", "thinking": words, "signature": ""}, _WORDS),
    st.builds(lambda key, words: call("T", **{key: words}), st.text("abc", min_size=1), _WORDS),
    st.builds(result, _WORDS),
    st.builds(lambda words: result([text(words), IMAGE, text(words)]), _WORDS),
    st.just({"type": "hologram", "depth": [1, {"a": "b"}]}),
)
_BODIES = st.lists(st.builds(user, _BLOCKS, _BLOCKS), min_size=1, max_size=4).map(
    lambda messages: json.dumps({"messages": messages}).encode()
)


@given(_BODIES, st.integers(20, 100))
def test_folding_and_unfolding_gives_the_same_lines(body: bytes, width: int) -> None:
    lines = laid_out(body, width, detail=ALL)
    before = texts(lines)
    lines.toggle_all()
    settled(lines)
    assert all(fold.level is DetailLevel.ONE for fold in lines.folds if fold.kind)
    lines.toggle_all()
    settled(lines)
    assert texts(lines) == before


@given(_BODIES, st.integers(20, 100), st.integers(0, 2))
def test_every_line_can_be_drawn_at_every_level(body: bytes, width: int, level: int) -> None:
    lines = laid_out(body, width, detail=dict.fromkeys(ALL, level))
    assert len(texts(lines)) == sum(fold.height for fold in lines.folds)


@given(st.text(max_size=400), st.integers(20, 60), st.booleans())
def test_all_of_a_text_is_shown_once(words: str, width: int, ascii: bool) -> None:
    encoded = json.dumps({"messages": [user(words)]}, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    lines = laid_out(encoded, width, detail=ALL)
    shown = "".join(line[3:] for line in (lines.text(n) for n in range(2, len(lines))) if line)
    without_breaks = terminal_safe_lines(words).replace("\n", "").replace(" ", "")
    if "<system-reminder>" not in words and words:
        assert shown.replace("▾ ", "").replace(" ", "") == without_breaks


@given(st.integers(1, 60), st.text("ab \n", max_size=300), st.text("ab ", min_size=1, max_size=4))
def test_search_finds_what_is_in_the_text_however_it_is_folded_or_broken(times: int, words: str, query: str) -> None:
    written = words * times
    lines = laid_out(body_of({"role": "user", "content": written}), 24, detail=ONE)
    finder = lines.finder(Query(query))
    exhaust(finder.steps())
    shown = written.removesuffix("\n") if written else "(empty)"
    expected, place = 0, shown.find(query)
    while place >= 0:
        expected, place = expected + 1, shown.find(query, place + len(query))
    in_rule = 0 if not finder.hits else sum(hit[0] < 2 for hit in finder.hits)
    assert len(finder.hits) - in_rule == expected


def test_search_finds_words_at_the_seams_of_a_very_long_line() -> None:
    words = "".join(f"{number:06}" for number in range(20_000))
    lines = laid_out(body_of(user(words)), detail=ALL)
    for number in (0, 2729, 2730, 2731, 5461, 19_999):
        finder = lines.finder(Query(f"{number:06}{(number + 1) % 20_000:06}"))
        exhaust(finder.steps())
        assert len(finder.hits) >= (number < 19_999)


def test_a_fold_says_how_many_hits_are_inside() -> None:
    lines = laid_out(body_of(user(result(NUMBERED))), detail=ONE)
    finder = lines.finder(Query("line 21"))
    exhaust(finder.steps())
    assert any(line.endswith("220 lines  11 hits inside") for line in texts(lines))
    assert lines.line_of(finder.hits[0]) is None
    lines.reveal(finder.hits[0])
    settled(lines)
    number = lines.line_of(finder.hits[0])
    assert number is not None
    assert lines.text(number).strip() == "line 21"
    assert [mark[:2] for mark in lines.marks(number, finder.hits)] == [(3, 10)]


def test_a_block_is_copied_whole_and_unbroken() -> None:
    words = "word " * 100 + "\nend"
    lines = laid_out(body_of(user(words)), 40, detail=ONE)
    place = next(number for number, fold in enumerate(lines.folds) if fold.name == "message 1")
    assert lines.text_of(place) == words


def test_unbroken_lines_are_the_texts_own() -> None:
    words = "word " * 60
    assert f"   {words.rstrip()}" in texts(laid_out(body_of(user(words)), 40, detail=ALL, wrap=False))


@pytest.mark.parametrize(
    ("beginning", "size"),
    [
        (PNG, (640, 480)),
        (b"GIF89a" + struct.pack("<HH", 32, 16), (32, 16)),
        (b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08" + struct.pack(">HH", 30, 40), (40, 30)),
        (b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + (99).to_bytes(3, "little") + (49).to_bytes(3, "little"), (100, 50)),
        (b"\xff\xd8\xff", None),
        (b"not an image", None),
    ],
)
def test_pixels_are_read_from_the_first_bytes(beginning: bytes, size: tuple[int, int] | None) -> None:
    assert image_size(beginning) == size


@given(st.binary(max_size=64))
def test_whatever_the_bytes_of_an_image_are_nothing_breaks(data: bytes) -> None:
    for magic in (b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 "):
        image_size(magic + data)


async def test_an_attachment_is_decoded_to_its_bytes() -> None:
    data = bytes(range(256)) * 3000
    made = Attachment("image-1.png", "image/png", base64.b64encode(data))
    assert await made.content() == data
    assert made.size == len(data)
    with pytest.raises(ValueError, match="base64"):
        await Attachment("image-1.png", "image/png", b"!!!!").content()


CONVERSATION = body_of(
    user("<system-reminder>\nbe brief\n</system-reminder>\nfix the flaky test"),
    assistant({"type": "thinking", "thinking": "Where is it?"}, "Let me look.", call("Read", file_path="/src/a.py")),
    user(result(NUMBERED), IMAGE),
)


def view_of(pilot: Any) -> TextView:
    view: TextView = pilot.app.screen.query_one(TextView)
    return view


async def open_messages(pilot: Any) -> TextView:
    await shows(pilot, "11:59:00")
    await pilot.press("enter", "2")
    await shows(pilot, "214 more lines", "▣ image")
    return view_of(pilot)


async def test_space_folds_and_unfolds_the_highlighted_block(scene: Scene) -> None:
    scene.request(body=CONVERSATION)
    async with scene.opened((120, 40)) as pilot:
        await open_messages(pilot)
        assert view_of(pilot).current_fold.name == "system reminder"
        await pilot.press("space")
        await shows(pilot, "<system-reminder>", "be brief")
        await pilot.press("space")
        await shows(pilot, "▸ reminder  be brief")
        await pilot.press("right_parenthesis", "right_parenthesis", "enter")
        await shows(pilot, "∴ Where is it?")


async def test_plus_and_minus_change_the_detail_of_all_kinds_and_are_remembered(scene: Scene) -> None:
    scene.request(body=CONVERSATION)
    async with scene.opened((120, 40)) as pilot:
        await open_messages(pilot)
        await pilot.press("plus")
        await shows(pilot, "line 12", "results all", "be brief")
        await pilot.press("minus", "minus")
        screen = await shows(pilot, "results one", "220 lines", "→ Read  file_path=/src/a.py")
        assert "line 30" not in screen
        assert pilot.app.sources.preferences.now.detail["results"] == 0
        await pilot.press("q", "enter", "2")
        await shows(pilot, "results one", "→ Read  file_path=/src/a.py")


async def test_the_detail_of_one_kind_is_changed_alone(scene: Scene) -> None:
    scene.request(body=CONVERSATION)
    async with scene.opened((120, 40)) as pilot:
        view = await open_messages(pilot)
        while view.current_fold.kind != "results":
            await pilot.press("right_parenthesis")
        await pilot.press("L", "minus")
        await shows(pilot, "results one", "thinking few", "Where is it?")
        assert pilot.app.sources.preferences.now.detail == {"results": 0}


async def test_a_click_folds_a_block_and_turns_a_level(scene: Scene) -> None:
    scene.request(body=CONVERSATION)
    async with scene.opened((120, 40)) as pilot:
        view = await open_messages(pilot)
        rows = screen_text(pilot).splitlines()
        top = view.region.y
        await pilot.click(TextView, offset=(8, next(y for y, row in enumerate(rows) if "214 more" in row) - top))
        await shows(pilot, "line 12")
        await pilot.click(TextView, offset=(8, next(y for y, row in enumerate(rows) if "← Read" in row) - top))
        await shows(pilot, "220 lines")
        await pilot.click(TextView, offset=(rows[top].index("thinking"), 0))
        await shows(pilot, "thinking all")


async def test_a_fold_keeps_its_place_on_the_screen(scene: Scene) -> None:
    scene.request(body=body_of(*(user(f"question {number}\n" + NUMBERED) for number in range(20))))
    async with scene.opened((120, 40)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "question 0")
        view = view_of(pilot)
        await until(pilot, lambda: len(view.lines) > 4000)
        view.scroll_to(y=view.lines.start_of(20) - 5, animate=False)
        await until(pilot, lambda: "question 9" in screen_text(pilot))
        row = next(y for y, line in enumerate(screen_text(pilot).splitlines()) if "question 9" in line)
        await pilot.press("minus")
        await until(pilot, lambda: len(view.lines) < 400)
        await until(pilot, lambda: "question 9" in screen_text(pilot).splitlines()[row])
        await pilot.press("plus")
        await until(pilot, lambda: len(view.lines) > 4000)
        await until(pilot, lambda: "question 9" in screen_text(pilot).splitlines()[row])


async def test_a_search_unfolds_what_it_finds(scene: Scene) -> None:
    scene.request(body=CONVERSATION)
    async with scene.opened((120, 40)) as pilot:
        await open_messages(pilot)
        await pilot.press("slash")
        await typed(pilot, "line 217")
        await pilot.press("enter")
        await shows(pilot, "line 217", "line 216", "1/1")


async def test_the_current_image_can_be_opened_by_other_programs(scene: Scene) -> None:
    scene.request(body=CONVERSATION)
    async with scene.opened((120, 40)) as pilot:
        view = await open_messages(pilot)
        assert current_attachment(view) is None
        while view.current_fold.attachment is None:
            await pilot.press("right_parenthesis")
        attachment = current_attachment(view)
        assert attachment is not None
        assert attachment.name == "image-1.png"
        assert await attachment.content() == PNG


async def test_long_lines_scroll_sideways_when_they_are_not_broken(scene: Scene) -> None:
    scene.request(body=body_of(user("begin " + "x" * 200 + " finish")))
    async with scene.opened((100, 30)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "begin", "finish")
        await pilot.press("W")
        await until(pilot, lambda: "finish" not in screen_text(pilot))
        await pilot.press(*["greater_than_sign"] * 8)
        await shows(pilot, "xxx finish")
        await pilot.press(*["less_than_sign"] * 8)
        await until(pilot, lambda: "begin" in screen_text(pilot) and "finish" not in screen_text(pilot))
        await pilot.press("slash")
        await typed(pilot, "finish")
        await pilot.press("enter")
        await shows(pilot, "xxx finish")
        await pilot.press("escape", "W")
        await shows(pilot, "begin", "finish")


async def test_the_mouse_selects_text(scene: Scene) -> None:
    scene.request(body=body_of(user("select these words please " + "and more " * 20)))
    async with scene.opened((100, 30)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "select these")
        rows = screen_text(pilot).splitlines()
        y = next(number for number, row in enumerate(rows) if "select these" in row)
        x = rows[y].index("these")
        await pilot.mouse_down(offset=(x, y))
        await pilot.hover(offset=(x + 8, y))
        await pilot.hover(offset=(9, y + 1))
        await pilot.mouse_up(offset=(9, y + 1))
        await until(pilot, lambda: pilot.app.screen.get_selected_text())
        selected = pilot.app.screen.get_selected_text()
        assert selected.startswith("these words please and more")
        assert "\n" not in selected
