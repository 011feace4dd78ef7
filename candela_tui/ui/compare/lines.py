"""The rows of a comparison as lines of a width."""

from collections.abc import Iterable, Iterator

from candela_tui.analysis.compare import Sign
from candela_tui.ui.compare.rows import Row, RowKind
from candela_tui.ui.lines.wrap import wrapped
from candela_tui.ui.lines.written import WrittenLines

_SIGNS = {Sign.SAME: " ", Sign.ADDED: "+", Sign.REMOVED: "−", Sign.CHANGED: "~"}
_INKS = {Sign.SAME: "dim", Sign.ADDED: "good", Sign.REMOVED: "bad", Sign.CHANGED: "warn"}


def write(rows: Iterable[Row], width: int, lines: WrittenLines, stops: list[int]) -> Iterator[None]:
    """Write the rows; add to ``stops`` where each changed item begins."""
    for row in rows:
        sign, ink = _SIGNS[row.sign], _INKS[row.sign]
        if row.kind is RowKind.PART:
            lines.add()
            rule = "─" * max(0, width - len(row.text) - 4)
            lines.add((f" {row.text} ", "heading"), (rule, "faint"))
        elif row.kind is RowKind.ENTRY:
            stops.append(len(lines))
            lines.add((f" {sign} ", ink), (row.text, "bright"))
        elif row.kind is RowKind.BLOCK:
            lines.add((f"   {sign} ", ink), (row.text, "accent"))
        elif row.kind is RowKind.LINE:
            for part in wrapped(row.text, width - 8):
                lines.add((f"     {sign} ", ink), (part, ink))
        else:
            lines.add((f"     {row.text}", "warn" if row.kind is RowKind.NOTE else "faint"))
        yield
