"""The spinner that marks what is live."""

import math
from datetime import datetime

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

TICKS_A_SECOND = 8
_WHOLE_TURN = math.lcm(TICKS_A_SECOND, len(_FRAMES))


def tick_at(moment: datetime, *, still: bool) -> int:
    """Return the tick of a moment. With ``still``, the sign makes a whole turn per second, so it seems not to move."""
    return int(moment.timestamp()) * _WHOLE_TURN if still else int(moment.timestamp() * TICKS_A_SECOND)


def frame(tick: int) -> str:
    """Return the sign at a tick."""
    return _FRAMES[tick % len(_FRAMES)]
