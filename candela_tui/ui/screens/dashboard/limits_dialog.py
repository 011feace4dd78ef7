"""How the windows of the subscription fill, and who fills them."""

from collections.abc import Awaitable, Callable, Iterator

from textual import on
from textual.app import ComposeResult

from candela_tui.analysis.labels import limit_window
from candela_tui.analysis.limit_history import WindowPeriod, pace_of
from candela_tui.reports.limits.plot import plot_lines
from candela_tui.reports.limits.reading import LimitsReport, read_limits
from candela_tui.reports.limits.table import HEADS, NOTE, PLOT_HEIGHT, ShareRow, ended_words, share_rows, summary
from candela_tui.store.errors import StoreError
from candela_tui.store.once_current import once_current
from candela_tui.text.cells import fitted
from candela_tui.text.wrap import broken
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style.gauges import limit_style
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_AGENT, _NUMBERS = 12, (9, 9, 8, 7)
_LEAST_SESSION = 16
_NONE = (
    "No answer of the last day states a window of a subscription. The limits of API keys are those of a minute: the "
    "overview of a request has them."
)
_OUTDATED = "Waiting until the records are brought up to date: an older candela wrote them …"


class LimitsDialog(Dialog[None]):
    """Show the windows as they are when the dialog opens. They are read from the store in a thread."""

    BOX_CLASSES = "-tall -wide"

    def __init__(self, sources: DataSources) -> None:
        super().__init__("Limits", "esc close")
        self._sources = sources
        self._report: LimitsReport | None = None
        self._trouble = ""
        self._waiting = False
        self._view = TextView()

    def contents(self) -> ComposeResult:
        """Lay out the text."""
        yield self._view

    def on_mount(self) -> None:
        """Read the windows."""
        self._view.focus()
        work: Callable[[], Awaitable[None]] = self._read
        self.run_worker(work)

    async def _read(self) -> None:
        try:
            self._report = await once_current(
                lambda: read_limits(self._sources.history, self._sources.clock), self._wait
            )
        except StoreError as error:
            self._trouble = str(error)
        self._show()

    def _wait(self) -> None:
        self._waiting = True
        self._show()

    @on(TextView.Resized)
    def _show(self) -> None:
        width = self._view.text_width
        if not width:
            return
        if self._trouble:
            lines = _wrapped(self._trouble, width, "bad")
        elif self._report is None:
            lines = _wrapped(_OUTDATED if self._waiting else "Reading …", width, "dim")
        elif not self._report.periods:
            lines = _wrapped(_NONE, width, "dim")
        else:
            lines = list(limit_lines(self._report, width))
        self._view.show_lines(WrittenLines(lines))


def limit_lines(report: LimitsReport, width: int) -> Iterator[Line]:
    """Yield the windows: first those that have not ended, each with a plot and its shares."""
    for period in report.current():
        yield from _window_lines(report, period, width)
        yield ()
    ended = report.ended()
    if ended:
        yield (("Ended", "heading"),)
        names = max(len(limit_window(period.name)) for period in ended)
        for period in ended:
            name = fitted(limit_window(period.name), names)
            yield ((f"{name}  ", "text"), (ended_words(report, period), "dim"))
        yield ()
    yield from _wrapped(NOTE, width, "dim")


def _window_lines(report: LimitsReport, period: WindowPeriod, width: int) -> Iterator[Line]:
    pace = pace_of(period, report.now)
    yield ((limit_window(period.name), "heading"),)
    yield from _wrapped(summary(report, period, pace), width, limit_style(period.utilization))
    for line in plot_lines(report, period, pace, width, PLOT_HEIGHT):
        yield ((line.label, "dim"), (line.used, "accent"), (line.ahead, "dim"))
    agent = _AGENT if width >= sum(_NUMBERS) + _AGENT + _LEAST_SESSION else 0
    yield _row(ShareRow(*HEADS), width, agent, "dim")
    for row in share_rows(report, period):
        yield _row(row, width, agent, "text" if row.requests else "dim")


def _row(row: ShareRow, width: int, agent: int, style: str) -> Line:
    """Return a row. Where there is no room for its agent, the agent stands behind the session."""
    session = row.session if agent or not row.agent else f"{row.agent} · {row.session}"
    numbers = (row.requests, row.cost, row.rise, row.share)
    said = "".join(f"{number:>{cells}}" for number, cells in zip(numbers, _NUMBERS, strict=True))
    named = fitted(session, max(0, width - agent - len(said) - 1))
    return ((f"{named} ", style), (fitted(row.agent, agent), "dim"), (said, style))


def _wrapped(text: str, width: int, style: str) -> list[Line]:
    return [((text[start:stop], style),) for start, stop in broken(text, width)]
