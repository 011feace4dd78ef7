"""The sign of what is live."""

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

TICKS_A_SECOND = 8


def frame(tick: int) -> str:
    """The sign at a tick."""
    return _FRAMES[tick % len(_FRAMES)]
