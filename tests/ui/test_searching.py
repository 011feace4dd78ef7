"""``S`` searches the text of all sessions, and a hit opens the request at the place."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.screen import Screen

from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.ui.screens.request.screen import RequestScreen
from candela_tui.ui.screens.search.screen import SearchScreen
from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.widgets.text_view.folding.content import LinesContent
from candela_tui.ui.widgets.text_view.folding.detail_levels import DetailLevels
from candela_tui.ui.widgets.text_view.folding.folded_lines import FoldedLines
from candela_tui.ui.widgets.text_view.folding.folds import Fold
from candela_tui.ui.widgets.text_view.text_view import TextView
from tests.fulltext.recorded_history import RecordedHistory, call, prompt, result, text
from tests.ui.scene import NOW, Scene, shows, typed, until

FILLER = "\n".join(f"a line about a heron, {number}" for number in range(200))


@pytest.fixture
def history(tmp_path: Path) -> Iterator[RecordedHistory]:
    """A conversation in which many lines are like those that are searched for."""
    recorded = RecordedHistory(tmp_path, "store.sqlite3")
    first = prompt(f"why do herons fail? {FILLER}")
    thinking = {"type": "thinking", "thinking": "a walrus, or a heron", "signature": "x"}
    answer = [thinking, text(f"{FILLER}\nthe walrus is at fault"), call("Bash", command="pytest -k pelican")]
    titled: dict[str, Any] = {"clues": SessionClues(title="fix the flaky test", cwd="/src/api"), "started_at": NOW}
    recorded.record([first], *answer, **titled)
    outcome = {"role": "user", "content": [result(f"{FILLER}\nthe lynx failed with ConnectionResetError")]}
    recorded.record([first, {"role": "assistant", "content": answer}, outcome], **titled)
    recorded.say("a walrus elsewhere", session_id="2aaa0000-session", started_at=NOW)
    recorded.index_all()
    yield recorded
    recorded.reader.close()


@pytest.fixture
def scene(tmp_path: Path, history: RecordedHistory) -> Scene:
    """A dashboard of that history."""
    return Scene(tmp_path)


async def test_typing_finds_and_a_hit_opens_the_request_at_the_place(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("S")
        await typed(pilot, "connectionreset")
        await shows(pilot, "1 hit", "result of Bash · fix the flaky test", "the lynx failed with ConnectionResetError")
        await pilot.press("enter", "enter")
        await shows(pilot, "the lynx failed with ConnectionResetError", "1/1")
        assert isinstance(pilot.app.screen, RequestScreen)
        await pilot.press("escape", "escape")
        await shows(pilot, "1 hit")
        await pilot.press("q")
        await shows(pilot, "Sessions")


@pytest.mark.parametrize(("words", "line"), [("at fault", "the walrus is at fault"), ("pelican", "pytest -k pelican")])
async def test_a_hit_in_an_answer_opens_its_block(scene: Scene, words: str, line: str) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("S")
        await typed(pilot, words)
        await shows(pilot, "1 hit")
        await pilot.press("enter", "enter")
        await shows(pilot, line, "1/1")


async def test_the_snippet_and_the_place_are_those_of_the_rarest_word(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("S")
        await typed(pilot, "about heron lynx")
        await shows(pilot, "1 hit", "the lynx failed")
        await pilot.press("enter", "enter")
        await shows(pilot, "the lynx failed", "1/1")


async def test_of_several_places_with_the_words_the_one_of_the_hit_is_shown(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("S")
        await typed(pilot, '"heron, 199"')
        said = await shows(pilot, "3 hits", "result of Bash")
        parts = [line.split()[1] for line in said.splitlines() if line.lstrip().startswith("12:00:00")]
        await pilot.press("enter", *"j" * parts.index("result"), "enter")
        # The prompt and the answer before it have this line, too.
        await shows(pilot, "3/3")


class Viewed(Screen[None]):
    """A view of lines that grow."""

    def __init__(self, lines: FoldedLines) -> None:
        super().__init__()
        self.view = TextView(lines)

    def compose(self) -> ComposeResult:
        yield self.view


def block(section: str) -> Fold:
    return Fold("", LinesContent((("heron", ""),)), section, section=section)


@pytest.mark.parametrize("comes", [True, False])
async def test_the_hit_of_a_section_is_waited_for_while_the_page_is_written(scene: Scene, comes: bool) -> None:
    lines = FoldedLines(80, DetailLevels(Preferences(), {}))
    screen = Viewed(lines)
    async with scene.opened() as pilot:
        await pilot.app.push_screen(screen)
        deque(lines.add([block("message 1")]), 0)
        screen.view.show_lines(lines, more=True)
        screen.view.search("heron", "message 2")
        await until(pilot, lambda: screen.view.search_state == (0, 1, False))
        if comes:
            deque(lines.add([block("message 2")]), 0)
            screen.view.grew()
        screen.view.go_on(False)
        await until(pilot, lambda: screen.view.search_state == ((2, 2, True) if comes else (1, 1, True)))


async def test_hits_of_other_sessions_are_stepped_through(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("S")
        await typed(pilot, "walrus")
        await shows(pilot, "3 hits", "session 2aaa0000")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RequestScreen))
        await shows(pilot, "1/2")
        await pilot.press("J")
        await shows(pilot, "2/2")


async def test_what_cannot_be_searched_for_is_said(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("S")
        await shows(pilot, "All words in one text")
        await typed(pilot, '"open')
        await shows(pilot, 'The closing " is missing')
        await typed(pilot, '"')
        await shows(pilot, "Nothing was found")


async def test_the_command_line_searches_too(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("colon")
        await typed(pilot, "search lynx")
        await pilot.press("enter")
        await shows(pilot, "1 hit", "the lynx failed")


async def test_how_far_the_index_is_is_said(scene: Scene, history: RecordedHistory) -> None:
    history.say("a new walrus", session_id="new", started_at=NOW)
    history.note_what_is_missing()
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("S")
        await shows(pilot, "indexed up to 12:00:00, 1 request to go")


async def test_without_an_index_it_is_said_how_to_turn_it_on(tmp_path: Path, history: RecordedHistory) -> None:
    scene = Scene(tmp_path, searchable=False)
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("S")
        await shows(pilot, "The search is off")
        assert not isinstance(pilot.app.screen, SearchScreen)
