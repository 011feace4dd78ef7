"""Lines of text as data: pieces with a named ink, drawn by whichever widget has the inks' colours."""

from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from candela_tui.ui.plain import plain

Piece = tuple[str, str]
"""Text and the name of its ink."""
Line = tuple[Piece, ...]

INKS = (
    "text",
    "bright",
    "dim",
    "faint",
    "accent",
    "good",
    "bad",
    "warn",
    "link",
    "thinking",
    "heading",
    "hit",
    "hit-here",
)

Inks = dict[str, Style]

INK_CLASSES = {f"ink--{ink}" for ink in INKS}

INK_CSS = """
    .ink--text { color: $foreground; }
    .ink--bright { color: $ink-bright; text-style: bold; }
    .ink--dim { color: $ink-dim; text-style: $ink-dim-style; }
    .ink--faint { color: $ink-faint; text-style: $ink-dim-style; }
    .ink--accent { color: $ink-accent; }
    .ink--good { color: $ink-good; }
    .ink--bad { color: $ink-bad; }
    .ink--warn { color: $ink-warn; }
    .ink--link { color: $ink-link; }
    .ink--thinking { color: $ink-thinking; text-style: italic; }
    .ink--heading { color: $ink-accent; text-style: bold; }
    .ink--hit { color: $hit-foreground; background: $hit-background; text-style: underline; }
    .ink--hit-here { color: $hit-here-foreground; background: $ink-accent; text-style: $hit-here-style; }
"""
"""Rules to nest in the DEFAULT_CSS of a widget that draws pieces."""


def inks_of(widget: Widget) -> Inks:
    """The inks' colours as the stylesheet gives them to a widget; empty words for the background: they have none."""
    return {ink: widget.get_component_rich_style(f"ink--{ink}", partial=True) for ink in INKS}


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
