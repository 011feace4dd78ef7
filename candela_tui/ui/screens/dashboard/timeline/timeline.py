"""The timeline of the selected session: bars of tokens or cost, or a lane for each agent."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from candela_tui.analysis.timeline import Drafting
from candela_tui.exchange import Exchange
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dashboard.pane import BackgroundFrame
from candela_tui.ui.screens.dashboard.throttle import ThrottledWork
from candela_tui.ui.screens.dashboard.timeline.timeline_chart import SHOWS, Chart
from candela_tui.ui.screens.dashboard.timeline.timeline_drawing import axis, lanes_legend
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style.spinner import TICKS_A_SECOND
from candela_tui.ui.style.stacked_bars import legend
from candela_tui.ui.style.styled_text import Line, cells_of
from candela_tui.ui.time_slices import in_slices
from candela_tui.ui.widgets.one_line import OneLine


@dataclass(frozen=True, slots=True)
class TimelineSource:
    """The requests that a timeline shows."""

    exchanges: Callable[[], Iterable[Exchange]]
    """Return the requests, the earliest first."""
    names: Callable[[], Mapping[str, str]]
    """Return the names of the sub-agents by id."""


class TimelinePane(BackgroundFrame):
    """The timeline pane. Computes the timeline at most once a second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("timeline.earlier", "left", "step(-1)", "Earlier", "Go to earlier requests"),
        bind("timeline.later", "right", "step(1)", "Later", "Go to later requests"),
        bind("timeline.lane_above", "up,k", "lane(-1)", "Agent above", "Go to the agent above"),
        bind("timeline.lane_below", "down,j", "lane(1)", "Agent below", "Go to the agent below"),
        bind("timeline.open", "enter", "open", "Open", "Open the request", shown_as="⏎", footer=True),
    ]

    @dataclass
    class TimeSelected(Message):
        """Posted to move the cursor to a request."""

        exchange_id: str

    class Opened(Message):
        """Posted to open the request with the cursor."""

    def __init__(self, sources: DataSources) -> None:
        self._chart = Chart(sources)
        super().__init__("Timeline", self._chart, id="timeline")
        self._sources = sources
        self._legend = OneLine(id="timeline-legend")
        self._inks_said: Line = ()
        """The part of the legend that explains the styles."""
        self._axis = OneLine(id="timeline-axis")
        self._throttled = ThrottledWork(self, self._draft)
        self._of: TimelineSource | None = None

    def compose(self) -> ComposeResult:
        """Lay out the legend, the chart and the axis."""
        yield self._legend
        yield self._chart
        yield self._axis

    def begin_work(self) -> None:
        """Start computing the timeline."""
        self._throttled.schedule()

    def stop_work(self) -> None:
        """Stop computing the timeline."""
        self._throttled.stop()

    def show(self, of: TimelineSource) -> None:
        """Show another timeline."""
        self._of = of
        if self._active:
            self._throttled.schedule(at_once=True)

    def mark(self, exchange_id: str | None) -> None:
        """Mark the position of a request."""
        if exchange_id != self._chart.exchange_id:
            self._chart.exchange_id = exchange_id
            if self._active:
                self._label()
                self._chart.draw_again()

    def changed(self) -> None:
        """Update the timeline: some of its requests changed."""
        if self._active:
            self._throttled.schedule()

    def take_tick(self, tick: int) -> None:
        """Animate what is live."""
        if self._active and self._chart.timeline is not None and self._chart.timeline.live:
            self._chart.tick(tick)
            if tick % TICKS_A_SECOND == 0:
                self._throttled.schedule()

    def turn(self) -> None:
        """Switch between tokens, cost and agents."""
        now = SHOWS.index(self._chart.shows)
        self._sources.preferences.change(timeline_shows=SHOWS[(now + 1) % len(SHOWS)])
        self._throttled.schedule(at_once=True)

    async def _draft(self) -> None:
        chart, of = self._chart, self._of
        columns = chart.columns
        if of is None or columns < 1:
            return
        drafting = Drafting(of.exchanges(), columns=columns, now=self._sources.clock.now())
        await in_slices(drafting.steps())
        timeline, shows = drafting.timeline, chart.shows
        chart.show(timeline, of.names())
        self.name_it(f"Timeline · {shows}")
        if timeline is None:
            self._inks_said = (("No requests yet", "dim"),)
        elif shows == "agents":
            self._inks_said = lanes_legend(timeline.lanes)
        else:
            self._inks_said = legend(timeline.buckets, shows, coloured=not self.app.no_color)
        self._label()

    def _label(self) -> None:
        """Show the position of the request with the cursor, and what it is."""
        chart, said = self._chart, self._inks_said
        room = self._legend.size.width - cells_of(said)
        words = next((form for form in chart.words_of_mark if len(form) + 3 <= room), "")
        self._legend.pieces = (*said, (" " * (room - len(words)), "text"), (words, "text"))
        if chart.timeline is not None:
            times = axis(chart.timeline.scale, self._sources.clock, chart.marked_column)
            self._axis.pieces = ((" " * chart.label_cells, "text"), *times)

    def on_resize(self) -> None:
        """Compute the timeline for the new number of columns."""
        if self._active:
            self._throttled.schedule(at_once=True)

    def action_step(self, step: int) -> None:
        """Go to the requests of the next column that has some."""
        self._choose(self._chart.beside(step))

    def action_lane(self, step: int) -> None:
        """Go to the next agent."""
        self._choose(self._chart.lane_beside(step))

    def _choose(self, exchange_id: str | None) -> None:
        if exchange_id is not None:
            self.post_message(self.TimeSelected(exchange_id))

    @on(Chart.Clicked)
    def _clicked(self, event: Chart.Clicked) -> None:
        event.stop()
        self._choose(event.exchange_id)
        if event.opens:
            self.action_open()

    def action_open(self) -> None:
        """Open the request with the cursor."""
        self.post_message(self.Opened())
