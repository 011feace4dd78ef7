"""Aligned columns of plain text, without colour."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from rich.cells import cell_len

from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe

_GAP = "  "
_MEASURED = 500
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
    """Return lines of aligned columns, as ``table_lines`` does."""
    return "\n".join(table_lines(heads, rows, flexible=flexible, right=right, width=width, measured=None))


def table_lines(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    flexible: int,
    right: Iterable[int] = (),
    width: int | None = None,
    measured: int | None = _MEASURED,
) -> Iterator[str]:
    """Yield lines of aligned columns, safe for a terminal.

    The column ``flexible`` is cut until a line fits into ``width`` cells; without a width nothing is cut. The columns
    in ``right`` are aligned to the right. The first ``measured`` rows give the columns their widths, so that a long
    table is never held as a whole; a later cell that is wider makes its column wider from there on.
    """
    safe = (tuple(map(terminal_safe, row)) for row in rows)
    first = [tuple(heads), *islice(safe, measured)]
    widths = [max(cell_len(line[column]) for line in first) for column in range(len(heads))]
    if width is not None:
        excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
        widths[flexible] = max(min(_NARROWEST, widths[flexible]), widths[flexible] - max(0, excess))
    cut = None if width is None else flexible
    rightward = frozenset(right)
    for line in chain(first, safe):
        for column, cell in enumerate(line):
            if column != cut:
                widths[column] = max(widths[column], cell_len(cell))
        columns = enumerate(zip(line, widths, strict=True))
        yield _GAP.join(fitted(cell, cells, right=column in rightward) for column, (cell, cells) in columns).rstrip()
