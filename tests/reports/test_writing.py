"""An export as it is written."""

import pytest

from candela_tui.reports.csv_table import CSV
from candela_tui.reports.report import export_of
from candela_tui.reports.writing import Stopped, Writing
from tests.reports.exchanges import exchange


def test_it_says_how_far_it_is() -> None:
    writing = Writing(CSV, export_of([exchange(1), exchange(2, session_id="other"), exchange(3, session_id="other")]))
    pieces = writing.pieces()
    header = next(pieces)
    assert (writing.requests, writing.bytes) == (0, len(header))
    first = next(pieces)
    assert (writing.requests, writing.bytes) == (1, len(header) + len(first))
    rest = list(pieces)
    assert (writing.requests, writing.bytes) == (3, len(header) + len(first) + sum(map(len, rest)))


def test_it_can_be_stopped_at_any_piece() -> None:
    writing = Writing(CSV, export_of([exchange(1), exchange(2)]))
    pieces = writing.pieces()
    next(pieces)
    writing.stop()
    with pytest.raises(Stopped):
        next(pieces)
