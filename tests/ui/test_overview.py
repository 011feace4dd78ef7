"""The overview of a request: where its time went, what it cost, who served it, what to do about it."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.advice import advice, short_advice
from candela_tui.analysis.block_times import BlockTime
from candela_tui.analysis.buffering import held_back_ms
from candela_tui.analysis.retries import calls
from candela_tui.exchange import Delegation, Difference, Exchange, Imported, Marks, Outcome, ToolDuration
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.providers.identity import Dialect, Provider
from candela_tui.text.times import utc_now
from candela_tui.ui.screens.dashboard.requests.failures import failure_text
from candela_tui.ui.screens.request.overview.waterfall import waterfall_lines
from candela_tui.ui.screens.request.pages.overview import _time_heading
from candela_tui.ui.screens.request.screen import PAGES
from candela_tui.ui.widgets.tab_bar import TabName, tabs
from tests.ui.scene import LIVE, NOW, Scene, clues, event, screen_text, shows, stream, until

TABS = tuple(
    TabName(key, name)
    for key, name in (
        *(("1", "Overview"), ("2", "Messages"), ("3", "System"), ("4", "Tools"), ("5", "Response")),
        *(("c", "Context"), ("x", "Cache"), ("t", "Turn")),
        *(("6", "Headers"), ("7", "Raw request"), ("8", "Raw response")),
    )
)


async def test_each_block_of_the_answer_has_its_start_its_duration_and_its_size(scene: Scene) -> None:
    answer = stream("Found it. " * 200, thinking="Hm. " * 300, tool=("Edit", {"path": "a.py"}))
    scene.request(answer=answer, marks=Marks(38.0, 640.0, 812.0, 4312.0))
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        screen = await shows(pilot, "∴ thinking", "¶ text", "▸ Edit")
        rows = {line.split("  ")[1].strip(): line for line in screen.splitlines() if " s " in line}
        assert "0.038 s" in rows["connected"]
        assert "0.602 s" in rows["first byte"]
        assert "0.172 s" in rows["first token"]
        assert "1.2k chars" in rows["∴ thinking"]
        assert "2.0k chars" in rows["¶ text"]
        assert "▸ Edit" in rows
        assert "█" in rows["end"]


async def test_an_imported_request_says_where_it_is_from_and_claims_no_timing(scene: Scene) -> None:
    scene.request(imported=Imported.TRANSCRIPT, rebuilt=("request", "response"), path="", marks=Marks(end=4000))
    async with scene.opened((120, 48)) as pilot:
        screen = await shows(pilot, "11:59:00")
        assert screen.count("⇣opus-4-8") == 2, "the session's model, and that of its request"
        await pilot.press("enter")
        screen = await shows(pilot, "from a transcript of Claude Code; request and response rebuilt from parts")
        assert "whole" in screen
        assert not [word for word in ("connecting", "route", "streamed") if word in screen]


async def test_the_blocks_of_a_live_answer_grow(scene: Scene) -> None:
    live = scene.request(ago=2, answer=b"", **LIVE)
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:58")
        await pilot.press("enter")
        await shows(pilot, "streaming")
        live = scene.grow(live, stream("Let me", thinking="Hm.", end=False))
        await shows(pilot, "∴ thinking", "¶ text", "6 chars")
        scene.now += timedelta(seconds=1)
        scene.grow(live, event("content_block_delta", index=1, delta={"type": "text_delta", "text": " look"}))
        await shows(pilot, "11 chars", "3.000 s")


def _shown(exchange: Exchange, blocks: list[BlockTime], width: int) -> list[str]:
    elapsed = exchange.marks.end
    return ["".join(text for text, _ in line) for line in waterfall_lines(exchange, blocks, elapsed, width)]


@given(
    st.lists(st.floats(0, 1e7), min_size=6, max_size=6).map(sorted),
    st.integers(60, 240),
)
def test_bars_stand_on_one_scale_and_inside_the_width(times: list[float], width: int) -> None:
    connected, first_byte, first_token, middle, last, end = times
    exchange = replace(_plain(), marks=Marks(connected, first_byte, first_token, end))
    blocks = [
        BlockTime("thinking", None, first_token, middle, 10),
        BlockTime("text", None, middle, last, 1000),
    ]
    lines = _shown(exchange, blocks, width)
    assert all(len(line) <= width for line in lines)
    assert len(lines) == (7 if end else 1)
    starts = [min(line.index(cell) for cell in set(line) & set("▏▎▍▌▋▊▉█")) for line in lines[1:]]
    assert starts == sorted(starts)


def _plain() -> Exchange:
    return Exchange(
        id="1",
        started_at=utc_now(),
        method="POST",
        path="/v1/messages",
        route="anthropic-direct",
        client="claude-cli/2.1.332",
        outcome=Outcome.OK,
        status=200,
    )


async def test_headline_and_overview_say_what_was_served_otherwise_than_asked(scene: Scene) -> None:
    scene.request(
        model_used="claude-sonnet-4-5",
        differences=(
            Difference("model", "claude-opus-4-8", "claude-sonnet-4-5"),
            Difference("speed", "fast", "standard"),
        ),
    )
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        screen = await shows(
            pilot, "requested claude-opus-4-8, served claude-sonnet-4-5", "requested fast, served standard"
        )
        assert "≠ not opus-4-8, speed standard" in screen.splitlines()[0]


async def test_the_other_tries_of_the_call_have_their_times_and_errors(scene: Scene) -> None:
    failed: dict[str, Any] = {
        "status": 529,
        "outcome": Outcome.ERROR,
        "error": ApiError("overloaded_error", "Overloaded"),
        "stop_reason": None,
        "marks": Marks(0.4, 80, None, 81),
    }
    scene.request(ago=66, **failed)
    scene.request(ago=64, retry=1, **failed)
    scene.request(ago=60, retry=2, usage=(12, 96000, 0, 0, 902))
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        screen = await shows(pilot, "try 1", "try 2", "try 3")
        tries = {line.split()[1]: line for line in screen.splitlines() if line.startswith("   try ")}
        assert "11:58:54.000" in tries["1"]
        assert "529 overloaded" in tries["1"]
        assert "81ms" in tries["2"]
        assert "200 ok" in tries["3"]
        assert "← this" in tries["3"]


async def test_limits_are_told_in_words(scene: Scene) -> None:
    resets = int((NOW + timedelta(hours=1, minutes=58)).timestamp())
    scene.request(
        rate_limits=(
            ("anthropic-ratelimit-unified-5h-utilization", "0.42"),
            ("anthropic-ratelimit-unified-5h-reset", str(resets)),
            ("anthropic-ratelimit-input-tokens-limit", "2000000"),
            ("anthropic-ratelimit-input-tokens-remaining", "1200000"),
        )
    )
    async with scene.opened((120, 60)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await shows(pilot, "42% used, resets in 1h58", "1.2M of 2.0M left")


async def test_the_cost_says_what_the_cache_saved_and_why_it_may_be_more(scene: Scene) -> None:
    made = scene.request(
        usage=(12, 96000, 0, 0, 61), saved=Decimal("0.4312"), cost_notes=("The advisor's tokens have no price.",)
    )
    assert made.cost is not None
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await shows(pilot, "saved by cache", "$0.4312", "The advisor's tokens have no price.")


async def test_a_stream_that_something_on_the_way_held_back_is_told(scene: Scene) -> None:
    scene.request(answer=stream("Found it. " * 600), pace_ms=0.1, marks=Marks(38.0, 640.0, 812.0, 815.0), ago=50)
    scene.request(answer=stream("Found it. " * 600), pace_ms=0.1, marks=Marks(1.0, 810.0, 813.0, 815.0), ago=40)
    held = scene.make(marks=Marks(1.0, 2800.0, 2812.0, 2830.0), response_bytes=9000)
    assert held_back_ms(held, 2801.0) == 2800.0
    for facts, first_ms in (
        ({"marks": Marks(1.0, 640.0, 2812.0, 2830.0)}, 641.0),
        ({"streamed": False}, 2801.0),
        ({"response_bytes": 900}, 2801.0),
        ({"outcome": Outcome.CANCELLED}, 2801.0),
        ({"marks": Marks(1.0, 2800.0, 2812.0, 4000.0)}, 2801.0),
    ):
        assert held_back_ms(replace(held, **facts), first_ms) is None
    scene.request(answer=stream("Found it. " * 600), pace_ms=0.1, marks=Marks(-4000.0, 640.0, 812.0, 815.0), ago=30)
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:30")
        await pilot.press("enter")
        await shows(pilot, "not streamed", "arrived all at once after 4.8s", "buffers streams")


async def test_tools_and_sub_agents_that_the_answer_called_are_named(scene: Scene) -> None:
    scene.request(
        tools_called=("Bash", "Agent"), delegations=(Delegation("Find every call of now()", "Explore", "find calls"),)
    )
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await shows(pilot, "Bash, Agent", "→ Explore", "find calls")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"status": 529, "error": ApiError("overloaded_error", "Overloaded")}, "retries automatically"),
        ({"status": 401, "error": ApiError("authentication_error", "invalid x-api-key")}, "/login"),
        ({"status": 400, "error": ApiError("invalid_request_error", "prompt is too long: 210000 tokens")}, "/compact"),
        ({"status": 502, "marks": Marks(end=3.0)}, "HTTPS_PROXY"),
        (
            {"outcome": Outcome.CUT, "error": ApiError("cut", "the provider closed the connection in mid-answer")},
            "candela doctor",
        ),
        ({"status": 429, "rate_limits": (("retry-after", "34"),)}, "The provider asks to wait 34s."),
    ],
)
def test_a_failed_request_says_what_to_do_next(facts: dict[str, Any], expected: str) -> None:
    known: dict[str, Any] = {"outcome": Outcome.ERROR, "marks": Marks(0.4, 80, None, 81), **facts}
    step = advice(replace(_plain(), **known))
    assert step is not None
    assert expected in step


@pytest.mark.parametrize(
    ("path", "expected", "short"),
    [
        ("/messages", "/proxy/anthropic-direct/v1", "add /v1 to the client's base URL"),
        ("/messages?beta=true", "lacks /v1", "add /v1 to the client's base URL"),
        ("/models", "lacks /v1", "add /v1 to the client's base URL"),
        ("/v1/v1/messages", "has /v1 twice", "remove /v1 from the client's base URL"),
        ("/v1/chat/completions", "is OpenAI's", "chat completions are at /proxy/anthropic/v1"),
        ("/v1/messages", "check the model's name", "check the model's name"),
    ],
)
def test_a_404_says_what_is_wrong_with_the_path(path: str, expected: str, short: str) -> None:
    failed = replace(
        _plain(), path=path, client="Cline/3.1", status=404, outcome=Outcome.ERROR, marks=Marks(0.4, 80, None, 81)
    )
    assert expected in (advice(failed) or "")
    assert short_advice(failed) == short


@pytest.mark.parametrize(
    ("provider", "status", "expected"),
    [
        ("foundry", 404, "no deployment of this name"),
        ("claude_aws", 404, "check the model's name"),
        ("mantle", 401, "candela auth login --provider mantle"),
        ("claude_google_cloud", 429, "quota"),
        ("foundry", 413, "larger than the provider accepts"),
        ("vertex", 404, 'models."NAME".vertex'),
    ],
)
def test_a_place_that_speaks_the_messages_api_gets_advice_of_its_own(provider: str, status: int, expected: str) -> None:
    error = {"outcome": Outcome.ERROR, "status": status, "error": ApiError("", ""), "marks": Marks(connected=1.0)}
    failed = replace(_plain(), provider=Provider(provider), **error)
    step = advice(failed) or ""
    assert expected in step
    assert ("config set" in step) is (provider == "vertex")
    native = advice(replace(failed, dialect=Dialect.VERTEX, provider=Provider.VERTEX))
    assert "config set" not in (native or "")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503, 504, 529])
@pytest.mark.parametrize("client", ["OpenAI/Python 2.1.0", "Cline", "curl/8.1"])
def test_no_advice_names_claude_code_or_its_commands_to_another_client(status: int, client: str) -> None:
    error = ApiError("invalid_request_error", "prompt is too long" if status == 400 else "no")
    failed = replace(
        _plain(), client=client, status=status, error=error, outcome=Outcome.ERROR, marks=Marks(0.4, 80, None, 81)
    )
    text = f"{advice(failed)} {short_advice(failed)}"
    for word in ("Claude Code", "/login", "/model", "/compact", "/clear"):
        assert word not in text


@pytest.mark.parametrize(
    ("said", "expected"),
    [("… (proxy.ca_bundle in config.toml can name …)", "proxy.ca_bundle"), ("… (raise … `ulimit -n`)", "ulimit -n")],
)
def test_what_is_not_the_networks_fault_gets_other_advice(said: str, expected: str) -> None:
    failed = replace(
        _plain(), status=502, outcome=Outcome.ERROR, marks=Marks(end=3.0), error=ApiError("api_error", said)
    )
    assert expected in (advice(failed) or "")
    assert "HTTPS_PROXY" not in (advice(failed) or "")


def test_a_wait_of_nothing_is_not_spoken_of() -> None:
    refused = {"status": 529, "outcome": Outcome.ERROR, "rate_limits": (("retry-after", "0"),)}
    step = advice(replace(_plain(), **refused))
    assert step is not None
    assert "asks to wait" not in step


def test_nothing_is_to_be_done_about_what_went_well_or_was_cancelled() -> None:
    assert advice(_plain()) is None
    assert advice(replace(_plain(), outcome=Outcome.CANCELLED)) is None


async def test_a_failed_request_shows_its_advice(scene: Scene) -> None:
    scene.request(status=413, outcome=Outcome.ERROR, error=ApiError("request_too_large", "too big"), stop_reason=None)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await shows(pilot, "what to do", "/compact or /clear")


@given(st.integers(20, 240), st.integers(0, len(TABS) - 1))
def test_the_active_tab_is_always_there_and_no_two_names_touch(width: int, active: int) -> None:
    placed = tabs(TABS, width, active)
    assert active in {tab.number for tab in placed}
    assert all(before.right < after.left for before, after in pairwise(placed))
    assert placed[-1].right <= width or placed[-1].number == active


def test_every_tab_has_room_in_80_columns_with_its_key() -> None:
    placed = tabs(TABS, 78, 0)
    assert len(placed) == len(TABS)
    assert [tab.key for tab in placed] == list("¹²³⁴⁵ᶜˣᵗ⁶⁷⁸")


def test_every_tab_has_its_whole_name_in_120_columns() -> None:
    assert [tab.name for tab in tabs(TABS, 118, 0)] == [tab.name for tab in TABS]


def test_a_tab_never_loses_its_key() -> None:
    assert all(tab.key for width in range(20, 240) for tab in tabs(TABS, width, 3))


def test_no_two_tabs_have_the_same_key() -> None:
    keys = [page.key for page in PAGES]
    assert len(set(keys)) == len(keys)


async def test_the_last_tab_opens_by_a_click_in_80_columns(scene: Scene) -> None:
    scene.request(answer=stream("Hello"), clues=clues("a title"))
    async with scene.opened((80, 24)) as pilot:
        await until(pilot, lambda: "opus" in screen_text(pilot))
        await pilot.press("l", "enter")
        screen = await shows(pilot, "Overview", "Timing")
        column = screen.splitlines()[1].index("Raw resp")
        await pilot.click("TabBar", offset=(column + 1, 0))
        await shows(pilot, "message_start")


async def test_what_the_client_states_and_what_is_inferred_are_told_apart(scene: Scene) -> None:
    durations = (ToolDuration("Agent", 853),)
    scene.request(
        kind=Kind.COMPACTION, inferred=("kind",), request_class="main", prompt_id="b5411a6f", tool_durations=durations
    )
    async with scene.opened((120, 60)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        screen = await shows(pilot, "b5411a6f", "Agent 0.9s")
        assert "compaction) (inferred from the request's shape)" in screen


async def test_each_try_says_what_it_left_out(scene: Scene) -> None:
    refused: dict[str, Any] = {"status": 400, "outcome": Outcome.ERROR, "asked": "d1", "marks": Marks(1, 2, None, 20)}
    refused["body"] = b'{"a": "%s"}' % (b"x" * 2000)
    left_out = ("beta thinking-token-count-2026-05-13", "thinking.display")
    first = scene.request(ago=60.05, **refused)
    second = scene.request(ago=60, left_out=left_out, **refused)
    (call,) = calls([first, second])
    assert (failure_text(call) or "").endswith(f" · retried without {', '.join(left_out)}")
    async with scene.opened((160, 60)) as pilot:
        await shows(pilot, "400 error · 2 tries")
        await pilot.press("enter")
        await shows(pilot, "try 2", f"without {', '.join(left_out)}")


@pytest.mark.parametrize("width", range(24, 80))
def test_the_times_are_whole_or_left_out(width: int) -> None:
    exchange = replace(_plain(), marks=Marks(0.4, 640.0, 812.0, 4312.0))
    said = "".join(text for text, _ in _time_heading(exchange, 4312.0, width))
    assert len(said.rstrip()) <= width
    assert re.fullmatch(r" Timing   4\.312 s(   ttfb 0\.6s(   ttft 0\.8s.*)?)?", said.rstrip())
