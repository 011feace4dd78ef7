"""What the chosen session used over time: bars of tokens or cost, or a lane for each of its agents."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from candela_tui.analysis.timeline import Drafting
from candela_tui.exchange import Exchange
from candela_tui.ui.dashboard.paced import Paced
from candela_tui.ui.dashboard.pane import WorkingFrame
from candela_tui.ui.dashboard.timeline_chart import SHOWS, Chart
from candela_tui.ui.dashboard.timeline_drawing import axis, lanes_legend, legend
from candela_tui.ui.ink import Line, cells_of
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.lines.slices import in_slices
from candela_tui.ui.sources import Sources
from candela_tui.ui.spinner import TICKS_A_SECOND


@dataclass(frozen=True, slots=True)
class TimelineOf:
    """Whose time-line it is."""

    exchanges: Callable[[], Iterable[Exchange]]
    """The requests, the earliest first."""
    names: Callable[[], Mapping[str, str]]
    """Names of the sub-agents by id."""


class TimelinePane(WorkingFrame):
    """Drafts a time-line, at most once a second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Earlier", show=False, tooltip="To the requests before", id="timeline.earlier"),
        Binding("right", "step(1)", "Later", show=False, tooltip="To the requests after", id="timeline.later"),
        Binding("up,k", "lane(-1)", "Agent above", show=False, tooltip="To the agent above", id="timeline.lane_above"),
        Binding("down,j", "lane(1)", "Agent below", show=False, tooltip="To the agent below", id="timeline.lane_below"),
        Binding("enter", "open", "Open", key_display="⏎", tooltip="Open the request", id="timeline.open"),
    ]

    @dataclass
    class Chosen(Message):
        """A request is to have the cursor."""

        exchange_id: str

    class Opened(Message):
        """The request with the cursor is to be opened."""

    def __init__(self, sources: Sources) -> None:
        self._chart = Chart(sources)
        super().__init__("Time-line", self._chart, id="timeline")
        self._sources = sources
        self._legend = OneLine(id="timeline-legend")
        self._inks_said: Line = ()
        """The legend's part on which ink is what."""
        self._axis = OneLine(id="timeline-axis")
        self._paced = Paced(self, self._draft)
        self._of: TimelineOf | None = None

    def compose(self) -> ComposeResult:
        """What is shown in which ink, the chart, the times."""
        yield self._legend
        yield self._chart
        yield self._axis

    def begin_work(self) -> None:
        """Draft it."""
        self._paced.want()

    def stop_work(self) -> None:
        """Draft it no more."""
        self._paced.stop()

    def show(self, of: TimelineOf) -> None:
        """Show another time-line."""
        self._of = of
        if self._active:
            self._paced.want(at_once=True)

    def mark(self, exchange_id: str | None) -> None:
        """Say where this request is."""
        if exchange_id != self._chart.exchange_id:
            self._chart.exchange_id = exchange_id
            if self._active:
                self._label()
                self._chart.draw_again()

    def changed(self) -> None:
        """Some of its requests changed."""
        if self._active:
            self._paced.want()

    def take_tick(self, tick: int) -> None:
        """The time goes on."""
        if self._active and self._chart.timeline is not None and self._chart.timeline.live:
            self._chart.tick(tick)
            if tick % TICKS_A_SECOND == 0:
                self._paced.want()

    def turn(self) -> None:
        """Show tokens, cost, agents, and again."""
        now = SHOWS.index(self._chart.shows)
        self._sources.preferences.change(timeline_shows=SHOWS[(now + 1) % len(SHOWS)])
        self._paced.want(at_once=True)

    async def _draft(self) -> None:
        chart, of = self._chart, self._of
        columns = chart.columns
        if of is None or columns < 1:
            return
        drafting = Drafting(of.exchanges(), columns=columns, now=self._sources.clock.now())
        await in_slices(drafting.steps())
        timeline, shows = drafting.timeline, chart.shows
        chart.show(timeline, of.names())
        self.name_it(f"Time-line · {shows}")
        if timeline is None:
            self._inks_said = (("No requests yet", "dim"),)
        elif shows == "agents":
            self._inks_said = lanes_legend(timeline.lanes)
        else:
            self._inks_said = legend(timeline.buckets, shows, coloured=not self.app.no_color)
        self._label()

    def _label(self) -> None:
        """Say where the request with the cursor is, and what."""
        chart, said = self._chart, self._inks_said
        room = self._legend.size.width - cells_of(said)
        words = next((form for form in chart.words_of_mark if len(form) + 3 <= room), "")
        self._legend.pieces = (*said, (" " * (room - len(words)), "text"), (words, "text"))
        if chart.timeline is not None:
            times = axis(chart.timeline.scale, self._sources.clock, chart.marked_column)
            self._axis.pieces = ((" " * chart.label_cells, "text"), *times)

    def on_resize(self) -> None:
        """Other columns are other buckets."""
        if self._active:
            self._paced.want(at_once=True)

    def action_step(self, step: int) -> None:
        """Go to the requests of the next column that has some."""
        self._choose(self._chart.beside(step))

    def action_lane(self, step: int) -> None:
        """Go to the next agent."""
        self._choose(self._chart.lane_beside(step))

    def _choose(self, exchange_id: str | None) -> None:
        if exchange_id is not None:
            self.post_message(self.Chosen(exchange_id))

    @on(Chart.Clicked)
    def _clicked(self, event: Chart.Clicked) -> None:
        event.stop()
        self._choose(event.exchange_id)
        if event.opens:
            self.action_open()

    def action_open(self) -> None:
        """Open the request with the cursor."""
        self.post_message(self.Opened())
