"""One request, read as its user does."""

import gc
import gzip
import json
import weakref
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from candela_tui.exchange import Difference, Kept, Marks, Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import Headers
from candela_tui.ui.screens.request.loading import load_request
from candela_tui.ui.screens.request.pages.response import ResponsePage
from candela_tui.ui.state.exchange_bodies import ExchangeBodies
from candela_tui.ui.widgets.text_view.folding.folded_lines import FoldedLines
from candela_tui.ui.widgets.text_view.folding.folds import Fold
from candela_tui.ui.widgets.text_view.span_lines import SpanLines
from candela_tui.ui.widgets.text_view.text_view import TextView
from tests.store.recording import writing
from tests.ui.conversation import exhaust
from tests.ui.scene import LIVE, STREAM_HEADERS, Scene, clues, screen_text, shows, stream, typed, until

CONVERSATION: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "system": [
        {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ],
    "tools": [
        {"name": "Read", "description": "Reads a file.", "input_schema": {"type": "object"}},
        {"name": "Bash", "description": "Runs a command.\nCarefully.", "input_schema": {"type": "object"}},
    ],
    "messages": [
        {"role": "user", "content": "<system-reminder>\nbe brief\n</system-reminder>\nfix the flaky test"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Where is it?", "signature": "x"},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "toolu_7", "name": "Read", "input": {"file_path": "/src/api/test_clock.py"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_7", "is_error": True, "content": "No such file"},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "A" * 4000},
                },
                {"type": "hologram", "depth": 3},
            ],
        },
    ],
}
BODY = json.dumps(CONVERSATION).encode()


async def test_enter_opens_what_is_known_of_a_request(scene: Scene) -> None:
    scene.request(
        clues=clues("fix the flaky test"),
        usage=(12, 96000, 1200, 18000, 61),
        body=BODY,
        retry=2,
        differences=(Difference("service_tier", "auto", "standard"),),
    )
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        screen = await shows(pilot, "Timing", "Usage and cost", "req_011CVq4")
        for words in (
            "✓ 200  ok  stop reason end_turn",
            "after 2 earlier tries",
            "96,000",
            "1,200 5m, 18,000 1h",
            "requested auto, served standard",
            "anthropic-direct → https://api.anthropic.com/v1/messages",
            "4.312 s",
        ):
            assert words in screen
        await pilot.press("escape")
        await shows(pilot, "Sessions")


async def test_the_parts_of_the_cost_add_up_to_it_exactly(scene: Scene) -> None:
    made = scene.request(usage=(12, 4096, 1024, 2048, 15))
    assert made.cost is not None
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        screen = await shows(pilot, "$0.029363")
        table = screen.partition("of cost")[2].partition("total")[0]
        parts = [line.split("$")[1].split()[0] for line in table.splitlines() if "$" in line]
        assert sum(map(Decimal, parts)) == Decimal("0.029363")


async def test_a_model_without_a_price_says_how_to_add_one(scene: Scene) -> None:
    scene.request(model="my-model", usage=(12, 0, 0, 0, 15))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        screen = await shows(pilot, "No price is known for my-model", '[pricing.models."my-model"]')
        assert "$0" not in screen


async def test_a_subscription_is_not_billed(scene: Scene) -> None:
    scene.request(usage=(12, 0, 0, 0, 15), subscription=True)
    async with scene.opened() as pilot:
        await shows(pilot, "API-equivalent")
        await pilot.press("enter")
        await shows(pilot, "API-equivalent cost", "API-equivalent")


async def test_an_error_is_told_in_full(scene: Scene) -> None:
    message = "messages.3.content: " + "the tool result does not belong to a call " * 5
    scene.request(status=400, outcome=Outcome.ERROR, error=ApiError("invalid_request_error", message), stop_reason=None)
    async with scene.opened() as pilot:
        await shows(pilot, "400 invalid request")
        await pilot.press("enter")
        screen = await shows(pilot, "invalid_request_error: messages.3.content")
        assert " ".join(screen.split()).count("tool result") == 5


