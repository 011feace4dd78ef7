"""Textual's command palette, closing as candela's own screens do."""

from textual.command import CommandPalette

from candela_tui.ui.closable import Closable


class Palette(CommandPalette, Closable[None]):
    """The command palette."""
