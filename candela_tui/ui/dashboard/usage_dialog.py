"""What the requests of a session, or of all, used: in total, by day and by model."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import date

from textual import on
from textual.app import ComposeResult

from candela_tui.analysis.breakdown import Breakdown, dearest
from candela_tui.analysis.sessions import Totals, sum_of
from candela_tui.exchange import Exchange
from candela_tui.ui import words
from candela_tui.ui.clock import Clock
from candela_tui.ui.dashboard.session_rows import total_cost
from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.lines.slices import in_slices
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines

_MOST_DAYS = 31
_MOST_MODELS = 20
_NUMBERS = (("REQ", 7), ("IN", 7), ("READ", 7), ("WRITE", 7), ("OUT", 7), ("HIT", 6), ("COST", 11))
_LEAST_LABEL = 12


class UsageDialog(Dialog[None]):
    """Sums up the requests that there are when it opens."""

    BOX_CLASSES = "-tall -wide"

    def __init__(self, title: str, exchanges: Callable[[], Iterable[Exchange]], clock: Clock) -> None:
        super().__init__(f"Usage · {title}", "esc close")
        self._exchanges = exchanges
        self._clock = clock
        self._breakdown: Breakdown | None = None
        self._subscription = False
        self._view = TextView()

    def contents(self) -> ComposeResult:
        """A table."""
        yield self._view

    def on_mount(self) -> None:
        """Sum up."""
        self._view.focus()
        work: Callable[[], Awaitable[None]] = self._sum
        self.run_worker(work)

    async def _sum(self) -> None:
        exchanges = list(self._exchanges())
        breakdown = Breakdown(self._clock.local)
        await in_slices(breakdown.adding(exchanges))
        self._subscription = any(exchange.subscription for exchange in exchanges[-1:])
        self._breakdown = breakdown
        self._show()

    @on(TextView.Resized)
    def _show(self) -> None:
        breakdown, width = self._breakdown, self._view.text_width
        if breakdown is not None and width:
            lines = usage_lines(breakdown, self._clock, width, subscription=self._subscription)
            self._view.show_lines(WrittenLines(lines))


def usage_lines(breakdown: Breakdown, clock: Clock, width: int, *, subscription: bool) -> Iterator[Line]:
    """Yield the sums in total, by model and by day, the latest day first."""
    numbers = _numbers_for(width)
    label = width - sum(cells for _, cells in numbers)
    names = "".join(f"{name:>{cells}}" for name, cells in numbers)
    yield ((fitted("", label), "dim"), (names, "dim"))
    yield _line("Total", breakdown.totals, numbers, label, "bright")
    yield ()
    yield (("By model", "heading"),)
    models = dearest(breakdown.by_model)
    yield from _lines(
        [(words.model(name) if name else "no model", sums) for name, sums in models], _MOST_MODELS, numbers, label
    )
    yield ()
    yield (("By day", "heading"),)
    days = sorted(breakdown.by_day.items(), reverse=True)
    yield from _lines([(_day(day, clock), sums) for day, sums in days], _MOST_DAYS, numbers, label)
    if subscription:
        yield ()
        yield (("Costs are what the API would charge; the requests are part of a subscription.", "dim"),)


def _lines(
    sums: Sequence[tuple[str, Totals]], most: int, numbers: Sequence[tuple[str, int]], label: int
) -> Iterator[Line]:
    for name, totals in sums[:most]:
        yield _line(name, totals, numbers, label, "text")
    if len(sums) > most:
        yield _line(f"{len(sums) - most} more", sum_of(totals for _, totals in sums[most:]), numbers, label, "dim")


def _line(name: str, totals: Totals, numbers: Sequence[tuple[str, int]], label: int, ink: str) -> Line:
    cells = dict(zip((name for name, _ in _NUMBERS), _figures(totals), strict=True))
    said = "".join(f"{cells[number]:>{width}}" for number, width in numbers if number != "COST")
    return ((fitted(name, label), ink), (said, "dim"), (f"{cells['COST']:>{dict(_NUMBERS)['COST']}}", ink))


def _figures(totals: Totals) -> Iterator[str]:
    def count(tokens: int) -> str:
        return words.count(tokens if totals.counted else None)

    yield words.count(totals.requests)
    yield count(totals.input_tokens)
    yield count(totals.cache_read_tokens)
    yield count(totals.cache_write_5m_tokens + totals.cache_write_1h_tokens)
    yield count(totals.output_tokens)
    yield words.percent(totals.cache_hit_rate)
    yield total_cost(totals)


def _numbers_for(width: int) -> Sequence[tuple[str, int]]:
    """Return the columns that leave room for a name; the requests and the cost go last."""
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