async def test_the_conversation_shows_roles_calls_results_and_images(scene: Scene) -> None:
    scene.request(body=BODY)
    async with scene.opened((120, 50)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        screen = await shows(pilot, "── user", "── assistant", "fix the flaky test")
        for words in (
            "∴ thinking",
            "Where is it?",
            "→ Read   toolu_7",
            "file_path: /src/api/test_clock.py",
            "✗ Read failed   toolu_7",
            "No such file",
            "▣ image   image/png · 3.0 kB",
            '"type": "hologram"',
        ):
            assert words in screen


async def test_system_prompt_and_tools_have_tabs(scene: Scene) -> None:
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "3")
        await shows(pilot, "You are Claude Code.", "cache breakpoint, 1h")
        await pilot.press("right_square_bracket")
        await shows(pilot, "2 tools", "Read", "Bash")
        await pilot.press("Z")
        await shows(pilot, "Carefully.", '"type": "object"')


SEARCHED: dict[str, Any] = {
    "tools": [
        {"name": "Read", "description": "Reads a file.", "input_schema": {"type": "object"}},
        {"name": "mcp__maps__route", "description": "A route.", "input_schema": {}, "defer_loading": True},
        {"name": "mcp__maps__place", "description": "A place.", "input_schema": {}, "defer_loading": True},
        {"name": "mcp__maps__near", "description": "What is near.", "input_schema": {}, "defer_loading": True},
        {"name": "DeferredToolPlaceholder", "description": "", "input_schema": {}, "defer_loading": True},
    ],
    "messages": [
        {"role": "user", "content": 'the words {"type": "tool_reference", "tool_name": "mcp__maps__near"}'},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "ToolSearch", "input": {}}]},
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "tool_reference", "tool_name": "mcp__maps__route"}],
                },
                {
                    "type": "tool_search_tool_result",
                    "tool_use_id": "srvtoolu_1",
                    "content": {
                        "type": "tool_search_tool_search_result",
                        "tool_references": [{"tool_name": "mcp__maps__sea", "type": "tool_reference"}],
                    },
                },
            ],
        },
    ],
}


async def test_deferred_tools_are_marked_and_not_counted_as_loaded(scene: Scene) -> None:
    scene.request(body=json.dumps(SEARCHED).encode())
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "4")
        screen = await shows(pilot, "2 tools, 2 deferred")
        rows = {line.split()[1]: line for line in screen.splitlines() if "mcp__maps" in line or "Placeholder" in line}
        assert "loaded by a tool search" in rows["mcp__maps__route"]
        assert "deferred" in rows["mcp__maps__place"]
        assert "deferred" in rows["mcp__maps__near"]
        assert "placeholder for deferred tools" in rows["DeferredToolPlaceholder"]
        assert "▇" not in rows["mcp__maps__place"]


async def test_what_a_search_for_tools_found_is_drawn(scene: Scene) -> None:
    scene.request(body=json.dumps(SEARCHED).encode())
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "⌕ mcp__maps__route", "⌕ mcp__maps__sea", "loaded by this search")
        assert '"tool_references"' not in screen_text(pilot)


async def test_the_response_shows_thinking_text_and_calls(scene: Scene) -> None:
    answer = stream("Found ", "it.\nIt is `now()`.", thinking="Hm.", tool=("Edit", {"path": "a.py", "n": 1}))
    scene.request(body=BODY, answer=answer)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "5")
        await shows(pilot, "∴ thinking", "Hm.", "Found it.", "It is `now()`.", "→ Edit", "path: a.py", "✓ end_turn")


async def test_a_live_response_is_read_as_it_streams(scene: Scene) -> None:
    whole = stream("The first words", " and more.\nA second line.")
    cut = whole.index(b" and more")
    live = scene.request(body=BODY, answer=b"", **LIVE)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "5")
        await shows(pilot, "◌ waiting for the first token")
        live = scene.grow(live, whole[:cut])
        live = scene.grow(live, whole[cut : cut + 20])
        await shows(pilot, "◌ streaming")
        live = scene.grow(live, whole[cut + 20 :])
        await shows(pilot, "The first words and more.", "A second line.")
        scene.feed.release(live.id)
        scene.grow(live, outcome=Outcome.OK, stop_reason="end_turn", marks=Marks(1, 2, 3, 4))
        screen = await shows(pilot, "✓ end_turn")
        assert "streaming" not in screen


async def test_that_nothing_has_come_yet_is_said_once_however_often_it_is_looked_for(scene: Scene) -> None:
    live = scene.request(ago=12, **LIVE)
    scene.app.sources.loaded.merge([live], from_feed=True)
    subject = await load_request(scene.app.sources, live.id)
    assert subject is not None
    page = ResponsePage(subject, 80)
    exhaust(await page.open())
    for _ in range(3):
        exhaust(await page.more())
    assert [page.lines.text(number).strip() for number in range(len(page.lines))] == [
        "",
        "◌ waiting for the first token",
    ]


