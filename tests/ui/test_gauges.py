"""Gauges and sparklines as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.ui.style.gauges import gauge, sparkline


@pytest.mark.parametrize(
    ("share", "drawn"),
    [
        (0, "░░░░░░"),
        (0.001, "▓░░░░░"),
        (0.42, "▓▓▓░░░"),
        (0.5, "▓▓▓░░░"),
        (0.999, "▓▓▓▓▓░"),
        (1, "▓▓▓▓▓▓"),
        (7, "▓▓▓▓▓▓"),
    ],
)
def test_a_gauge_shows_something_as_something_and_not_all_as_not_all(share: float, drawn: str) -> None:
    assert gauge(share, 6) == drawn


@given(st.floats(-1, 3), st.integers(2, 40))
def test_a_gauge_has_its_width_whatever_the_share(share: float, cells: int) -> None:
    assert len(gauge(share, cells)) == cells


def test_a_sparkline_is_drawn_against_its_highest_value() -> None:
    assert sparkline([0, 1, 2, 4, 8]) == "▁▂▃▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
