"""The line below the header: what the user should know all the time."""

from candela_tui.ui.ink import Line, shortened
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.sources import Sources


class NoteLine(OneLine):
    """Why nothing new comes, or else whose traffic this is; takes no room where there is nothing to say."""

    def __init__(self, sources: Sources) -> None:
        super().__init__(id="note")
        self._sources = sources
        self.show()

    def show(self, *, quiet: bool = False) -> None:
        """Say what holds now; ``quiet``: only if it is trouble."""
        feed = self._sources.feed
        self.display = bool(feed.trouble or (not quiet and (feed.note or self._sources.status.note)))
        self.update()

    def compose_line(self, width: int) -> Line:
        """The trouble comes first."""
        feed = self._sources.feed
        if feed.trouble:
            return ((shortened(f"⚠ {feed.trouble}", width), "warn"),)
        return ((shortened(feed.note or self._sources.status.note or "", width), "dim"),)