async def test_the_raw_response_has_each_event_with_its_time(scene: Scene) -> None:
    scene.request(answer=stream("Hello"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "8")
        await shows(pilot, "0.812 s", "message_start", '"Hello"}}', "message_stop")
        await pilot.press("p")
        await shows(pilot, "event: message_start", 'data: {"type": "message_start"')


@pytest.mark.parametrize("key", ["5", "8"])
async def test_a_compressed_answer_is_readable(scene: Scene, key: str) -> None:
    headers = (*STREAM_HEADERS, ("Content-Encoding", "gzip"))
    scene.request(answer=gzip.compress(stream("Hello from gzip")), response_headers=headers)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", key)
        await shows(pilot, "Hello from gzip")


@pytest.mark.parametrize("key", ["5", "8"])
async def test_an_answer_that_cannot_be_decoded_says_why(scene: Scene, key: str) -> None:
    headers = (*STREAM_HEADERS, ("Content-Encoding", "gzip"))
    scene.request(answer=b"not gzip at all", response_headers=headers)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", key)
        await shows(pilot, "not valid gzip")


@pytest.mark.parametrize("headers", [(), (("content-type", "text/plain"),), (("content-encoding", "utf-8"),)])
@pytest.mark.parametrize("encode", [bytes, gzip.compress])
@pytest.mark.parametrize("key", ["5", "8"])
async def test_a_stream_is_known_by_its_first_bytes(
    scene: Scene, key: str, encode: Callable[[bytes], bytes], headers: Headers
) -> None:
    scene.request(answer=encode(stream("Hello from nowhere")), response_headers=headers)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", key)
        await shows(pilot, "Hello from nowhere", *(["message_start"] if key == "8" else []))


async def test_why_nothing_is_known_of_an_answer_is_in_the_overview(scene: Scene) -> None:
    scene.request(usage=None, cost=None, unread="the answer states no usage")
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00", "1 unread")
        await pilot.press("enter")
        await shows(pilot, "none reported", "the answer states no usage")


async def test_what_else_an_answer_states_is_in_the_overview(scene: Scene) -> None:
    facts = (("safeguard_results", "dangerous_tool_use: toolu_1 not_flagged"), ("cache_missed_input_tokens", "4096"))
    scene.request(answer_facts=facts)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await shows(pilot, "Stated in the response", "safeguard results", "dangerous_tool_use: toolu_1 not_flagged")
        await shows(pilot, "cache missed input tokens 4096")


async def test_a_compressed_request_is_readable(scene: Scene) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "out of the press"}]}).encode()
    scene.request(body=gzip.compress(body), request_headers=(("Content-Encoding", "gzip"),))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "out of the press")
        await pilot.press("7")
        await shows(pilot, '"content": "out of the press"')


async def test_a_whole_json_answer_is_a_response_too(scene: Scene) -> None:
    answer = json.dumps({"type": "message", "content": [{"type": "text", "text": "Whole."}], "stop_reason": "end_turn"})
    scene.request(answer=answer.encode(), response_headers=(("content-type", "application/json"),))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "5")
        await shows(pilot, "Whole.", "✓ end_turn")
        await pilot.press("8")
        await shows(pilot, '"type": "message",', '"stop_reason": "end_turn"')


async def test_headers_are_shown_as_recorded(scene: Scene) -> None:
    scene.request()
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "6")
        await shows(pilot, "x-api-key", "[redacted]", "text/event-stream; charset=utf-8")


async def test_the_name_of_a_header_is_never_cut(scene: Scene) -> None:
    name = "anthropic-ratelimit-unified-representative-claim"
    scene.request(response_headers=((name, "five_hour"), ("Content-Type", "text/event-stream")))
    async with scene.opened((80, 24)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "6")
        await shows(pilot, name, "five_hour")


