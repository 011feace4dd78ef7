"""Where the dashboard's panes are, by the terminal's size and what its user chose."""

from dataclasses import dataclass
from typing import Literal

from candela_tui.ui.preferences import Remembered

Density = Literal["compact", "standard"]
Place = Literal["off", "beside", "below"]

_NARROW = 100
"""Columns below which two panes do not fit side by side."""
_THREE_BESIDE = 160
"""Columns from which three panes fit side by side."""
_ROOM_FOR_PREVIEW = 200
_WIDE = 180
_ROOM_FOR_TIMELINE = 40
_ROOM_FOR_TWO = 16
_ROOM_FOR_TOTALS = 10
_FEW_COLUMNS, _FEW_LINES = 90, 30


@dataclass(frozen=True, slots=True)
class Layout:
    """One arrangement."""

    preview: Place
    timeline: bool
    stacked: bool
    """The sessions are above the requests, not beside them."""
    compact: bool
    """No line is spent on looks."""
    single: bool
    """There is room for one pane only, the requests until another has the focus, and for no note."""
    totals: bool
    """There is room for the line of totals."""
    wide: bool = False
    """The sessions have room for more facts."""

    @property
    def classes(self) -> dict[str, bool]:
        """The style classes of the screen."""
        return {
            "-preview-beside": self.preview == "beside",
            "-preview-below": self.preview == "below",
            "-timeline": self.timeline,
            "-stacked": self.stacked,
            "-compact": self.compact,
            "-single": self.single,
            "-wide": self.wide,
        }


def layout_for(width: int, height: int, chosen: Remembered) -> Layout:
    """The arrangement for a terminal of that size."""
    preview = chosen.preview or ("beside" if width >= _ROOM_FOR_PREVIEW else "off")
    if preview == "beside" and width < _NARROW:
        preview = "below"
    small = width < _FEW_COLUMNS or height < _FEW_LINES
    return Layout(
        preview=preview,
        timeline=height >= _ROOM_FOR_TIMELINE if chosen.timeline is None else chosen.timeline,
        stacked=width < _NARROW or (preview == "beside" and width < _THREE_BESIDE),
        compact=small if chosen.density is None else chosen.density == "compact",
        single=height < _ROOM_FOR_TWO,
        totals=height >= _ROOM_FOR_TOTALS,
        wide=width >= _WIDE,
    )


def next_place(now: Place, width: int) -> Place:
    """Where the preview goes next: off, beside, below, and again."""
    places: tuple[Place, ...] = ("off", "below") if width < _NARROW else ("off", "beside", "below")
    return places[(places.index(now) + 1) % len(places)] if now in places else "off"


def next_density(now: Density | None) -> Density | None:
    """Compact, standard, by the terminal's size (None), and again."""
    following: dict[Density | None, Density] = {None: "compact", "compact": "standard"}
    return following.get(now)
