"""Headings, and facts as a name and a value side by side."""

from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.lines.wrap import wrapped

LABEL = 20
"""Cells that a fact's name has, its margin included."""
_WIDEST = 110
"""Cells beyond which a line of prose is hard to read."""


def heading(text: str, note: str = "") -> Line:
    """The name of a section, and a word on it."""
    return ((f" {text}", "heading"), (f"   {note}" if note else "", "dim"))


def fact(name: str, value: str | None, width: int, ink: str = "text", *, label: int = LABEL) -> list[Line]:
    """One fact in as many lines as it needs; none where there is no value. ``label``: the cells for names."""
    if value is None:
        return []
    room = max(20, min(width - label - 1, _WIDEST))
    return [
        ((f"{fitted('' if place else f'   {name}', label - 1)} ", "dim"), (part, ink))
        for place, part in enumerate(wrapped(value, room))
    ]
