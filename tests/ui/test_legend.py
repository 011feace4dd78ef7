"""Every sign that a screen draws is explained by ``?``."""

import ast
from pathlib import Path

import candela_tui
from candela_tui.exchange import Outcome
from candela_tui.ui.screens.dialogs.help import key_lines
from candela_tui.ui.style import outcomes
from candela_tui.ui.style.legend import LEGEND
from candela_tui.ui.style.spinner import _FRAMES
from candela_tui.ui.style.styled_text import cells_of
from tests.ui.scene import Scene, clues, shows

_PACKAGE = Path(candela_tui.__file__).parent
SOURCES = [
    *(path for folder in ("ui", "text") for path in (_PACKAGE / folder).rglob("*.py")),
    _PACKAGE / "analysis" / "labels.py",
    _PACKAGE / "analysis" / "turn_lanes.py",
    _PACKAGE / "ledger" / "agent_tree.py",
]
_PUNCTUATION = set("·…‹›─│╭╮╯╰━⏎⌫⇧")
"""Words and frames are made of these, and keys are called so."""
_BARS = set("▁▂▃▄▅▆▇█▉▊▋▌▍▎▏")
"""Bars and gauges, of which the legend has examples."""
_OTHERS = set(_FRAMES) | set("⁰¹²³⁴⁵⁶⁷⁸⁹ᶜˣᵗ") | _PUNCTUATION | _BARS
_NOT_DRAWN = {"legend.py", "terminal_safe.py"}
"""``terminal_safe`` names the characters that are not drawn as they are, and has pictures of control characters."""


def _drawn() -> dict[str, str]:
    """Each sign in a text of the screens' code, and a module that has it."""
    found: dict[str, str] = {}
    for path in SOURCES:
        if path.name in _NOT_DRAWN:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docs:
                found |= dict.fromkeys((sign for sign in node.value if ord(sign) > 0x7F), path.name)
    return found


def _explained() -> set[str]:
    return set("".join(entry.sign for entries in LEGEND.values() for entry in entries))


def test_every_sign_that_is_drawn_is_in_the_legend() -> None:
    unexplained = {
        sign: where
        for sign, where in _drawn().items()
        if sign not in _explained() | _OTHERS and not 0x2400 <= ord(sign) <= 0x2426
    }
    assert unexplained == {}


def test_the_legend_has_no_sign_that_is_not_drawn() -> None:
    drawn = set(_drawn()) | set(map(chr, range(0x80))) | set("○◔●◎◐◍✗")
    assert _explained() - drawn - _OTHERS == set()


def test_the_legend_says_of_each_outcome_what_the_list_draws() -> None:
    entries = {entry.sign: entry.meaning for entries in LEGEND.values() for entry in entries}
    assert all(entries[outcomes.SIGNS[outcome]] for outcome in Outcome)


def test_the_words_that_need_one_have_an_explanation() -> None:
    said = "\n".join("".join(text for text, _ in line) for line in key_lines((), LEGEND, 90))
    for word in ("≥", "API-equivalent", "ctx", "hit", "⊘", "✂", "◌", "~", "+2 hidden", "+4"):
        assert word in said
    assert all(cells_of(line) <= 90 for line in key_lines((), LEGEND, 90))


async def test_a_sign_is_found_by_typing_it(scene: Scene) -> None:
    scene.request(clues=clues("fix the test"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("question_mark", *"scissors")
        await shows(pilot, "Nothing matches 'scissors'")
        await pilot.press("escape", *"cut off")
        await shows(pilot, "Signs: how a request ended", "✂", "cut off by the provider")
