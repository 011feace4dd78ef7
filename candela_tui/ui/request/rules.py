"""What stands between the blocks of a page, or in their place."""

from candela_tui.ui.ink import Line
from candela_tui.ui.lines.content import FixedContent
from candela_tui.ui.lines.folds import Fold


def rule(name: str, note: str, ink: str, width: int) -> Fold:
    """A line across, with a name at its beginning and a note at its end."""
    name = name[:40]
    line: Line = (
        ("── ", "rule"),
        (name, ink),
        (" " + "─" * max(3, width - len(name) - len(note) - 7) + " ", "rule"),
        (note, "dim"),
    )
    return Fold("", FixedContent(line), name, indent=0, gap=0, stops=False)


def remark(text: str) -> Fold:
    """What there is to say instead of blocks."""
    return Fold("", FixedContent((), ((text, "dim"),)), indent=1, gap=0, stops=False)
