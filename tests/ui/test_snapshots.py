"""How the screens look, wide and narrow. After a change that is meant: ``pytest tests/ui --snapshot-update``."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.scene import LIVE, Scene, busy_morning, clues, shows, stream
from tests.ui.test_request import BODY

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["narrow", "wide"])
Compare = Callable[..., bool]
Size = tuple[int, int]


def _story(scene: Scene, *keys: str, wait_for: tuple[str, ...]) -> Callable[[Pilot[Any]], Awaitable[None]]:
    async def run(pilot: Pilot[Any]) -> None:
        scene.tell()
        await shows(pilot, "live")
        if keys:
            await shows(pilot, "Requests ·")
            await pilot.press(*keys)
        await shows(pilot, *wait_for)
        await pilot.wait_for_scheduled_animations()

    return run


@SIZES
def test_the_welcome(snap_compare: Compare, scene: Scene, size: Size) -> None:
    assert snap_compare(scene.app, terminal_size=size, run_before=_story(scene, wait_for=("Waiting",)))


@SIZES
@pytest.mark.parametrize("theme", ["candela-dark", "candela-light"])
def test_a_busy_morning(snap_compare: Compare, tmp_path: Path, size: Size, theme: str) -> None:
    scene = Scene(tmp_path, theme=theme)
    busy_morning(scene)
    story = _story(scene, wait_for=("Requests · fix the flaky test", "~214"))
    assert snap_compare(scene.app, terminal_size=size, run_before=story)


@SIZES
@pytest.mark.parametrize(
    ("key", "sight"),
    [
        ("1", "Usage and cost"),
        ("2", "▸ Read"),
        ("4", "2 tools"),
        ("5", "✓ end_turn"),
        ("6", "[redacted]"),
        ("7", '"model"'),
        ("8", "content_block_delta"),
    ],
    ids=["overview", "messages", "tools", "response", "headers", "raw-request", "raw-response"],
)
def test_a_request(snap_compare: Compare, scene: Scene, size: Size, key: str, sight: str) -> None:
    answer = stream("Found it.\nIt is `now()`.", thinking="Hm.", tool=("Edit", {"path": "a.py", "n": 1}))
    scene.request(
        body=BODY, answer=answer, usage=(12, 96000, 1200, 18000, 61), clues=clues("fix the flaky test"), retry=1
    )
    story = _story(scene, "enter", key, wait_for=(sight,))
    assert snap_compare(scene.app, terminal_size=size, run_before=story)


@SIZES
def test_the_keys(snap_compare: Compare, scene: Scene, size: Size) -> None:
    busy_morning(scene)
    story = _story(scene, "question_mark", wait_for=("Keys", "esc close"))
    assert snap_compare(scene.app, terminal_size=size, run_before=story)


def test_leaving_while_something_is_live(snap_compare: Compare, scene: Scene) -> None:
    scene.request(**LIVE)
    assert snap_compare(scene.app, run_before=_story(scene, "q", wait_for=("Leave candela?",)))
