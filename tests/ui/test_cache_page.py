"""The Cache tab: what of a prompt was read, and why not more."""

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.prompt_blocks import Prompt, prompt_of
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Diagnosis
from candela_tui.pricing import PriceBasis
from candela_tui.protocol.usage import Usage
from candela_tui.text.times import Clock
from candela_tui.ui.screens.request.cache.prompt_picture import PictureFacts, picture_lines
from candela_tui.ui.screens.request.pages.cache import CachePage
from candela_tui.ui.screens.request.pages.page import ShownRequest
from tests.analysis.exchanges import exchange
from tests.ui.scene import LIVE, Scene, clues, shows

MARK = {"cache_control": {"type": "ephemeral"}}
BODY: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "tools": [
        {"name": "Bash", "description": "Runs a command.\nIn a shell.", "input_schema": {"type": "object"}},
        {"name": "Read", "description": "Reads a file.", "input_schema": {"type": "object"}},
    ],
    "system": [{"type": "text", "text": "You keep a lighthouse. " * 40, **MARK}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "trim the lamp " * 30, **MARK}]}],
}
BASIS = {"price_basis": PriceBasis("", "anthropic", final=True), "cache_ttls": ("5m",)}


def later(**changes: Any) -> dict[str, Any]:
    body = deepcopy(BODY)
    del body["messages"][0]["content"][0]["cache_control"]
    body["messages"] += [
        {"role": "assistant", "content": [{"type": "text", "text": "Done."}]},
        {"role": "user", "content": [{"type": "text", "text": "and the lens", **MARK}]},
    ]
    return {**body, **changes}


def another_tool() -> dict[str, Any]:
    tools = deepcopy(BODY["tools"])
    tools[1]["description"] = "Reads a file from the disk."
    return later(tools=tools)


def two_requests(scene: Scene, body: dict[str, Any], read: int = 0, **facts: Any) -> None:
    scene.request(ago=200, body=json.dumps(BODY).encode(), usage=(12, 0, 96_214, 0, 40), clues=clues("lamp"), **BASIS)
    scene.request(ago=60, body=json.dumps(body).encode(), usage=(12, read, 97_480 - read, 0, 40), **BASIS, **facts)


async def test_x_explains_a_miss_with_its_cause_its_price_and_what_changed(scene: Scene) -> None:
    two_requests(scene, another_tool())
    async with scene.opened((120, 50)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("x")
        await shows(
            pilot,
            *("✗ miss", "tools_changed", "tools[1].description", "2m20 of a lifetime of 5m: 2m40 were left"),
            *("96,214", "97,480", "more than reading them", "$0.55"),
            *("▲ mark", "△ end of what was in the cache", "changed before its end"),
            *("− description: Reads a file.", "+ description: Reads a file from the disk."),
        )


async def test_what_the_answer_states_is_shown_while_the_prompt_is_compared() -> None:
    class Bodies:
        async def request(self, side: str = "client") -> bytes | None:
            return json.dumps(BODY).encode() if side == "client" else None

    asked = exchange(0, usage=Usage(12, 96_214, 1_254, 0, 40), **BASIS)
    page = CachePage(ShownRequest(asked, Bodies(), Clock()), 80)  # type: ignore[arg-type]
    steps = await page.open()
    next(steps)
    early = text_of(page)
    assert "comparing the prompt with earlier ones" in early
    assert "96,214" in early
    assert "✓ hit" not in early
    for _ in steps:
        pass
    assert "comparing" not in text_of(page)
    assert "✓ hit" in text_of(page)


def text_of(page: CachePage) -> str:
    return "\n".join(page.lines.text(number) for number in range(len(page.lines)))


async def test_a_hit_has_no_cause(scene: Scene) -> None:
    two_requests(scene, later(), read=96_214)
    async with scene.opened((80, 40)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("x")
        screen = await shows(pilot, "✓ hit", "All that was in the cache was read.", "the same")
        assert "What changed" not in screen


async def test_the_providers_own_reason_is_beside_ours(scene: Scene) -> None:
    two_requests(scene, later(), answer_facts=(("cache_miss_reason", "system_changed"),))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("x")
        await shows(pilot, "likely_server_side", "system_changed, which is another reason")


async def test_a_first_request_has_its_own_marks(scene: Scene) -> None:
    scene.request(body=json.dumps(BODY).encode(), usage=(12, 0, 96_214, 0, 40), **BASIS)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("x")
        await shows(pilot, "○ cold", "first_request", "messages[0].content[0]", "96,214 tokens", "▓ written")


async def test_the_facts_come_with_the_usage_of_a_live_answer(scene: Scene) -> None:
    live = scene.request(body=json.dumps(BODY).encode(), **LIVE)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("x")
        await shows(pilot, "? unknown", "The answer states no usage")
        scene.grow(live, **scene.counted(12, 0, 96_214, 0, 40))
        await shows(pilot, "○ cold", "96,214")


async def test_a_request_without_a_body_says_so(scene: Scene) -> None:
    scene.request(usage=(12, 0, 96_214, 0, 40), **BASIS)
    scene.feed.keep(scene.request(ago=30, body=b"not JSON", usage=(12, 96_214, 100, 0, 40)).id, None)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:30")
        await pilot.press("x")
        await shows(pilot, "✓ hit", "Prompt")


async def test_without_a_body_it_shows_what_was_worked_out_while_there_was_one(scene: Scene) -> None:
    found = Diagnosis(CacheState.MISS, Cause.TOOLS_CHANGED, where="tools[3]", read_tokens=0, rewritten_tokens=96_214)
    gone = scene.request(usage=(12, 0, 97_000, 0, 40), cache=CacheResult(found, Decimal("0.55")), **BASIS)
    scene.feed.release(gone.id)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("x")
        await shows(pilot, "✗ miss", "tools[3]", "$0.55  more than reading them")


def prompt(body: dict[str, Any]) -> Prompt:
    items = Items()
    for _ in read_items(json.dumps(body).encode(), items, Items()):
        pass
    return prompt_of(items)


@pytest.mark.parametrize("width", [20, 80, 120, 240])
@pytest.mark.parametrize("read", [0, 40_000, 96_214, 97_480])
def test_the_picture_fits_any_width_and_shows_how_far_was_read(width: int, read: int) -> None:
    facts = PictureFacts(prompt(another_tool()), 97_492, read, prompt(BODY), "tools[1].description")
    lines = ["".join(text for text, _ in line) for line in picture_lines(facts, width)]
    assert all(len(line) <= max(width, 26) for line in lines[:4])
    bar = lines[1].strip()
    assert ("█" in bar) == bool(read)
    assert "✗" in lines[3]
    # Only at the end is more than was read.
    assert bar.rstrip("▒▓░") in ("", "█" * bar.count("█"))


def test_an_empty_prompt_has_no_picture() -> None:
    assert list(picture_lines(PictureFacts(prompt({}), 0, 0), 80)) == []
