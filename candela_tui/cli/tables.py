"""Records as aligned plain text: no colour, and nothing that a terminal would act on."""

import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from candela_tui.ui.plain import plain
from candela_tui.ui.words import UNKNOWN

_NARROWEST = 6


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def cut(text: str, width: int) -> str:
    """The text in at most so many columns, with … where something was left out."""
    if cells(text) <= width:
        return text
    kept, used = [], 1
    for character in text:
        used += cells(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept) + "…"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, flexible: int, right: Iterable[int] = ()) -> str:
    """Lines of aligned columns, two spaces apart.

    On a terminal the column ``flexible`` gives way until a line fits; elsewhere nothing is cut. The columns in
    ``right`` are aligned to the right.
    """
    lines = [tuple(heads), *(tuple(map(plain, row)) for row in rows)]
    widths = [max(cells(line[column]) for line in lines) for column in range(len(heads))]
    if sys.stdout.isatty():
        excess = sum(widths) + 2 * (len(widths) - 1) - shutil.get_terminal_size().columns
        widths[flexible] = max(min(_NARROWEST, widths[flexible]), widths[flexible] - max(0, excess))
    rightward = frozenset(right)
    return "\n".join(
        "  ".join(
            _aligned(cut(cell, width), width, column in rightward)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _aligned(text: str, width: int, rightward: bool) -> str:
    padding = " " * (width - cells(text))
    return padding + text if rightward else text + padding


def local_time(moment: datetime | None) -> str:
    """The time of day, with the date where it isn't today."""
    if moment is None:
        return UNKNOWN
    local = moment.astimezone()
    today = local.date() == datetime.now(local.tzinfo).date()
    return local.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")
