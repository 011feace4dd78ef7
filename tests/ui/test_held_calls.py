"""Calls that a rule about tools held back, in the conversation: what the client got, and what the provider had sent."""

import json
from typing import Any

import pytest
from textual.pilot import Pilot

from candela_tui.claude_code.permissions.paths import Place
from candela_tui.config import ToolRule
from candela_tui.exchange import Exchange
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.rules.tools.edited_answer import EditedAnswer
from candela_tui.rules.tools.held_calls import Verdicts
from candela_tui.rules.tools.judge import Judge
from candela_tui.ui.widgets.text_view.text_view import TextView
from tests.standin import message, text, tool_use
from tests.ui.scene import STREAM_HEADERS, Scene, screen_text, shows
from tests.ui.test_sides import side

PUSH = tool_use("Bash", {"command": "git push --force"}, id="toolu_push")
READ = tool_use("Read", {"file_path": "/srv/README.md"}, id="toolu_read")
ANSWER = b"".join(step for step in message(text("I push."), PUSH, READ).steps if isinstance(step, bytes))
WORDS = 'candela did not pass on a call of Bash: the rule "no pushes" denies Bash(git push *).'
ASKED = json.dumps({"messages": [{"role": "user", "content": "push"}]}).encode()


def ruled(scene: Scene, action: str, **more: Any) -> Exchange:
    """Show an answer behind a rule, as the proxy records it."""
    rule = ToolRule.model_validate({"name": "no pushes", "deny": ["Bash(git push *)"], "action": action, **more})
    noted: list[RuleAction] = []
    judge = Judge([rule])
    verdicts = Verdicts(judge.concerns, lambda: (judge, Place("/home/u", None)), noted.append)
    edited = EditedAnswer(None, 200, list(STREAM_HEADERS), "messages", verdicts)
    received = edited.feed(ANSWER) + edited.finish()
    provider: dict[str, Any] = {"provider_status": 200, "provider_response_headers": STREAM_HEADERS}
    return scene.request(body=ASKED, answer=received, other_side=side(ASKED, ANSWER), rules=tuple(noted), **provider)


def styles(pilot: Pilot[Any]) -> dict[str, str]:
    """The style of each piece of the text on the screen."""
    lines = pilot.app.screen.query(TextView).last().lines
    return {part.strip(): style for number in range(len(lines)) for part, style in lines.line(number)}


async def response(pilot: Pilot[Any], *texts: str) -> dict[str, str]:
    await shows(pilot, "11:59:00")
    await pilot.press("enter", "5")
    await shows(pilot, *texts)
    return styles(pilot)


@pytest.mark.parametrize("size", [(80, 40), (120, 40)])
async def test_words_in_place_of_a_call_are_red_and_the_call_is_below(scene: Scene, size: tuple[int, int]) -> None:
    ruled(scene, "end")
    async with scene.opened(size) as pilot:
        shown = await response(pilot, "candela did not pass on a call of Bash", "toolu_push", "git push --force")
        assert shown["✗"] == shown["Bash"] == "bad"
        assert any(part.startswith("candela did not pass") and style == "bad" for part, style in shown.items())
        assert any(part.startswith('Rule "no pushes": Bash is denied by') for part in shown)
        assert shown["Read"] == "accent"
        screen = screen_text(pilot)
        assert screen.index("candela did not") < screen.index("The provider's answer had") < screen.index("toolu_push")


async def test_a_call_in_place_of_a_call_is_red_with_the_rule(scene: Scene) -> None:
    ruled(scene, "answer")
    async with scene.opened((120, 40)) as pilot:
        shown = await response(pilot, "candela_refused", "The provider's answer had instead", "git push --force")
        assert shown["candela_refused"] == shown["Bash"] == "bad"
        assert "no pushes" in screen_text(pilot)


@pytest.mark.parametrize("rule", [{"action": "mark"}, {"action": "end", "dry_run": True}])
async def test_a_call_that_passed_is_marked_and_not_repeated(scene: Scene, rule: dict[str, Any]) -> None:
    ruled(scene, **rule)
    async with scene.opened((120, 40)) as pilot:
        shown = await response(pilot, "git push --force", 'Rule "no pushes": Bash is denied by Bash(git push *)')
        assert shown["Bash"] == "warn"
        screen = screen_text(pilot)
        assert screen.count("toolu_push") == 1
        assert "The provider's answer had" not in screen


async def test_a_later_request_shows_what_took_the_place_of_a_call_in_red(scene: Scene) -> None:
    refused = {"type": "tool_use", "id": "t1", "name": "candela_refused", "input": {"rule": "no pushes", "why": WORDS}}
    result = {"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": "No such tool available"}
    messages = [
        {"role": "user", "content": "push"},
        {"role": "assistant", "content": [{"type": "text", "text": WORDS}, refused]},
        {"role": "user", "content": [result, {"type": "text", "text": f"What is this? {WORDS}"}]},
    ]
    scene.request(body=json.dumps({"messages": messages}).encode())
    async with scene.opened((120, 40)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "candela_refused", "What is this?")
        shown = styles(pilot)
        assert shown["candela_refused"] == "bad"
        lines = pilot.app.screen.query(TextView).last().lines
        assert (WORDS, "bad") in {piece for number in range(len(lines)) for piece in lines.line(number)}
        assert next(style for part, style in shown.items() if part.startswith("What is this?")) != "bad"
