"""The first line: where the proxy is, what today cost, what is live, what is wrong."""

from candela_tui.ui import words
from candela_tui.ui.dashboard.session_rows import total_cost
from candela_tui.ui.ink import Line, Piece, cells_of
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.sources import Sources


class Header(OneLine):
    """Composed anew on each change."""

    DEFAULT_CSS = """
    Header {
        dock: top;
        padding: 0 1;
        background: $surface;
    }
    """

    def __init__(self, sources: Sources) -> None:
        super().__init__()
        self._sources = sources

    def compose_line(self, width: int) -> Line:
        """As much as fits, the warnings and what is live first."""
        status, ledger = self._sources.status, self._sources.ledger
        today = ledger.today()
        live = len(ledger.live)
        left: list[Piece] = [
            ("candela", "heading"),
            ("  ● ", "good"),
            (status.address, "bright"),
            (" → ", "dim"),
            (status.route.removeprefix("anthropic-"), "text"),
        ]
        right: list[list[Piece]] = []
        if self._sources.notices:
            right.append([(f"⚠ {len(self._sources.notices)}", "warn")])
        right.append([(f"{live} live", "accent" if live else "dim")])
        right.append([("today ", "dim"), (total_cost(today) if today.requests else "$0", "bright")])
        if today.cache_hit_rate is not None:
            right.append([("hit ", "dim"), (words.percent(today.cache_hit_rate), "text")])
        room = width - cells_of(left)
        shown: list[list[Piece]] = []
        for part in right:
            if cells_of(part) + 3 > room:
                break
            room -= cells_of(part) + 3
            shown.append(part)
        pieces = [*left, (" " * room, "text")]
        for part in reversed(shown):
            pieces += [("   ", "text"), *part]
        return tuple(pieces)
