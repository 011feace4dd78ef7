"""Lists of rows: which is where, and what stays where it is while rows come and go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.style.themes import theme_variables
from candela_tui.ui.widgets.rows.row_list import RowList
from candela_tui.ui.widgets.rows.row_stack import RowStack
from tests.ui.scene import screen_text, until


@dataclass(frozen=True, slots=True)
class Named:
    key: int
    says: str = ""
    height: int = 1
    moving: bool = False

    def draw(self, line: int, width: int, tick: int) -> Line:
        return ((f"row {self.key}.{line} {self.says}", "text"),)


ROWS = st.lists(st.builds(Named, st.integers(0, 30), height=st.integers(1, 3)), unique_by=lambda row: row.key)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["insert", "replace", "remove"]), st.integers(0, 100), st.integers(1, 3)), max_size=20
)


@given(ROWS, CHANGES)
def test_a_stack_knows_where_each_row_is_whatever_comes_and_goes(
    rows: list[Named], changes: list[tuple[str, int, int]]
) -> None:
    stack, expected, new = RowStack(rows), list(rows), 1000
    for change, at, height in changes:
        if change == "insert":
            new += 1
            stack.insert(at % (len(expected) + 1), Named(new, height=height))
            expected.insert(at % (len(expected) + 1), Named(new, height=height))
        elif expected:
            at %= len(expected)
            if change == "replace":
                row = Named(expected[at].key, "anew", height)
                stack.replace(at, row)
                expected[at] = row
            else:
                assert stack.remove(at) == expected.pop(at)
        tops = [0, *accumulate(row.height for row in expected)]
        assert list(stack.rows) == expected
        assert stack.height == tops[-1]
        for place, row in enumerate(expected):
            assert stack.place(row.key) == place
            assert stack.top(place) == tops[place]
            assert {stack.place_at(tops[place] + line) for line in range(row.height)} == {place}
        assert stack.place(-1) is None


class Shown(App[None]):
    def __init__(self, rows: RowList) -> None:
        super().__init__()
        self.rows = rows

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variables(self.current_theme, no_color=False)

    def compose(self) -> ComposeResult:
        yield self.rows


@asynccontextmanager
async def shown(rows: RowList, number: int = 40) -> AsyncIterator[Pilot[None]]:
    async with Shown(rows).run_test(size=(40, 10)) as pilot:
        rows.focus()
        rows.show_rows(map(Named, range(number)), reset=True)
        await until(pilot, lambda: "row 0." in screen_text(pilot) or f"row {number - 1}." in screen_text(pilot))
        yield pilot


async def sees(pilot: Pilot[None], *texts: str) -> None:
    await until(pilot, lambda: all(text in screen_text(pilot) for text in texts))


def lines(pilot: Pilot[None]) -> list[str]:
    """What the rows say, without the bar beside them."""
    return [line[:-1].strip() for line in screen_text(pilot).splitlines()]


def wheel(rows: RowList, turned: type[events.MouseScrollUp] | type[events.MouseScrollDown]) -> None:
    rows.post_message(turned(rows, 3, 3, 0, 0, 0, False, False, False))


async def test_the_bar_beside_rows_that_were_scrolled_before_it_was_there_tells_where_they_are() -> None:
    rows = RowList()
    async with Shown(rows).run_test(size=(40, 10)) as pilot:
        rows.show_rows(map(Named, range(40)), reset=True)
        rows.scroll_to(y=30, animate=False, force=True, immediate=True)
        await until(pilot, lambda: rows.show_vertical_scrollbar)
        assert rows.scroll_y == rows.vertical_scrollbar.position == 30


async def test_what_is_looked_at_stays_where_it_is_when_rows_come_and_go_above() -> None:
    rows = RowList()
    async with shown(rows) as pilot:
        await pilot.press("G", *"kkkkk")
        await sees(pilot, "row 39.0")
        before = lines(pilot)
        rows.insert_row(3, Named(100))
        rows.insert_row(0, Named(101, height=2))
        await pilot.pause()
        assert rows.cursor_key == 34
        assert lines(pilot) == before
        rows.remove_row(0)
        rows.remove_row(5)
        await pilot.pause()
        assert rows.cursor_key == 34
        assert lines(pilot) == before


async def test_a_row_that_moves_takes_the_cursor_along() -> None:
    rows = RowList()
    async with shown(rows, 8) as pilot:
        await pilot.press(*"jj")
        rows.move_row(2, 6, Named(2, "moved"))
        assert rows.cursor_key == 2
        assert rows.cursor == 6
        rows.move_row(0, 7, Named(0))
        assert rows.cursor_key == 2
        assert [row.key for row in rows.rows] == [1, 3, 4, 5, 6, 2, 7, 0]
        await sees(pilot, "row 2.0 moved")


async def test_the_cursor_goes_to_the_next_row_when_its_own_is_taken_away() -> None:
    rows = RowList()
    async with shown(rows, 3) as pilot:
        await pilot.press("j")
        rows.remove_row(1)
        assert rows.cursor_key == 2
        rows.remove_row(1)
        assert rows.cursor_key == 0
        rows.remove_row(0)
        assert rows.cursor_key is None
        await until(pilot, lambda: "row" not in screen_text(pilot))


async def test_scrolling_with_the_wheel_stops_following_and_coming_back_follows_again() -> None:
    rows = RowList(follow=True)
    async with shown(rows) as pilot:
        await sees(pilot, "row 39.0")
        rows.put_row(Named(40))
        await sees(pilot, "row 40.0")
        await until(pilot, lambda: rows.allow_vertical_scroll)
        wheel(rows, events.MouseScrollUp)
        await until(pilot, lambda: not rows.following)
        rows.put_row(Named(41))
        rows.put_row(Named(42))
        await pilot.pause()
        assert rows.unseen == 2
        assert "row 42.0" not in screen_text(pilot)
        await pilot.press("G")
        await sees(pilot, "row 42.0")
        assert rows.unseen == 0
        rows.put_row(Named(43))
        await sees(pilot, "row 43.0")
        wheel(rows, events.MouseScrollUp)
        await until(pilot, lambda: not rows.following)
        wheel(rows, events.MouseScrollDown)
        await until(pilot, lambda: rows.following)
        rows.put_row(Named(44))
        await sees(pilot, "row 44.0")


async def test_a_list_with_the_newest_first_follows_its_first_row() -> None:
    rows = RowList()
    rows.follow("first")
    async with shown(rows) as pilot:
        rows.insert_row(0, Named(100))
        await sees(pilot, "row 100.0")
        assert rows.cursor_key == 100
        await pilot.press("j")
        rows.insert_row(0, Named(101))
        assert rows.cursor_key == 0
        assert rows.unseen == 1
        await pilot.press("g")
        assert rows.cursor_key == 101
        assert rows.unseen == 0


async def test_following_that_was_switched_off_stays_off() -> None:
    rows = RowList(follow=True)
    async with shown(rows) as pilot:
        rows.toggle_following()
        rows.put_row(Named(40))
        await pilot.press("k", "j", "j")
        rows.put_row(Named(41))
        assert rows.cursor_key == 40
        assert rows.unseen == 2
        rows.toggle_following()
        assert rows.cursor_key == 41
        rows.put_row(Named(42))
        await sees(pilot, "row 42.0")


async def test_a_click_puts_the_cursor_there_and_a_double_click_opens() -> None:
    opened: list[object] = []

    class Listening(Shown):
        def on_row_list_opened(self, event: RowList.Opened) -> None:
            opened.append(event.key)

    rows = RowList()
    async with Listening(rows).run_test(size=(40, 10)) as pilot:
        rows.show_rows(Named(number, height=2) for number in range(20))
        await pilot.pause()
        await pilot.click(rows, offset=(3, 5))
        assert rows.cursor_key == 2
        assert opened == []
        await pilot.click(rows, offset=(3, 7), times=2)
        assert opened == [3]


async def test_rows_that_change_their_height_move_those_below() -> None:
    rows = RowList()
    async with shown(rows, 5) as pilot:
        rows.put_row(Named(1, height=3))
        await sees(pilot, "row 1.2")
        assert [line for line in lines(pilot) if line] == [
            "row 0.0",
            "row 1.0",
            "row 1.1",
            "row 1.2",
            "row 2.0",
            "row 3.0",
            "row 4.0",
        ]
