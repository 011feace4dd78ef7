"""Aligned columns of plain text, without colour."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe

_GAP = "  "
_NARROWEST = 6
"""Cells that the flexible column keeps however narrow the terminal is."""


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    flexible: int,
    right: Iterable[int] = (),
    width: int | None = None,
) -> str:
    """Return lines of aligned columns, safe for a terminal.

    The column ``flexible`` is cut until a line fits into ``width`` cells; without a width nothing is cut. The columns
    in ``right`` are aligned to the right.
    """
    lines = [tuple(heads), *(tuple(map(terminal_safe, row)) for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(heads))]
    if width is not None:
        excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
        widths[flexible] = max(min(_NARROWEST, widths[flexible]), widths[flexible] - max(0, excess))
    rightward = frozenset(right)
    return "\n".join(
        _GAP.join(
            fitted(cell, cells, right=column in rightward)
            for column, (cell, cells) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
