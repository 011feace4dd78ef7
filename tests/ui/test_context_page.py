"""The Context tab: what fills the context window at a request, and the way to its largest pieces."""

from typing import Any

import pytest

from candela_tui.analysis.context_items import Source
from candela_tui.analysis.context_parts import ContextPart, sums_of
from candela_tui.exchange import Outcome
from candela_tui.ui.widgets.text_view.text_view import TextView
from tests.ui.conversation import assistant, body_of, call, result, text, user
from tests.ui.scene import LIVE, Scene, screen_text, shows, until

CLIENT = "claude-cli/2.1.332 (external, cli)"
FILES = "Contents of /reef/CLAUDE.md (project instructions, checked into the codebase):\n\nRun make check.\n"
FIRST = [
    user(text(f"<system-reminder>\n{FILES}</system-reminder>\n"), text("Look at the guide")),
    assistant(call("Read", file_path="/reef/guide.txt")),
    user(result("branching corals\n" * 300)),
]
SECOND = [*FIRST, assistant(text("So it is.")), *(user(text(f"And {number}?")) for number in range(40))]
TOOLS = [{"name": "Read", "description": "Reads a file."}, {"name": "mcp__harbour__tides", "description": "Tides."}]


def asked(scene: Scene, ago: float, prompt: int | None, messages: list[Any], **facts: Any) -> Any:
    usage = None if prompt is None else (12, prompt - 12, 0, 0, 9)
    return scene.request(ago=ago, body=body_of(*messages, tools=TOOLS), usage=usage, client=CLIENT, **facts)


async def test_c_shows_what_fills_the_window_at_the_request_with_the_cursor(scene: Scene) -> None:
    asked(scene, 60, 6_000, FIRST)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("c")
        screen = await shows(pilot, "6,000 of 1,000,000 tokens (1%)", "compacts at 967,000", "By source")
        for words in ("CLAUDE.md file: /reef/CLAUDE.md", "tool results: Read", "MCP: mcp__harbour__tides", "messages"):
            assert words in screen
        await pilot.press("G")
        await shows(pilot, "Tool search would leave out 1 tool")


async def test_what_entered_since_the_previous_request_is_told_below(scene: Scene) -> None:
    asked(scene, 90, 6_000, FIRST)
    asked(scene, 60, 7_000, SECOND)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("c")
        await shows(pilot, "main                    7,000  ▇█")
        await pilot.press("G")
        await shows(pilot, "tokens entered since the previous request: user")


async def test_enter_on_a_large_piece_goes_to_its_message(scene: Scene) -> None:
    asked(scene, 60, 7_000, [*SECOND, user(text("What a guide. " * 400))])
    async with scene.opened(size=(100, 30)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "Look at the guide")
        await pilot.press("c")
        await shows(pilot, "By source")
        view = pilot.app.screen.query_one(TextView)
        while view.current_fold is None or view.current_fold.leads_to != "message 45":
            await pilot.press("right_parenthesis")
        await pilot.press("enter")
        await shows(pilot, "What a guide.", "Messages")
        assert "Look at the guide" not in screen_text(pilot).split("\n", 1)[1]


async def test_the_parts_are_scaled_once_the_prompt_is_measured(scene: Scene) -> None:
    live = asked(scene, 60, None, FIRST, **{name: value for name, value in LIVE.items() if name != "usage"})
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("c")
        await shows(pilot, "By source   estimated")
        assert "of 1,000,000 tokens" not in screen_text(pilot)
        scene.grow(live, b"", outcome=Outcome.OK, **scene.counted(12, 7_988, 0, 0, 9))
        await until(pilot, lambda: "8,000 of 1,000,000 tokens" in screen_text(pilot))
        await shows(pilot, "scaled to the measured prompt")


async def test_without_a_body_it_shows_the_parts_that_are_stored(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [
        ContextPart(Source.TOOLS, "built_in", "Read", 1_000, 2_500),
        ContextPart(Source.MESSAGES, "tool_result", "Read", 5_000, 20_000),
    ]
    gone = scene.request(usage=(12, 5_988, 0, 0, 9), client=CLIENT, context=sums_of(parts))
    monkeypatch.setattr(scene.history, "context_parts", {gone.id: parts}.get)
    scene.feed.release(gone.id)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("c")
        await shows(pilot, "6,000 of 1,000,000 tokens", "tool results: Read", "The body was not recorded.")
        # The plot, by source.
        await shows(pilot, "  tools                 1,000  █", "  messages              5,000  █")


async def test_a_body_that_was_not_kept_is_said(scene: Scene) -> None:
    scene.request(body=b"[1]", usage=(12, 5_988, 0, 0, 9), client=CLIENT)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("c")
        await shows(pilot, "6,000 of 1,000,000 tokens", "The body is not a Messages request: see Raw request.")
