"""Columns are aligned in cells, which characters of many scripts take none or two of."""

from collections.abc import Iterator

import pytest

from candela_tui.text.tables import table, table_lines

WORDS = {
    "Latin": ("naïve", 5),
    "Thai": ("สวัสดี", 4),
    "Devanagari": ("नमस्ते", 4),
    "Chinese": ("中文", 4),
    "emoji": ("🙂🙂", 4),
}


@pytest.mark.parametrize("script", WORDS)
def test_a_column_begins_at_the_same_cell_in_each_line(script: str) -> None:
    word, cells = WORDS[script]
    head, row = table(("A" * 8, "B"), [(word, "x")], flexible=0).splitlines()
    assert head == "AAAAAAAA  B"
    assert row == f"{word}{' ' * (8 - cells)}  x"


@pytest.mark.parametrize("script", WORDS)
def test_numbers_end_at_the_same_cell(script: str) -> None:
    word, cells = WORDS[script]
    head, row = table(("A" * 8, "B"), [(word, "x")], flexible=1, right=[0]).splitlines()
    assert head == "AAAAAAAA  B"
    assert row == f"{' ' * (8 - cells)}{word}  x"


def test_only_the_flexible_column_is_cut_and_only_to_fit_a_width() -> None:
    rows = [("1", "a long title of a session", "$4.82")]
    assert "a long title of a session" in table(("ID", "TITLE", "COST"), rows, flexible=1)
    narrow = table(("ID", "TITLE", "COST"), rows, flexible=1, width=24).splitlines()
    assert narrow == ["ID  TITLE          COST", "1   a long title…  $4.82"]
    assert table(("ID", "TITLE", "COST"), rows, flexible=1, width=1).splitlines()[1] == "1   a lon…  $4.82"


def test_wide_characters_are_cut_between_cells() -> None:
    assert table(("A", "B"), [("中文中文", "x")], flexible=0, width=9).splitlines()[1] == "中文 …  x"


def test_a_long_table_is_written_as_its_rows_come() -> None:
    taken = []

    def rows() -> Iterator[tuple[str, str]]:
        for number in range(6):
            taken.append(number)
            yield f"{number}" * (1 if number < 4 else 5), "x"

    lines = table_lines(("N", "WORD"), rows(), flexible=1, right=[0], measured=2)
    assert [next(lines) for _ in range(3)] == ["N  WORD", "0  x", "1  x"]
    assert taken == [0, 1]
    # A wider cell moves what is to its right, from there on.
    assert list(lines) == ["2  x", "3  x", "44444  x", "55555  x"]
