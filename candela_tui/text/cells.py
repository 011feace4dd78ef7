"""Text of an exact width in terminal cells."""

from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from candela_tui.text.terminal_safe import terminal_safe


def shortened(text: str, width: int) -> str:
    """Return the text, made safe for a terminal, in at most ``width`` cells: cut with ``…``."""
    text = terminal_safe(text)
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


@lru_cache(4096)
def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Return the text, made safe for a terminal, in exactly ``width`` cells: cut with ``…``, or filled with spaces."""
    text = shortened(text, width)
    filling = " " * (width - cell_len(text))
    return filling + text if right else text + filling