async def test_a_request_of_the_store_is_read_from_there(scene: Scene) -> None:
    made = scene.make(clues=clues("of yesterday"))
    with writing(scene.store) as (writer, _):
        writer.begin(replace(made, outcome=Outcome.LIVE), BODY)
        writer.end(made, [stream("Stored words.")], [812.0])
    async with scene.opened() as pilot:
        await shows(pilot, "of yesterday")
        await pilot.press("enter", "2")
        await shows(pilot, "Let me look.")
        await pilot.press("5")
        await shows(pilot, "Stored words.")
        await pilot.press("6")
        await shows(pilot, "[redacted]")
        await pilot.press("7")
        await shows(pilot, '"model": "claude-opus-4-8",')


@pytest.mark.parametrize("kept", [Kept.HEADERS, Kept.NONE])
async def test_each_tab_says_that_a_body_was_not_kept_and_why(scene: Scene, kept: Kept) -> None:
    made = scene.make(clues=clues("of yesterday"), kept=kept, response_bytes=700)
    with writing(scene.store) as (writer, _):
        writer.begin(replace(made, outcome=Outcome.LIVE), BODY)
        writer.end(made, [stream("Stored words.")], [812.0])
    later = ", or body_days has passed" if kept is Kept.HEADERS else ""
    why = f'The body was not kept: [history] bodies was "{kept}"{later}.'
    async with scene.opened() as pilot:
        await shows(pilot, "of yesterday")
        await pilot.press("enter")
        for tab in ("2", "3", "4", "5", "7", "8"):
            await pilot.press(tab)
            await shows(pilot, why)
            await pilot.press("1")
            await until(pilot, lambda: why not in screen_text(pilot))
        await pilot.press("6")
        headers = (
            "[redacted]" if kept is Kept.HEADERS else 'The header fields were not kept: [history] bodies was "none".'
        )
        await shows(pilot, headers)


async def test_the_next_request_opens_on_the_same_tab(scene: Scene) -> None:
    for number in (1, 2, 3):
        body = {"messages": [{"role": "user", "content": f"question {number}"}]}
        scene.request(ago=60 - number, body=json.dumps(body).encode())
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:03")
        await pilot.press("enter", "2")
        await shows(pilot, "question 3")
        await pilot.press("K")
        await shows(pilot, "question 2")
        await pilot.press("K")
        await shows(pilot, "question 1")
        await pilot.press("K")
        await shows(pilot, "There is no earlier request")
        await pilot.press("J", "q", "enter")
        await shows(pilot, "11:59:02", "Timing")


async def test_each_tab_keeps_its_place(scene: Scene) -> None:
    text = "\n".join(f"line {number}" for number in range(500))
    scene.request(body=json.dumps({"system": text, "messages": [{"role": "user", "content": "short"}]}).encode())
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "3")
        await shows(pilot, "line 5")
        await pilot.press("G")
        await shows(pilot, "line 499")
        await pilot.press("2")
        await shows(pilot, "short")
        await pilot.press("3")
        await shows(pilot, "line 499")


async def test_what_takes_the_place_of_what_has_not_begun_leaves_nothing_unawaited(
    scene: Scene, recwarn: pytest.WarningsRecorder
) -> None:
    for number in range(3):
        scene.request(ago=60 - number, body=BODY, answer=stream("hi"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:02")
        await pilot.press("enter")
        await shows(pilot, "1 Overview")
        for action in ("step(-1)", "step(-1)", "turn(1)", "turn(1)"):
            await scene.app.run_action(action, scene.app.screen)
        view = scene.app.screen.query_one(TextView)
        view.search("a")
        view.search("b")
        await shows(pilot, "You are Claude Code.")
    gc.collect()
    assert [str(warning.message) for warning in recwarn if "never awaited" in str(warning.message)] == []


async def test_words_are_found_and_counted(scene: Scene) -> None:
    text = "\n".join(f"line {number} {'needle' if number % 100 == 50 else ''}" for number in range(500))
    scene.request(body=json.dumps({"system": text}).encode())
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "3")
        await shows(pilot, "line 5")
        await pilot.press("slash")
        await typed(pilot, "NEEDLE")
        await pilot.press("enter")
        await shows(pilot, "line 50 needle", "1/5")
        await pilot.press("n")
        await shows(pilot, "line 150 needle", "2/5")
        await pilot.press("N", "N")
        await shows(pilot, "line 450 needle", "5/5")
        await pilot.press("escape")
        await until(pilot, lambda: "5/5" not in screen_text(pilot))
        assert "line 450 needle" in screen_text(pilot)


async def test_y_copies_the_block_in_view(scene: Scene) -> None:
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "3")
        await shows(pilot, "You are Claude Code.")
        await pilot.press("y")
        await until(pilot, lambda: pilot.app.clipboard)
        assert pilot.app.clipboard.startswith("You are Claude Code.")


