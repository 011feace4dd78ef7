"""Bars of tokens or cost, stacked by parts, in cells."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from candela_tui.analysis.labels import PART_NAMES, PART_SIGNS
from candela_tui.analysis.timeline import Bucket, Part
from candela_tui.text import amounts
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.style.timeline_signs import PART_STYLES

Amount = Literal["tokens", "cost"]

_EIGHTHS = " ▁▂▃▄▅▆▇█"


class Cell(NamedTuple):
    """One cell: a sign, its style, and the style behind it."""

    sign: str = " "
    style: str = "text"
    behind: str | None = None


def bar_parts(bucket: Bucket, amount: Amount) -> Sequence[float]:
    """Return the height of each part of a bar: tokens by their square roots, cost linearly."""
    if amount == "tokens":
        return [math.sqrt(tokens) for tokens in bucket.tokens]
    return [float(usd) for usd in bucket.usd]


def bars(buckets: Sequence[Bucket], amount: Amount, height: int, *, coloured: bool = True) -> list[list[Cell]]:
    """Return the rows of a chart, from the top; its highest bar fills the height."""
    heights = [bar_parts(bucket, amount) for bucket in buckets]
    highest = max((sum(parts) for parts in heights), default=0.0)
    scale = height * 8 / highest if highest else 0.0
    columns = [_column(parts, scale, height, coloured) for parts in heights]
    return [[column[row] for column in columns] for row in range(height)]


def _column(parts: Sequence[float], scale: float, height: int, coloured: bool) -> list[Cell]:
    """Return the cells of one bar, from the top."""
    # Each amount is visible, if only as an eighth of a cell.
    eighths = [max(1, round(part * scale)) if part > 0 else 0 for part in parts]
    eighths[eighths.index(max(eighths))] -= max(0, sum(eighths) - height * 8)
    cells: list[Cell] = []
    for row in range(height):
        floor, in_cell, bottom = row * 8, [], 0
        for part, size in zip(Part, eighths, strict=True):
            inside = min(bottom + size, floor + 8) - max(bottom, floor)
            if inside > 0:
                in_cell.append((inside, part))
            bottom += size
        cells.append(_cell(in_cell, coloured))
    return cells[::-1]


def _cell(inside: list[tuple[int, Part]], coloured: bool) -> Cell:
    """Return a cell filled by so many eighths of these parts, from the bottom."""
    if not inside:
        return Cell()
    filled = sum(size for size, _ in inside)
    if not coloured:
        _, part = max(inside)
        return Cell(PART_SIGNS[part] if filled > 3 else _EIGHTHS[filled], PART_STYLES[part])
    if len(inside) == 1:
        return Cell(_EIGHTHS[filled], PART_STYLES[inside[0][1]])
    if filled < 8:
        # Two styles and the background do not fit into one cell.
        return Cell(_EIGHTHS[filled], PART_STYLES[max(inside)[1]])
    smallest = min(inside) if len(inside) > 2 else None
    lower, upper = [each for each in inside if each != smallest][:2]
    return Cell(
        _EIGHTHS[min(7, max(1, round(8 * lower[0] / (lower[0] + upper[0]))))],
        PART_STYLES[lower[1]],
        PART_STYLES[upper[1]],
    )


def highest(buckets: Sequence[Bucket], amount: Amount) -> str:
    """Return the amount of the highest bar."""
    top = max(buckets, key=lambda bucket: sum(bar_parts(bucket, amount)))
    return amounts.count(sum(top.tokens)) if amount == "tokens" else amounts.money(sum(top.usd, Decimal(0)))


def legend(buckets: Sequence[Bucket], amount: Amount, *, coloured: bool = True) -> Line:
    """Return which style (or sign) is which part, from the bottom, for the parts in the chart."""
    there = [part for part in Part if any(bar_parts(bucket, amount)[part] for bucket in buckets)]
    pieces: list[Piece] = [("tokens, √ scale", "text") if amount == "tokens" else ("cost", "text")]
    for part in there:
        pieces += [
            ("   ", "text"),
            ("█" if coloured else PART_SIGNS[part], PART_STYLES[part]),
            (f" {PART_NAMES[part]}", "dim"),
        ]
    return tuple(pieces)
