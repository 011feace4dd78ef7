"""The usage of a session or of all sessions: in total, by day and by model."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from textual import on
from textual.app import ComposeResult

from candela_tui.analysis import labels
from candela_tui.analysis.reconciliation import DifferenceKind, counted_request
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ledger.ledger import Ledger, most_expensive_first
from candela_tui.ledger.totals import Totals, sum_of
from candela_tui.protocol.user_agent import is_claude_code
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.text.times import Clock
from candela_tui.ui.screens.dashboard.sessions.session_rows import total_cost
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.time_slices import in_slices
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_MOST_DAYS = 31
_MOST_MODELS = 20
_NUMBERS = (("REQ", 7), ("IN", 7), ("READ", 7), ("WRITE", 7), ("OUT", 7), ("HIT", 6), ("COST", 11))
_LEAST_LABEL = 12
_OTHERWISE = {
    DifferenceKind.MODEL: "another model answered than the requested one",
    DifferenceKind.REFUSED: "refused before any output: not billed",
    DifferenceKind.ITERATIONS: "more than the last attempt is billed",
    DifferenceKind.CACHE_WRITES: "other price of cache writes",
    DifferenceKind.WEB_SEARCHES: "other price of web searches",
    DifferenceKind.PRICE: "other price of tokens",
    DifferenceKind.UNPRICED: "no price is known here",
    DifferenceKind.CUT: "broke off: counted in part or not at all",
}


class UsageDialog(Dialog[None]):
    """Sum up the requests known when the dialog opens."""

    BOX_CLASSES = "-tall -wide"

    def __init__(self, title: str, exchanges: Callable[[], Iterable[Exchange]], clock: Clock) -> None:
        super().__init__(f"Usage · {title}", "esc close")
        self._exchanges = exchanges
        self._clock = clock
        self._ledger: Ledger | None = None
        self._otherwise: dict[DifferenceKind, CountedOtherwise] = {}
        self._subscription = False
        self._view = TextView()

    def contents(self) -> ComposeResult:
        """Lay out the table."""
        yield self._view

    def on_mount(self) -> None:
        """Sum up the requests."""
        self._view.focus()
        work: Callable[[], Awaitable[None]] = self._sum
        self.run_worker(work)

    async def _sum(self) -> None:
        exchanges = list(self._exchanges())
        ledger = Ledger()
        await in_slices(ledger.adding(exchanges))
        await in_slices(counting_otherwise(exchanges, self._otherwise))
        self._subscription = any(exchange.subscription for exchange in exchanges[-1:])
        self._ledger = ledger
        self._show()

    @on(TextView.Resized)
    def _show(self) -> None:
        ledger, width = self._ledger, self._view.text_width
        if ledger is not None and width:
            lines = usage_lines(ledger, self._otherwise, self._clock, width, subscription=self._subscription)
            self._view.show_lines(WrittenLines(lines))


@dataclass(slots=True)
class CountedOtherwise:
    """Some requests that the client counts otherwise."""

    requests: int = 0
    usd: Decimal = Decimal(0)
    """What the client counts more; negative: less."""


def counting_otherwise(exchanges: Iterable[Exchange], found: dict[DifferenceKind, CountedOtherwise]) -> Iterator[None]:
    """Add up what the client counts otherwise than it is billed, by kind, one exchange per step."""
    for exchange in exchanges:
        broke_off = not exchange.live and exchange.outcome is not Outcome.OK and is_claude_code(exchange.client)
        if exchange.client_cost is not None or broke_off:
            for item in counted_request(exchange, in_transcript=True, stated_later=True).items:
                sums = found.setdefault(item.kind, CountedOtherwise())
                sums.requests += 1
                sums.usd += item.usd
        yield


def usage_lines(
    ledger: Ledger,
    otherwise: Mapping[DifferenceKind, CountedOtherwise],
    clock: Clock,
    width: int,
    *,
    subscription: bool,
) -> Iterator[Line]:
    """Yield the sums in total, by model and by day, the latest day first, and what the client counts otherwise."""
    numbers = _numbers_for(width)
    label = width - sum(cells for _, cells in numbers)
    names = "".join(f"{name:>{cells}}" for name, cells in numbers)
    yield ((fitted("", label), "dim"), (names, "dim"))
    yield _line("Total", ledger.totals, numbers, label, "bright")
    yield ()
    yield (("By model", "heading"),)
    models = most_expensive_first(ledger.by_model())
    yield from _lines(
        [(labels.model(name) if name else "no model", sums) for name, sums in models], _MOST_MODELS, numbers, label
    )
    yield ()
    yield (("By day", "heading"),)
    days = sorted(ledger.by_day(clock.local).items(), reverse=True)
    yield from _lines([(_day(day, clock), sums) for day, sums in days], _MOST_DAYS, numbers, label)
    if otherwise:
        yield ()
        yield (("Claude Code counts otherwise", "heading"),)
        for kind, sums in sorted(otherwise.items(), key=lambda each: -abs(each[1].usd)):
            said = f"{amounts.requests(sums.requests):>16}"
            usd = f"{amounts.signed_money(sums.usd, plus=True):>11}"
            name = fitted(_OTHERWISE[kind], max(_LEAST_LABEL, width - len(said) - len(usd)))
            yield ((name, "text"), (said, "dim"), (usd, "text"))
    if subscription:
        yield ()
        yield (
            ("API-equivalent cost: what the API would charge. The subscription already covers these requests.", "dim"),
        )


def _lines(
    sums: Sequence[tuple[str, Totals]], most: int, numbers: Sequence[tuple[str, int]], label: int
) -> Iterator[Line]:
    for name, totals in sums[:most]:
        yield _line(name, totals, numbers, label, "text")
    if len(sums) > most:
        yield _line(f"{len(sums) - most} more", sum_of(totals for _, totals in sums[most:]), numbers, label, "dim")


def _line(name: str, totals: Totals, numbers: Sequence[tuple[str, int]], label: int, style: str) -> Line:
    cells = dict(zip((name for name, _ in _NUMBERS), _figures(totals), strict=True))
    said = "".join(f"{cells[number]:>{width}}" for number, width in numbers if number != "COST")
    return ((fitted(name, label), style), (said, "dim"), (f"{cells['COST']:>{dict(_NUMBERS)['COST']}}", style))


def _figures(totals: Totals) -> Iterator[str]:
    def count(tokens: int) -> str:
        return amounts.count(totals.known(tokens))

    yield amounts.count(totals.requests)
    yield count(totals.input_tokens)
    yield count(totals.cache_read_tokens)
    yield count(totals.cache_write_tokens)
    yield count(totals.output_tokens)
    yield amounts.percent(totals.cache_hit_rate)
    yield total_cost(totals)


def _numbers_for(width: int) -> Sequence[tuple[str, int]]:
    """Return the columns that leave room for a name; the requests and the cost are dropped last."""
    numbers = list(_NUMBERS)
    for name in ("HIT", "IN", "WRITE", "READ", "OUT", "REQ"):
        if sum(cells for _, cells in numbers) + _LEAST_LABEL <= width:
            break
        numbers = [number for number in numbers if number[0] != name]
    return numbers


def _day(day: date, clock: Clock) -> str:
    today = clock.local(clock.now()).date()
    age = (today - day).days
    return {0: "today", 1: "yesterday"}.get(age, f"{day:%a %b} {day.day}" if age < 180 else f"{day:%Y-%m-%d}")
