"""Lines of text as data: pieces with a named ink, drawn by whichever widget has the inks' colours."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from candela_tui.ui.plain import plain

Piece = tuple[str, str]
"""Text and the name of its ink."""
Line = tuple[Piece, ...]

Inks = dict[str, Style]


class _Look(NamedTuple):
    """Names of the theme's variables; a word without ``$`` in ``attributes`` is itself."""

    color: str
    background: str = ""
    attributes: str = ""


_LOOKS = {
    "text": _Look("ink-text"),
    "bright": _Look("ink-bright", attributes="bold"),
    "dim": _Look("ink-dim", attributes="$ink-dim-style"),
    "faint": _Look("ink-faint", attributes="$ink-dim-style"),
    "rule": _Look("ink-rule", attributes="$ink-dim-style"),
    "accent": _Look("ink-accent"),
    "good": _Look("ink-good"),
    "bad": _Look("ink-bad"),
    "warn": _Look("ink-warn"),
    "link": _Look("ink-link"),
    "thinking": _Look("ink-thinking", attributes="italic"),
    "heading": _Look("ink-accent", attributes="bold"),
    "hit": _Look("hit-foreground", "hit-background", "underline"),
    "hit-here": _Look("hit-here-foreground", "ink-accent", "$hit-here-style"),
}
INKS = tuple(_LOOKS)


def inks_of(widget: Widget) -> Inks:
    """The inks' colours in the theme that is worn, the same object until another is; without background: none.

    From the theme's variables, as component classes would cost a stylesheet's run for each ink and widget whenever
    the focus moves: half of the time in which the dashboard opens.
    """
    variables = widget.app.theme_variables
    return _inks(tuple((name, *_values(look, variables)) for name, look in _LOOKS.items()))


def _values(look: _Look, variables: Mapping[str, str]) -> tuple[str, str, str]:
    attributes = look.attributes
    return (
        variables[look.color],
        variables[look.background] if look.background else "",
        variables[attributes[1:]] if attributes.startswith("$") else attributes,
    )


@lru_cache(64)
def _inks(looks: tuple[tuple[str, str, str, str], ...]) -> Inks:
    return {
        name: Style(color=_color(color), bgcolor=_color(background)) + Style.parse(attributes)
        for name, color, background, attributes in looks
    }


def _color(value: str) -> RichColor | None:
    return Color.parse(value).rich_color if value else None


def strip_of(pieces: Iterable[Piece], width: int, inks: Inks, base: Style) -> Strip:
    """Draw pieces on a base, cut or filled to a width in cells. This is where untrusted text becomes plain."""
    segments: list[Segment] = []
    room = width
    for text, ink in pieces:
        text = plain(text)
        cells = cell_len(text)
        if cells > room:
            text, cells = set_cell_size(text, room), room
        if text:
            segments.append(Segment(text, base + inks[ink]))
        room -= cells
        if room <= 0:
            break
    if room > 0:
        segments.append(Segment(" " * room, base))
    return Strip(segments, width)


def shortened(text: str, width: int) -> str:
    """Plain text in at most that many cells: cut with ``…``."""
    text = plain(text)
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


@lru_cache(4096)
def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Plain text in exactly that many cells: cut with ``…``, or filled on the right (or left)."""
    text = shortened(text, width)
    filling = " " * (width - cell_len(text))
    return filling + text if right else text + filling


def cells_of(pieces: Iterable[Piece]) -> int:
    """How wide pieces are on a terminal."""
    return sum(cell_len(plain(text)) for text, _ in pieces)
