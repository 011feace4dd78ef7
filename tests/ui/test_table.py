"""Which columns have room, and what their names say."""

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.text.times import Clock
from candela_tui.ui.screens.dashboard.requests.column_headings import column_names
from candela_tui.ui.screens.dashboard.requests.columns import BY_NAME, BY_TIME, COLUMNS, columns_named
from candela_tui.ui.screens.dashboard.requests.table import Column, Table
from candela_tui.ui.style.styled_text import cells_of
from tests.analysis.exchanges import START
from tests.ui.scene import Scene, clues, shows

WIDTHS = st.integers(24, 220)


def table(*names: str, ordered_by: Column = BY_TIME, dated: bool = False) -> Table:
    made = Table(Clock(lambda: START + timedelta(hours=2), UTC))
    made.choose(columns_named(names))
    made.ordered_by, made.dated, made.every = ordered_by, dated, True
    return made


def said(of: Table, width: int) -> str:
    assert of.ordered_by is not None
    return "".join(text for text, _ in column_names(of, width, of.ordered_by, descending=True))


@given(WIDTHS, st.sampled_from(COLUMNS), st.booleans())
def test_the_column_that_gives_the_order_is_always_there_with_its_arrow(
    width: int, column: Column, dated: bool
) -> None:
    heading = said(table(*BY_NAME, ordered_by=column, dated=dated), width)
    assert f"↓{column.name}" in heading or f"{column.name}↓" in heading


@given(WIDTHS, st.booleans())
def test_columns_without_room_are_counted(width: int, dated: bool) -> None:
    all_of_them = table(*BY_NAME, dated=dated)
    missing = len(COLUMNS) - len(all_of_them.fit(width))
    heading = said(all_of_them, width)
    assert heading.startswith(f"+{missing}" if missing else "   ")
    assert len(all_of_them.without_room(width)) == missing
    assert cells_of(column_names(all_of_them, width, BY_TIME, descending=True)) <= width + 1


@pytest.mark.parametrize(("dated", "cells"), [(False, 8), (True, 12)])
def test_times_of_several_days_have_room_for_their_dates(dated: bool, cells: int) -> None:
    assert next(fit.cells for fit in table(dated=dated).fit(60) if fit.column is BY_TIME) == cells


async def test_at_midnight_the_rows_get_their_dates(scene: Scene) -> None:
    scene.request(clues=clues("fix the flaky test"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        scene.now += timedelta(hours=13)
        scene.request(ago=5)
        await shows(pilot, "Nov 21 11:59", "00:59:55")
        await pilot.press("k", "enter")
        await shows(pilot, "Nov 21 11:59:00")


async def test_the_dialog_says_which_chosen_columns_have_no_room(scene: Scene) -> None:
    scene.request(clues=clues("fix the flaky test"))
    async with scene.opened((80, 36)) as pilot:
        await shows(pilot, "+5 TIME↑")
        await pilot.press("C")
        screen = await shows(pilot, "bytes of the answer", "· no room")
        assert screen.count("· no room") == 5


async def test_a_long_title_is_shortened_not_dropped(scene: Scene) -> None:
    scene.request(clues=clues("move the ledger's clock behind an interface so that tests can set it"))
    async with scene.opened((80, 24)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await shows(pilot, "main   opus-4-8   200 end_turn", "move the ledger's cl", "1/1")
