"""Bars on a scale of time, in eighths of a cell. All times are milliseconds since the beginning of the scale."""

from collections.abc import Iterator

from candela_tui.text import times
from candela_tui.ui.style.styled_text import Line, Piece

_STEPS = (1, 2, 5)
_CELLS_A_TICK = 9
_PARTS = " ▏▎▍▌▋▊▉█"


def seconds(milliseconds: float) -> str:
    """Return a time to the millisecond, if it is not too long for that."""
    return times.exact_duration(milliseconds) if milliseconds < 1e6 else times.duration(milliseconds)


def scale_ticks(total: float, room: int) -> dict[int, str]:
    """Return the cells of the scale that have a tick, with the tick's label."""
    most = max(1, room // _CELLS_A_TICK)
    size = 1.0
    while True:
        for step in _STEPS:
            every = step * size
            if total / every <= most:
                marks = range(int(total // every) + 1)
                return {min(int(mark * every * room / total), room - 1): _mark(mark * every) for mark in marks}
        size *= 10


def _mark(milliseconds: float) -> str:
    return "0" if not milliseconds else times.duration(milliseconds).replace(".0s", "s")


def scale_heading(ticks: dict[int, str], room: int) -> Line:
    """Return the headings of the columns with the start and the duration, and the scale above the bars."""
    scale = ""
    for cell, name in ticks.items():
        if cell + len(name) <= room:
            scale = scale.ljust(cell) + name
    return ((f"{'at':>9}{'took':>9}  ", "dim"), (scale, "dim"))


def time_bar(start: float, end: float, total: float, room: int, style: str, ticks: dict[int, str]) -> Iterator[Piece]:
    """Yield a bar with the grid of the scale beside it."""
    left = min(int(start * room / total), room - 1)
    eighths = min(round((end * room / total - left) * 8), (room - left) * 8)
    whole, part = divmod(max(1, eighths), 8)
    block = "█" * whole + (_PARTS[part] if part else "")
    yield (_grid(0, left, ticks), "rule")
    yield (block, style)
    yield (_grid(left + len(block), room, ticks), "rule")


def _grid(start: int, stop: int, ticks: dict[int, str]) -> str:
    return "".join("┊" if cell in ticks else " " for cell in range(start, stop))