async def test_a_click_on_its_name_opens_a_tab(scene: Scene) -> None:
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        screen = await shows(pilot, "Overview")
        column = screen.splitlines()[1].index("Tools")
        await pilot.click("TabBar", offset=(column + 1, 0))
        await shows(pilot, "2 tools")


@pytest.mark.parametrize("key", ["2", "3", "4", "5", "7", "8"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\x00 not json",
        b'{"messages": [5, "x", {"role": 3}, {"role": "[/b]", "content": {"a": [1]}}], "tools": [1, {"name": 2}]}',
        json.dumps(
            {"system": "\x1b[2J[bold]", "messages": [{"role": "user\x1b[2J", "content": "\x9b31m\u202e"}]}
        ).encode(),
        b'{"messages": [{"role": "user", "content": [{"type": "tool_use", "input": 3}, {"type": ["x"]}, null]}]}',
        b'{"messages": [' + b'{"role":"user","content":' * 2000,
    ],
)
async def test_no_body_breaks_a_tab_or_reaches_the_terminal(scene: Scene, key: str, body: bytes) -> None:
    scene.request(body=body, answer=body, response_headers=(("content-type", "application/json"),))
    async with scene.opened((80, 24)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", key)
        view = pilot.app.screen.query_one(TextView)
        await until(pilot, lambda: len(view.lines))
        await pilot.pause()
        screen = screen_text(pilot)
        assert not any(character in screen for character in "\x1b\x9b\u202e\x00")


def _ten_megabytes() -> bytes:
    messages = [
        {"role": "user", "content": [{"type": "text", "text": f"message {number}\n" + "some long text\n" * 700}]}
        for number in range(950)
    ]
    messages.append({"role": "user", "content": "the very last words"})
    return json.dumps({"model": "claude-opus-4-8", "messages": messages}).encode()


@pytest.mark.parametrize(("key", "beginning"), [("2", "message 0"), ("7", '"messages": [')])
async def test_a_body_of_ten_megabytes_opens_scrolls_and_is_searched(scene: Scene, key: str, beginning: str) -> None:
    body = _ten_megabytes()
    assert len(body) > 10_000_000
    scene.request(body=body)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", key)
        await shows(pilot, beginning)
        await pilot.press("slash")
        await typed(pilot, "very last words")
        await pilot.press("enter")
        await shows(pilot, "the very last words", "1/1")
        await pilot.press("g")
        await shows(pilot, beginning)
        await pilot.press("G")
        await shows(pilot, "the very last words")


async def test_a_string_of_ten_megabytes_opens(scene: Scene) -> None:
    scene.request(
        body=json.dumps({"messages": [{"role": "user", "content": "begin " + "é\\ word " * 900_000}]}).encode()
    )
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "begin é\\ word")
        await pilot.press("7")
        await shows(pilot, '"content": "begin')


async def test_a_request_that_is_closed_holds_nothing_of_its_body(scene: Scene) -> None:
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        # What earlier tests left must not count, and nothing be freed by the collector from here on.
        gc.freeze()
        gc.disable()
        try:
            await pilot.press("enter", "2")
            await shows(pilot, "user")
            await pilot.press("7")
            await shows(pilot, '"model"')
            await pilot.press("escape")
            await until(
                pilot, lambda: not any(isinstance(each, SpanLines | Fold | ExchangeBodies) for each in gc.get_objects())
            )
        finally:
            gc.enable()


async def test_a_request_that_gave_way_to_the_next_holds_nothing_of_its_body(scene: Scene) -> None:
    gc.freeze()
    scene.request(ago=60, body=BODY)
    scene.request(ago=30, body=json.dumps({"messages": [{"role": "user", "content": "only this"}]}).encode())
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:30")
        await pilot.press("g", "enter", "2")
        await shows(pilot, "user")
        first = [weakref.ref(each) for each in gc.get_objects() if isinstance(each, FoldedLines) and each.folds]
        assert first
        gc.freeze()
        gc.disable()
        try:
            await pilot.press("J")
            await shows(pilot, "only this")
            await until(pilot, lambda: not any((each := lines()) is not None and each.folds for lines in first))
        finally:
            gc.enable()
