"""Lines of text as data: pieces with a named style, drawn by the widget that has the styles' colours."""

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

from candela_tui.text.terminal_safe import terminal_safe

Piece = tuple[str, str]
"""A text, and the name of its style."""
Line = tuple[Piece, ...]

TextStyles = dict[str, Style]


class _Look(NamedTuple):
    """The names of the theme's variables for a style. A word without ``$`` in ``attributes`` is a literal attribute."""

    color: str
    background: str = ""
    attributes: str = ""


_LOOKS = {
    "text": _Look("fg-text"),
    "bright": _Look("fg-bright", attributes="bold"),
    "dim": _Look("fg-dim", attributes="$fg-dim-style"),
    "faint": _Look("fg-faint", attributes="$fg-dim-style"),
    "rule": _Look("fg-rule", attributes="$fg-dim-style"),
    "accent": _Look("fg-accent"),
    "good": _Look("fg-good"),
    "bad": _Look("fg-bad"),
    "warn": _Look("fg-warn"),
    "link": _Look("fg-link"),
    "thinking": _Look("fg-thinking", attributes="italic"),
    "heading": _Look("fg-accent", attributes="bold"),
    "hit": _Look("hit-foreground", "hit-background", "underline"),
    "hit-here": _Look("hit-here-foreground", "fg-accent", "$hit-here-style"),
}
TEXT_STYLES = tuple(_LOOKS)


def text_styles_of(widget: Widget) -> TextStyles:
    """Return the styles in the colours of the current theme, without background. Until the theme changes, it is the
    same object.

    The colours come from the theme's variables. Component classes would run the stylesheet for each style and widget
    whenever the focus moves, which took half of the time in which the dashboard opens.
    """
    variables = widget.app.theme_variables
    return _text_styles(tuple((name, *_values(look, variables)) for name, look in _LOOKS.items()))


def _values(look: _Look, variables: Mapping[str, str]) -> tuple[str, str, str]:
    attributes = look.attributes
    return (
        variables[look.color],
        variables[look.background] if look.background else "",
        variables[attributes[1:]] if attributes.startswith("$") else attributes,
    )


@lru_cache(64)
def _text_styles(looks: tuple[tuple[str, str, str, str], ...]) -> TextStyles:
    return {
        name: Style(color=_color(color), bgcolor=_color(background)) + Style.parse(attributes)
        for name, color, background, attributes in looks
    }


def _color(value: str) -> RichColor | None:
    return Color.parse(value).rich_color if value else None


def strip_of(pieces: Iterable[Piece], width: int, text_styles: TextStyles, base: Style) -> Strip:
    """Draw pieces on a base style, cut or padded to a width in cells. This makes untrusted text safe for the
    terminal."""
    segments: list[Segment] = []
    room = width
    for text, style in pieces:
        text = terminal_safe(text)
        cells = cell_len(text)
        if cells > room:
            text, cells = set_cell_size(text, room), room
        if text:
            segments.append(Segment(text, base + text_styles[style]))
        room -= cells
        if room <= 0:
            break
    if room > 0:
        segments.append(Segment(" " * room, base))
    return Strip(segments, width)


def cells_of(pieces: Iterable[Piece]) -> int:
    """Return how many cells the pieces take on a terminal."""
    return sum(cell_len(terminal_safe(text)) for text, _ in pieces)
