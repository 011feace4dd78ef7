"""What bodies contain never reaches the terminal as anything but text."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.wrap import wrapped
from candela_tui.ui.style.styled_text import TEXT_STYLES, strip_of

_CONTROL_PICTURES = "\x1b]0;owned\x07\x9b31m\r\b"


def _harmless(text: str) -> bool:
    return all(unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") for character in text)


def test_escape_sequences_become_pictures() -> None:
    assert terminal_safe("\x1b[31mred\x1b[0m\r\n\x7f") == "␛[31mred␛[0m␍␊␡"
    assert _harmless(terminal_safe(_CONTROL_PICTURES))


def test_text_cannot_be_turned_around_by_bidi_overrides() -> None:
    assert terminal_safe("a\u202eb\u2066c") == "a␦b␦c"


def test_tabs_become_spaces() -> None:
    assert terminal_safe("a\tb") == "a   b"


def test_ordinary_text_of_any_script_stays_as_it_is() -> None:
    for text in ("[bold]not markup[/bold]", "naïve", "中文", "שלום", "🙂", "e\u0301"):
        assert terminal_safe(text) == text


@given(st.text())
def test_nothing_that_a_terminal_obeys_passes(text: str) -> None:
    assert _harmless(terminal_safe(text))


@given(st.text(), st.integers(1, 40))
def test_a_cell_is_as_wide_as_asked_whatever_is_in_it(text: str, width: int) -> None:
    assert cell_len(fitted(text, width)) == width
    assert cell_len(fitted(text, width, right=True)) == width


@given(st.lists(st.tuples(st.text(), st.sampled_from(TEXT_STYLES))), st.integers(1, 40))
def test_a_line_is_as_wide_as_the_view(pieces: list[tuple[str, str]], width: int) -> None:
    strip = strip_of(pieces, width, dict.fromkeys(TEXT_STYLES, Style()), Style())
    assert cell_len(strip.text) == width
    assert _harmless(strip.text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200), st.integers(2, 30))
def test_wrapping_loses_nothing_but_the_spaces_it_breaks_at(text: str, width: int) -> None:
    lines = list(wrapped(text, width))
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == terminal_safe(text).replace(" ", "")
