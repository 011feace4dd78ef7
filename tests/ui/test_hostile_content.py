"""Whatever is in a request, its answer and its record, every list and page shows it, and none controls a terminal."""

from pathlib import Path
from typing import Any

import pytest
from rich.style import Style

from candela_tui.cli.terminal.request_overview import overview
from candela_tui.exchange import Delegation, Difference, Exchange
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.errors import ApiError
from candela_tui.text.terminal_safe import is_terminal_safe, is_terminal_safe_lines
from candela_tui.ui.screens.request.loading import load_request
from candela_tui.ui.screens.request.screen import PAGES
from candela_tui.ui.style.styled_text import TEXT_STYLES, strip_of
from tests.ui.conversation import exhaust
from tests.ui.scene import Scene, clues, screen_text, shows

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
REQUESTS = {path.name: path.read_bytes().partition(b"\n")[2] for path in (CORPUS / "request").iterdir()}
ANSWERS = {path.name: path.read_bytes()[1:] for path in (CORPUS / "answer").iterdir()}
EVIL = "\x1b]0;owned\x07\x9b2J\u202e\r\n\t[bold]=1+1|<b>\ud800 中"
"""Escape sequences, a line end, markup of Textual, a formula, HTML, a lone surrogate."""
FACTS: dict[str, Any] = {
    **dict.fromkeys(("model", "model_used", "model_sent", "stop_reason", "agent_id", "agent_type", "task"), EVIL),
    **dict.fromkeys(("client", "request_id", "region", "session_title", "prompt_id", "path", "url", "method"), EVIL),
    "error": ApiError(EVIL, EVIL),
    "clues": clues(EVIL, EVIL, EVIL),
    "delegations": (Delegation(EVIL, EVIL, EVIL),),
    "differences": (Difference(EVIL, EVIL, EVIL),),
    "adaptations": (Adaptation("beta", EVIL, EVIL),),
    "tools_called": (EVIL,),
    "request_headers": ((EVIL, EVIL), ("content-encoding", EVIL)),
    "response_headers": ((EVIL, EVIL), ("content-type", EVIL)),
}
_STYLES = dict.fromkeys(TEXT_STYLES, Style())


async def drawn(scene: Scene, made: Exchange) -> list[str]:
    """Every line of every page of a request, as it is drawn."""
    scene.app.sources.loaded.merge([made], from_feed=True)
    subject = await load_request(scene.app.sources, made.id)
    assert subject is not None
    lines = []
    for kind in PAGES:
        page = kind(subject, 80)
        exhaust(await page.open())
        while (steps := await page.more()) is not None:
            exhaust(steps)
            if not subject.exchange.live:
                break
        shown = page.lines
        lines += [strip_of(shown.line(number), 80, _STYLES, Style()).text for number in range(len(shown))]
        assert is_terminal_safe_lines("".join(shown.texts()))
    return lines


@pytest.mark.parametrize("name", REQUESTS)
async def test_any_request_body_is_shown(scene: Scene, name: str) -> None:
    made = scene.request(body=REQUESTS[name])
    lines = await drawn(scene, made)
    assert lines
    assert all(map(is_terminal_safe, lines))


@pytest.mark.parametrize("name", ANSWERS)
async def test_any_answer_is_shown(scene: Scene, name: str) -> None:
    made = scene.request(answer=ANSWERS[name])
    lines = await drawn(scene, made)
    assert lines
    assert all(map(is_terminal_safe, lines))


async def test_any_record_is_shown(scene: Scene) -> None:
    made = scene.request(**FACTS, session_id=EVIL)
    assert all(map(is_terminal_safe, await drawn(scene, made)))
    assert is_terminal_safe_lines(overview(made))
    async with scene.opened() as pilot:
        await shows(pilot, "owned")
        for key in ("j", "enter", "escape", "d", "escape", "question_mark", "escape", "t"):
            await pilot.press(key)
            assert all(map(is_terminal_safe, screen_text(pilot).splitlines()))
