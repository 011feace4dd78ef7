"""The line below the lists: what the chosen session (or sub-agent, or filter) used."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from candela_tui.analysis.sessions import Totals
from candela_tui.exchange import Exchange
from candela_tui.ui import words
from candela_tui.ui.dashboard.paced import Paced
from candela_tui.ui.dashboard.session_rows import total_cost
from candela_tui.ui.ink import Line, Piece, cells_of
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.lines.slices import in_slices

_WORDINESS = 5
_WORTH_TELLING = Decimal("0.001")
"""USD."""


def totals_line(totals: Totals, *, subscription: bool, width: int, share: tuple[int, int] | None = None) -> Line:
    """The sums in one line, the longest form that fits. ``share``: which part of the requests these are, so many of so
    many, where they are only some of them. Where even the shortest form has no room, whole facts are left out."""
    for wordy in range(_WORDINESS, -1, -1):
        parts = _totals(totals, subscription=subscription, share=share, wordy=wordy)
        form = _joined(parts, "   " if wordy > 3 else "  ")
        if cells_of(form) <= width:
            return form
    for name in _LEFT_OUT:
        parts.pop(name, None)
        form = _joined(parts, "  ")
        if cells_of(form) <= width:
            return form
    return ()


_LEFT_OUT = ("write", "input", "share", "read", "output", "cost")
"""What a line without room leaves out, the first before the others."""


def _joined(parts: Mapping[str, list[Piece]], between: str) -> Line:
    pieces: list[Piece] = []
    for part in parts.values():
        pieces += [(between, "text"), *part] if pieces else part
    return tuple(pieces)


def _totals(totals: Totals, *, subscription: bool, share: tuple[int, int] | None, wordy: int) -> dict[str, list[Piece]]:
    def count(tokens: int) -> str:
        return words.count(tokens if totals.counted else None)

    written = zip((totals.cache_write_5m_tokens, totals.cache_write_1h_tokens), ("5m", "1h"), strict=True)
    if wordy > 1:
        split = " + ".join(f"{count(tokens)} {life}" for tokens, life in written if tokens) or count(0)
    else:
        split = count(sum(tokens for tokens, _ in written))
    cache = "cache " if wordy > 3 else ""
    parts: dict[str, list[Piece]] = {}
    if share is not None:
        some, every = share
        parts["share"] = [(f"{some:,} of {every:,}" + (" requests" if wordy > 2 else ""), "accent")]
    parts |= {
        "input": [("input " if wordy > 1 else "in ", "dim"), (count(totals.input_tokens), "text")],
        "read": [(f"{cache}read ", "dim"), (count(totals.cache_read_tokens), "text")],
        "write": [(f"{cache}write ", "dim"), (split, "text")],
        "output": [("output " if wordy > 1 else "out ", "dim"), (count(totals.output_tokens), "text")],
        "cost": [("API-equivalent " if subscription else "cost ", "dim"), (total_cost(totals), "bright")],
    }
    if totals.cache_hit_rate is not None:
        hit = words.percent(totals.cache_hit_rate)
        parts["read"].append((f" ({hit} hit)" if wordy > 3 else f" {hit}", "dim"))
    if totals.side_cost_usd >= _WORTH_TELLING and wordy > 2:
        of_it = f"{words.money(totals.side_cost_usd)}, {totals.side_requests}"
        parts["cost"].append((f" (of it side requests: {of_it})" if wordy > 3 else f" (side {of_it})", "dim"))
    missing = [
        *([f"{totals.unpriced} without a price"] if totals.unpriced else []),
        *([f"{totals.unread} unread"] if totals.unread else []),
    ]
    if missing and wordy > 4:
        parts["cost"].append((f" ({', '.join(missing)})", "warn"))
    if abs(totals.client_difference) >= _WORTH_TELLING and wordy > 2:
        parts["client"] = _counted_otherwise(totals, wordy=wordy)
    if abs(totals.saved_usd) >= _WORTH_TELLING and wordy not in (0, 2):
        parts["saved"] = _saved(totals, wordy=wordy)
    return parts


def _saved(totals: Totals, *, wordy: int) -> list[Piece]:
    """What the cache made of the cost: mostly less, but what is written and never read costs more."""
    if totals.saved_usd > 0:
        return [("saved by cache " if wordy > 3 else "saved ", "dim"), (words.money(totals.saved_usd), "good")]
    return [("cache cost ", "dim"), (words.money(-totals.saved_usd), "warn"), (" more", "dim")]


def _counted_otherwise(totals: Totals, *, wordy: int) -> list[Piece]:
    """What the client counts otherwise than the provider bills: of the clients, only of Claude Code is that known."""
    more = "more" if totals.client_difference > 0 else "less"
    name = "Claude Code counts " if wordy > 3 else "client "
    return [(name, "dim"), (f"{words.money(abs(totals.client_difference))} {more}", "warn")]


class TotalsLine(OneLine):
    """Shows sums that are known, or sums up what it is given, in the background."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._totals = Totals()
        self._subscription = False
        self._share: tuple[int, int] | None = None
        self._some: Callable[[], Iterable[Exchange]] | None = None
        self._paced = Paced(self, self._sum)

    def show(self, totals: Totals, *, subscription: bool) -> None:
        """Show these sums."""
        self._some = None
        self._paced.stop()
        self._totals, self._subscription, self._share = totals, subscription, None
        self.update()

    def show_some(
        self, some: Callable[[], Iterable[Exchange]], *, share: tuple[int, int], subscription: bool, anew: bool
    ) -> None:
        """Sum up some of the requests, so many of so many; ``anew``: they are others than before, not only changed."""
        at_once = anew or self._some is None
        self._some, self._subscription, self._share = some, subscription, share
        self._paced.want(at_once=at_once)

    async def _sum(self) -> None:
        if self._some is not None:
            totals = Totals()
            await in_slices(_adding(totals, self._some()))
            self._totals = totals
            self.update()

    def compose_line(self, width: int) -> Line:
        """The longest form that fits."""
        return totals_line(self._totals, subscription=self._subscription, width=width, share=self._share)


def _adding(totals: Totals, exchanges: Iterable[Exchange]) -> Iterator[None]:
    for exchange in exchanges:
        totals.add(exchange)
        yield
