"""Headings, and values with a label."""

from candela_tui.text.cells import fitted
from candela_tui.text.wrap import wrapped
from candela_tui.ui.style.styled_text import Line

LABEL = 21
"""Cells for a label, including its margin."""
_WIDEST = 110
"""Cells: longer lines of prose are hard to read."""


def heading(text: str, note: str = "") -> Line:
    """Return a section's heading with an optional note."""
    return ((f" {text}", "heading"), (f"   {note}" if note else "", "dim"))


def labelled(
    name: str, value: str | None, width: int, style: str = "text", *, label: int = LABEL, margin: int = 3
) -> list[Line]:
    """Return a label and its value in as many lines as needed; no lines if the value is None. ``label`` is the label's
    width in cells, with the ``margin`` before it."""
    if value is None:
        return []
    room = max(20, min(width - label - 1, _WIDEST))
    return [
        ((f"{fitted('' if place else ' ' * margin + name, label - 1)} ", "dim"), (part, style))
        for place, part in enumerate(wrapped(value, room))
    ]
