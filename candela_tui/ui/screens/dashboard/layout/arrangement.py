"""The arrangement of the dashboard's panes, by the terminal's size and the user's choices."""

from dataclasses import dataclass
from typing import Literal

from candela_tui.ui.state.preferences import Remembered

Density = Literal["compact", "standard"]
Place = Literal["off", "beside", "below"]

_NARROW = 100
"""Terminal columns: in fewer, two panes do not fit side by side."""
_THREE_BESIDE = 160
"""Terminal columns from which three panes fit side by side."""
_LEAST_SESSIONS, _LEAST_PREVIEW = 40, 50
"""The fewest terminal columns of these panes beside others."""
_MOST_SESSIONS = 64
_ROOM_FOR_PREVIEW = 200
_WIDE = 180
_ROOM_FOR_TIMELINE = 40
_ROOM_FOR_TWO = 16
_ROOM_FOR_TOTALS = 10
_FEW_COLUMNS, _FEW_LINES = 90, 30


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One arrangement of the panes."""

    preview: Place
    timeline: bool
    stacked: bool
    """The sessions are above the requests, not beside them."""
    compact: bool
    """No line is spent on decoration."""
    single: bool
    """There is room for one pane only, the requests unless another has the focus, and for no note."""
    totals: bool
    """There is room for the line of totals."""
    wide: bool = False
    """The sessions have room for more facts."""
    requests: int = 0
    """The fewest terminal columns of the requests, so that every chosen column fits; 0 if there is no room for that."""
    sessions: int = 0
    """The columns of the sessions beside such requests; 0: a share of the width."""

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


def arrangement_for(width: int, height: int, chosen: Remembered, whole_rows: int = 0) -> Arrangement:
    """Return the arrangement for a terminal of this size. ``whole_rows`` is the width at which every chosen column of a
    request fits; the requests get it before another pane grows."""
    preview = chosen.preview or ("beside" if width >= _ROOM_FOR_PREVIEW else "off")
    if preview == "beside" and width < _NARROW:
        preview = "below"
    small = width < _FEW_COLUMNS or height < _FEW_LINES
    beside = _LEAST_PREVIEW if preview == "beside" else 0
    stacked = width < _NARROW or (
        preview == "beside" and width < max(_THREE_BESIDE, whole_rows + _LEAST_SESSIONS + _LEAST_PREVIEW)
    )
    spare = width - whole_rows - beside - (0 if stacked else _LEAST_SESSIONS)
    whole = bool(whole_rows) and spare >= 0
    return Arrangement(
        preview=preview,
        timeline=height >= _ROOM_FOR_TIMELINE if chosen.timeline is None else chosen.timeline,
        stacked=stacked,
        compact=small if chosen.density is None else chosen.density == "compact",
        single=height < _ROOM_FOR_TWO,
        totals=height >= _ROOM_FOR_TOTALS,
        wide=width >= _WIDE,
        requests=whole_rows if whole else 0,
        sessions=min(_MOST_SESSIONS, _LEAST_SESSIONS + spare // 3) if whole and not stacked else 0,
    )


def next_place(now: Place, width: int) -> Place:
    """Return the next place of the preview in the cycle off, beside, below."""
    places: tuple[Place, ...] = ("off", "below") if width < _NARROW else ("off", "beside", "below")
    return places[(places.index(now) + 1) % len(places)] if now in places else "off"


def next_density(now: Density | None) -> Density | None:
    """Return the next density in the cycle compact, standard, automatic (None)."""
    following: dict[Density | None, Density] = {None: "compact", "compact": "standard"}
    return following.get(now)
