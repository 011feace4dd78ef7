"""The line below the lists: the usage of the selected session, sub-agent or filter."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from candela_tui.exchange import Exchange
from candela_tui.ledger.totals import Totals
from candela_tui.text import amounts
from candela_tui.ui.screens.dashboard.sessions.session_rows import total_cost
from candela_tui.ui.screens.dashboard.throttle import ThrottledWork
from candela_tui.ui.style.styled_text import Line, Piece, cells_of
from candela_tui.ui.time_slices import in_slices
from candela_tui.ui.widgets.one_line import OneLine

_WORDINESS = 5
_WORTH_TELLING = Decimal("0.001")
"""USD."""


def totals_line(totals: Totals, *, subscription: bool, width: int, share: tuple[int, int] | None = None) -> Line:
    """Return the sums in one line, in the longest form that fits; if none fits, whole facts are left out. ``share``:
    the number of these requests, and of all, if they are only some."""
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
"""The facts that a narrow line leaves out, in this order."""


def _joined(parts: Mapping[str, list[Piece]], between: str) -> Line:
    pieces: list[Piece] = []
    for part in parts.values():
        pieces += [(between, "text"), *part] if pieces else part
    return tuple(pieces)


def _totals(totals: Totals, *, subscription: bool, share: tuple[int, int] | None, wordy: int) -> dict[str, list[Piece]]:
    def count(tokens: int) -> str:
        return amounts.count(totals.known(tokens))

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
        hit = amounts.percent(totals.cache_hit_rate)
        parts["read"].append((f" ({hit} hit)" if wordy > 3 else f" {hit}", "dim"))
    if totals.side_cost_usd >= _WORTH_TELLING and wordy > 2:
        of_it = f"{amounts.money(totals.side_cost_usd)}, {totals.side_requests}"
        parts["cost"].append((f" (side requests: {of_it})" if wordy > 3 else f" (side {of_it})", "dim"))
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
    """Return how the cache changed the cost. It mostly saves, but writes that are never read cost extra."""
    if totals.saved_usd > 0:
        return [("saved by cache " if wordy > 3 else "saved ", "dim"), (amounts.money(totals.saved_usd), "good")]
    return [("cache cost ", "dim"), (amounts.money(-totals.saved_usd), "warn"), (" more", "dim")]


def _counted_otherwise(totals: Totals, *, wordy: int) -> list[Piece]:
    """Return the difference between the client's count and the provider's bill. Known only for Claude Code."""
    more = "more" if totals.client_difference > 0 else "less"
    name = "Claude Code counts " if wordy > 3 else "client "
    return [(name, "dim"), (f"{amounts.money(abs(totals.client_difference))} {more}", "warn")]


class TotalsLine(OneLine):
    """A line of known sums, or of the sums over given requests, computed in the background."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._totals = Totals()
        self._subscription = False
        self._share: tuple[int, int] | None = None
        self._some: Callable[[], Iterable[Exchange]] | None = None
        self._throttled = ThrottledWork(self, self._sum)

    def show(self, totals: Totals, *, subscription: bool) -> None:
        """Show these sums."""
        self._some = None
        self._throttled.stop()
        self._totals, self._subscription, self._share = totals, subscription, None
        self.update()

    def show_some(
        self, some: Callable[[], Iterable[Exchange]], *, share: tuple[int, int], subscription: bool, reset: bool
    ) -> None:
        """Sum up some of the requests. ``share``: their number, and that of all. ``reset``: they are other
        requests than before."""
        at_once = reset or self._some is None
        self._some, self._subscription, self._share = some, subscription, share
        self._throttled.schedule(at_once=at_once)

    async def _sum(self) -> None:
        if self._some is not None:
            totals = Totals()
            await in_slices(_adding(totals, self._some()))
            self._totals = totals
            self.update()

    def compose_line(self, width: int) -> Line:
        """Compose the longest form that fits."""
        return totals_line(self._totals, subscription=self._subscription, width=width, share=self._share)


def _adding(totals: Totals, exchanges: Iterable[Exchange]) -> Iterator[None]:
    for exchange in exchanges:
        totals.add(exchange)
        yield
