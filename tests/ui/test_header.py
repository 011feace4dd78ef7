"""The first line of the dashboard."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from candela_tui.analysis.limits import Allowance, ExtraUsage, Limits, Window
from candela_tui.ui.screens.dashboard.header.header_line import HeaderFacts, header_line
from candela_tui.ui.style.styled_text import cells_of
from tests.ui.scene import LIVE, NOW, Scene, screen_text, shows


def facts(**known: object) -> HeaderFacts:
    return HeaderFacts("127.0.0.1:8181", "anthropic-direct", NOW, **known)  # type: ignore[arg-type]


def said(known: HeaderFacts, width: int = 200) -> str:
    return "".join(text for text, _ in header_line(known, width).pieces)


def text_styles(known: HeaderFacts, width: int = 200) -> dict[str, str]:
    return {text.strip(): style for text, style in header_line(known, width).pieces if text.strip()}


def window(
    share: float, *, name: str = "5h", left: timedelta = timedelta(hours=1, minutes=58), status: str | None = None
) -> Window:
    return Window(name, share, NOW + left, status)


BUSY = facts(
    today="$4.82",
    by_hour=(0.2, 0.5, 1.9, 2.8, 0.9, 0.5),
    hit_rate=0.91,
    limits=Limits("allowed", (window(0.42), window(0.17, name="7d", left=timedelta(days=3, hours=2)))),
    live=3,
    warnings=2,
)


def test_it_says_where_what_it_cost_the_limits_what_is_live_and_what_is_wrong() -> None:
    line = said(BUSY, 160)
    assert line.startswith("candela  ● 127.0.0.1:8181 → direct")
    parts = (
        "today $4.82 ▂▂▆█▃▂",
        "hit 91%",
        "5h ▓▓▓░░░ 42% resets 1h58",
        "7d ▓░░░░░ 17% resets 3d",
        "3 live",
        "⚠ 2",
    )
    assert all(part in line for part in parts)
    assert sorted(parts, key=line.index) == list(parts)
    assert line.endswith("⚠ 2")


def test_the_narrower_the_terminal_the_shorter_the_words_and_the_warnings_stay_longest() -> None:
    assert "5h ▓▓▓░░░ 42%" in said(BUSY, 118)
    narrow = said(BUSY, 78)
    assert all(part in narrow for part in ("127.0.0.1:8181", "today $4.82", "hit 91%", "5h 42%", "3 live", "⚠ 2"))
    assert "⚠ 2" in said(BUSY, 24)
    assert "today" not in said(BUSY, 24)


@given(
    st.integers(10, 260),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 10_000),
    st.lists(st.floats(0, 1e6), max_size=8),
    st.text("0123456789.:abcdef", max_size=40),
)
def test_it_never_takes_more_than_its_line(
    width: int, five: float, seven: float, live: int, by_hour: list[float], address: str
) -> None:
    limits = Limits(
        "allowed", (window(five), window(seven, name="7d")), allowances=(Allowance("input-tokens", 100, 3),)
    )
    known = HeaderFacts(address, "bedrock", NOW, "$1,204", by_hour, 0.5, limits, live, live)
    drawn = header_line(known, width)
    assert cells_of(drawn.pieces) <= max(width, 0)
    if "warnings" in drawn.places:
        place = drawn.places["warnings"]
        assert "".join(text for text, _ in drawn.pieces)[place.start : place.stop] == f"⚠ {live}"


@pytest.mark.parametrize(
    ("share", "status", "style"),
    [
        (0.79, "allowed", "text"),
        (0.8, "allowed", "warn"),
        (0.949, "allowed_warning", "warn"),
        (0.95, "allowed", "bad"),
        (0.5, "rejected", "bad"),
    ],
)
def test_a_limit_warns_from_80_percent_and_is_red_from_95_or_when_it_rejects(
    share: float, status: str, style: str
) -> None:
    percent = f"{min(round(share * 100), 99)}%"
    known = facts(limits=Limits(status, (window(share, status=status),)))
    assert text_styles(known)[percent] == style
    assert ("rejected" in said(known)) is (status == "rejected")


def test_a_rejection_that_names_no_window_is_told_of_the_fuller_one() -> None:
    line = said(facts(limits=Limits("rejected", (window(1.0), window(0.3, name="7d")))))
    assert "5h ▓▓▓▓▓▓ 100% rejected" in line
    assert line.count("rejected") == 1


def test_a_window_that_is_used_up_while_requests_pass_as_extra_usage_rejects_nothing() -> None:
    paid = ExtraUsage(in_use=True, utilization=0.3)
    used_up = (window(1.0, status="rejected"), window(0.3, name="7d"))
    line = said(facts(limits=Limits("allowed", used_up, extra_usage=paid, passed=True)))
    assert "5h ▓▓▓▓▓▓ 100% resets" in line
    assert "rejected" not in line
    assert "extra usage, 30%" in line
    assert "extra usage" not in said(facts(limits=Limits("allowed", extra_usage=ExtraUsage(status="allowed"))))


def test_the_window_of_one_model_is_told_once_it_matters() -> None:
    def line(share: float, status: str = "allowed") -> str:
        windows = (window(0.2), window(0.3, name="7d"), window(share, name="7d_oi", status=status))
        return said(facts(limits=Limits(status, windows, decisive="7d_oi")))

    assert "Fable" not in line(0.5)
    assert "7d Fable ▓▓▓▓▓░ 85%" in line(0.85)
    assert "7d Fable ▓▓▓▓▓▓ 100% rejected" in line(1.0, "rejected")


def test_a_window_that_was_reset_since_says_nothing() -> None:
    line = said(facts(limits=Limits("allowed", (window(0.9, left=timedelta(seconds=-1)), window(0.17, name="7d")))))
    assert "5h" not in line
    assert "7d" in line


def test_limits_of_an_api_key_are_told_only_when_they_get_scarce() -> None:
    plenty, scarce = Allowance("requests", 1000, 900), Allowance("input-tokens", 100_000, 12_000)
    line = said(facts(limits=Limits(allowances=(plenty, scarce))))
    assert "input tokens 12% left" in line
    assert "requests" not in line


async def test_limits_come_from_the_newest_answer_that_tells_them(scene: Scene) -> None:
    def limits(used: str) -> tuple[tuple[str, str], ...]:
        prefix = "anthropic-ratelimit-unified"
        reset = str(int((NOW + timedelta(hours=2)).timestamp()))
        return ((f"{prefix}-5h-utilization", used), (f"{prefix}-5h-reset", reset), (f"{prefix}-status", "allowed"))

    scene.request(ago=50, rate_limits=limits("0.5"))
    scene.request(ago=90, rate_limits=limits("0.25"))
    scene.request(ago=10)
    async with scene.opened() as pilot:
        header = (await shows(pilot, "5h ▓▓▓░░░ 50%")).splitlines()[0]
        assert "resets 2h00" in header


async def test_the_hours_of_the_day_are_a_sparkline(scene: Scene) -> None:
    for hours, output in ((3, 4000), (2, 1000), (0, 2000)):
        scene.request(ago=hours * 3600 + 5, usage=(0, 0, 0, 0, output))
    async with scene.opened() as pilot:
        await shows(pilot, "▁▁▁█▃▁▅▁")


async def test_a_click_on_the_warnings_opens_them(scene: Scene) -> None:
    scene.request(**LIVE)
    async with scene.opened() as pilot:
        scene.feed.notify("the disk is full")
        await shows(pilot, "⚠ 1")
        header = screen_text(pilot).splitlines()[0]
        await _click(pilot, header.index("live"))
        assert "Warnings" not in screen_text(pilot)
        await _click(pilot, header.index("⚠"))
        await shows(pilot, "Warnings", "the disk is full")


async def _click(pilot: Pilot[int], x: int) -> None:
    assert await pilot.click(offset=(x, 0))


def test_what_cost_nothing_has_no_sparkline() -> None:
    assert said(facts(by_hour=[0.0] * 6), 200).endswith("today $0   0 live")
