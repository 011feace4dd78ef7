"""Strips without caches draw the same, and leave nothing to the garbage collector."""

import gc

import pytest
import textual.strip
from rich.segment import Segment
from rich.style import Style
from textual.cache import FIFOCache
from textual.strip import Strip

from candela_tui.ui.style.strip_caches import leave_out_strip_caches


@pytest.fixture
def without_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set to itself, so that the original is put back afterwards.
    monkeypatch.setattr(textual.strip, "FIFOCache", FIFOCache)
    leave_out_strip_caches()


def changed(strip: Strip) -> list[Strip]:
    """The strip as a screen cuts and styles it, each time twice."""
    bold = Style(bold=True)
    return [
        *(strip.crop(2, 7) for _ in range(2)),
        *(strip.crop(0, 40) for _ in range(2)),
        *(strip.crop_extend(2, 30, bold) for _ in range(2)),
        *(strip.adjust_cell_length(5, bold) for _ in range(2)),
        *(strip.adjust_cell_length(40, bold) for _ in range(2)),
        *(strip.apply_style(bold) for _ in range(2)),
        *(strip.apply_offsets(1, 2) for _ in range(2)),
        *(part for _ in range(2) for part in strip.divide([4, 9])),
        *strip.divide([strip.cell_length]),
    ]


SEGMENTS = [Segment("été "), Segment("日本", Style(color="red")), Segment(" end")]


@pytest.mark.usefixtures("without_caches")
def test_they_are_cut_and_styled_alike() -> None:
    without = changed(Strip(SEGMENTS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textual.strip, "FIFOCache", FIFOCache)
        assert without == changed(Strip(SEGMENTS))


def strips() -> int:
    return sum(isinstance(each, Strip) for each in gc.get_objects())


@pytest.mark.usefixtures("without_caches")
def test_none_waits_for_the_collector() -> None:
    gc.freeze()
    gc.disable()
    try:
        before = strips()
        changed(Strip(SEGMENTS))
        assert strips() == before
    finally:
        gc.enable()
