"""The line below the lists."""

import re
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.ledger.totals import Totals
from candela_tui.ui.screens.dashboard.timeline.timeline_chart import Chart
from candela_tui.ui.screens.dashboard.totals import totals_line
from candela_tui.ui.style.styled_text import cells_of
from tests.ui.scene import Scene, busy_morning, screen_text, shows, typed, until

BUSY = Totals(
    requests=41,
    counted=41,
    input_tokens=12_300,
    cache_read_tokens=1_200_000,
    cache_write_5m_tokens=33_000,
    cache_write_1h_tokens=12_000,
    output_tokens=45_000,
    output_usd=Decimal("4.82"),
    priced=41,
    saved_usd=Decimal("18.20"),
)


def _line(
    width: int, totals: Totals = BUSY, *, subscription: bool = False, share: tuple[int, int] | None = None
) -> str:
    return "".join(text for text, _ in totals_line(totals, subscription=subscription, width=width, share=share))


def test_a_wide_line_says_everything_in_words() -> None:
    assert _line(130) == (
        "input 12k   cache read 1.2M (95% hit)   cache write 33k 5m + 12k 1h   output 45k   cost $4.82"
        "   saved by cache $18.20"
    )


def test_a_narrow_line_says_what_matters_most() -> None:
    assert _line(80) == "input 12k  read 1.2M 95%  write 33k 5m + 12k 1h  output 45k  cost $4.82"
    assert _line(70) == "in 12k  read 1.2M 95%  write 45k  out 45k  cost $4.82  saved $18.20"


@given(st.integers(1, 200), st.booleans(), st.sampled_from([None, (41, 240)]))
def test_the_line_fits_and_its_figures_are_whole(width: int, subscription: bool, share: tuple[int, int] | None) -> None:
    line = totals_line(BUSY, subscription=subscription, width=width, share=share)
    assert cells_of(line) <= width
    figures = set(re.findall(r"\$?[0-9][0-9.,]*[kMmh%]?", "".join(text for text, _ in line)))
    assert figures <= {"12k", "1.2M", "95%", "33k", "5m", "1h", "45k", "$4.82", "$18.20", "41", "240"}


def test_a_cache_that_was_written_and_never_read_cost_more() -> None:
    assert "cache cost $0.02 more" not in _line(130)
    assert "cache cost $0.020 more" in _line(130, Totals(output_usd=Decimal(1), priced=1, saved_usd=Decimal("-0.02")))


def test_what_claude_code_counts_otherwise_is_told_where_there_is_room() -> None:
    def line(width: int, difference: str) -> str:
        totals = replace(BUSY, counted_otherwise=2, client_difference=Decimal(difference))
        return _line(width, totals)

    assert "Claude Code counts $2.12 more" in line(160, "2.1201")
    assert "Claude Code counts $0.34 less" in line(160, "-0.3375")
    assert "counts" not in line(160, "0")
    assert "counts" not in line(70, "2.1201")


def test_a_subscription_has_a_value_not_a_cost() -> None:
    assert "API-equivalent $4.82" in _line(130, subscription=True)


def test_a_part_of_the_requests_says_of_how_many() -> None:
    assert _line(160, share=(41, 240)).startswith("41 of 240 requests   input")
    assert _line(60, share=(41, 1240)).startswith("41 of 1,240  in")


async def test_the_totals_and_the_time_line_follow_the_filter(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((160, 46)) as pilot:
        await shows(pilot, "cost ≥ $0.39")
        await pilot.press("slash")
        await typed(pilot, "model:haiku")
        await pilot.press("enter")
        await shows(pilot, "3 of 9 requests", "cost $0.026")
        chart = pilot.app.screen.query_one(Chart)
        await until(pilot, lambda: chart.timeline and sum(bucket.requests for bucket in chart.timeline.buckets) == 3)
        await pilot.press("escape")
        await shows(pilot, "cost ≥ $0.39")
        assert "of 9 requests" not in screen_text(pilot)


async def test_the_totals_speak_of_as_many_requests_as_the_list(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened((160, 46)) as pilot:
        await shows(pilot, "cost ≥ $0.39")
        await pilot.press("slash")
        await typed(pilot, "model:haiku")
        await pilot.press("enter")
        screen = await shows(pilot, "of 9 requests")
        assert "/model:haiku · 3 of 9 " in screen


async def test_the_totals_are_of_the_chosen_session_or_sub_agent(scene: Scene) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "cost ≥ $0.39")
        await pilot.press("1", "j")
        await shows(pilot, "cost $0.026")


async def test_the_totals_grow_with_what_the_filter_finds(scene: Scene) -> None:
    scene.request(ago=60, usage=(12, 0, 0, 0, 100))
    scene.request(ago=50, agent_id="a", usage=(12, 0, 0, 0, 100))
    async with scene.opened() as pilot:
        await shows(pilot, "output 200")
        await pilot.press("slash")
        await typed(pilot, "agent:main")
        await pilot.press("enter")
        await shows(pilot, "1 of 2 requests", "output 100")
        scene.request(ago=40, usage=(12, 0, 0, 0, 300))
        await shows(pilot, "2 of 3 requests", "output 400")


def test_where_no_answer_told_its_usage_the_tokens_are_unknown_not_nothing() -> None:
    line = " ".join(_line(160, Totals(requests=1, live=1)).split())
    assert line == "input – cache read – cache write – output – cost –"


def test_the_cost_says_which_part_side_requests_are() -> None:
    totals = Totals(requests=12, priced=12, output_usd=Decimal("4.82"), side_requests=10, side_cost_usd=Decimal("0.43"))
    assert "$4.82 (side requests: $0.43, 10)" in "".join(
        text for text, _ in totals_line(totals, subscription=False, width=200)
    )
