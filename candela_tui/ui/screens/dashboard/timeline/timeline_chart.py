"""The chart of a timeline, with bars or lanes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from candela_tui.analysis import labels
from candela_tui.analysis.labels import agent_name
from candela_tui.analysis.timeline import Bucket, Lane, Timeline, begin_and_end
from candela_tui.exchange import Exchange
from candela_tui.text import times
from candela_tui.ui.screens.dashboard.timeline.timeline_drawing import FOLD, LaneRoom, bucket_words, lane_line
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style.stacked_bars import Cell, bars, highest
from candela_tui.ui.style.styled_text import TextStyles, strip_of
from candela_tui.ui.widgets.scroller import Scroller

Shows = Literal["tokens", "cost", "agents"]
SHOWS: tuple[Shows, ...] = get_args(Shows)

_BAR_LABEL = 8
_NAME = 20
_TAIL = 18


class Chart(Scroller, can_focus=True, inherit_bindings=False):
    """The bars or lanes. A click goes to the request there."""

    @dataclass
    class Clicked(Message):
        """A request was clicked; ``opens``: with a double click."""

        exchange_id: str
        opens: bool

    def __init__(self, sources: DataSources) -> None:
        super().__init__(id="timeline-chart")
        self._sources = sources
        self._names: Mapping[str, str] = {}
        self._rows: list[list[Cell]] = []
        self._tick = 0
        self.timeline: Timeline | None = None
        self.exchange_id: str | None = None
        """The request with the cursor."""

    @property
    def shows(self) -> Shows:
        """What the chart shows: tokens, cost or agents."""
        return self._sources.preferences.now.timeline_shows

    @property
    def label_cells(self) -> int:
        """Cells to the left of the columns."""
        if self.shows != "agents":
            return _BAR_LABEL
        return min(_NAME, max(12, self.scrollable_content_region.width // 6))

    @property
    def columns(self) -> int:
        """The number of columns that fit."""
        return self.scrollable_content_region.width - self.label_cells - (_TAIL if self.shows == "agents" else 0)

    def show(self, timeline: Timeline | None, names: Mapping[str, str]) -> None:
        """Show a timeline."""
        self.timeline, self._names = timeline, names
        shows, height = self.shows, self.size.height
        if timeline is None:
            self._rows = []
        elif shows != "agents":
            self._rows = bars(timeline.buckets, shows, height, coloured=not self.app.no_color)
            for row in self._rows:
                for fold in timeline.scale.folds:
                    row[fold.column] = FOLD
        lanes = timeline.lanes if timeline is not None and shows == "agents" else []
        self.virtual_size = Size(0, len(lanes))
        self.refresh()

    def tick(self, tick: int) -> None:
        """Animate what is live."""
        self._tick = tick
        if self.shows == "agents" and self.timeline is not None:
            for place, lane in enumerate(self.timeline.lanes):
                if lane.live:
                    self.refresh_lines(place, 1)

    def draw_again(self) -> None:
        """Redraw: another request has the cursor."""
        if self.shows == "agents":
            self._scroll_to_lane()
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw line ``y`` of the view."""
        width = self.scrollable_content_region.width
        timeline = self.timeline
        if timeline is None:
            return Strip.blank(width, self.rich_style)
        if self.shows != "agents":
            return self._bars_line(y, width, timeline, self.text_styles)
        place = y + self.scroll_offset.y
        if place >= len(timeline.lanes):
            return Strip.blank(width, self.rich_style)
        lane = timeline.lanes[place]
        chosen = self._chosen_halves(lane, timeline)
        columns = min(self.columns, timeline.scale.columns)
        folds = {fold.column for fold in timeline.scale.folds}
        line = lane_line(
            lane, self._name_of(lane), LaneRoom(self.label_cells, columns, _TAIL - 1, folds), chosen, self._tick
        )
        return strip_of(line, width, self.text_styles, self.rich_style)

    def _bars_line(self, y: int, width: int, timeline: Timeline, text_styles: TextStyles) -> Strip:
        base = self.rich_style
        if y >= len(self._rows):
            return Strip.blank(width, base)
        shows = self.shows
        assert shows != "agents"
        label = highest(timeline.buckets, shows) if y == 0 else "0" if y == len(self._rows) - 1 else ""
        segments = [
            Segment(f"{label:>{_BAR_LABEL - 2}} ", base + text_styles["dim"]),
            Segment("│", base + text_styles["rule"]),
        ]
        for cell in self._rows[y]:
            style = text_styles[cell.style]
            if cell.behind is not None:
                style += Style(bgcolor=text_styles[cell.behind].color)
            segments.append(Segment(cell.sign, base + style))
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _name_of(self, lane: Lane) -> str:
        return agent_name(lane.agent_id, self._names)

    @property
    def _marked(self) -> Exchange | None:
        return self._sources.loaded.exchange(self.exchange_id) if self.exchange_id is not None else None

    def _chosen_halves(self, lane: Lane, timeline: Timeline) -> range:
        marked = self._marked
        if marked is None or marked.agent_id != lane.agent_id:
            return range(0)
        start, end = begin_and_end(marked, self._sources.clock.now())
        first = int(timeline.scale.position(start) * 2)
        return range(first, max(first + 1, round(timeline.scale.position(end) * 2)))

    @property
    def marked_column(self) -> int | None:
        """The column of the request with the cursor, or None."""
        marked = self._marked
        if marked is None or self.timeline is None:
            return None
        return self.timeline.scale.column(marked.started_at.timestamp())

    @property
    def words_of_mark(self) -> tuple[str, ...]:
        """Descriptions of the cursor's position, the longest first."""
        marked, column, timeline = self._marked, self.marked_column, self.timeline
        if marked is None or column is None or timeline is None:
            return ()
        clock = self._sources.clock
        if self.shows != "agents":
            bucket = timeline.buckets[column]
            start = datetime.fromtimestamp(timeline.scale.moment(column), UTC)
            return bucket_words(bucket, start, clock) if bucket.requests else ()
        start_s, end_s = begin_and_end(marked, clock.now())
        took = times.duration((end_s - start_s) * 1000)
        return (f"{times.time_of_day(marked.started_at, clock)} · {took} · {labels.cost(marked.cost)}",)

    def beside(self, step: int) -> str | None:
        """Return the first request of the next column (or of the next bar in the lane) on that side, or None."""
        timeline, marked = self.timeline, self._marked
        if timeline is None or marked is None:
            return None
        if self.shows == "agents":
            bars_there = [
                bar.exchange_id for lane in timeline.lanes if lane.agent_id == marked.agent_id for bar in lane.bars
            ]
            place = bars_there.index(marked.id) + step if marked.id in bars_there else -1
            return bars_there[place] if 0 <= place < len(bars_there) else None
        column = timeline.scale.column(marked.started_at.timestamp()) + step
        while 0 <= column < len(timeline.buckets):
            if timeline.buckets[column].first_id is not None:
                return timeline.buckets[column].first_id
            column += step
        return None

    def lane_beside(self, step: int) -> str | None:
        """Return the request of the agent above or below at the time of the cursor's request, or None if there is no
        such agent."""
        timeline, marked = self.timeline, self._marked
        if timeline is None or marked is None or self.shows != "agents":
            return None
        agents = [lane.agent_id for lane in timeline.lanes]
        place = agents.index(marked.agent_id) + step if marked.agent_id in agents else 0
        if not 0 <= place < len(agents):
            return None
        return timeline.lanes[place].at(marked.started_at.timestamp()).exchange_id

    def _scroll_to_lane(self) -> None:
        marked, timeline = self._marked, self.timeline
        if marked is None or timeline is None:
            return
        place = next((n for n, lane in enumerate(timeline.lanes) if lane.agent_id == marked.agent_id), 0)
        top, height = self.scroll_offset.y, self.size.height
        if not top <= place < top + height:
            self.scroll_to(y=max(0, place - height // 2), animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        """Report the request under the mouse."""
        exchange_id = self._at(event.x - self.label_cells, event.y + self.scroll_offset.y)
        if exchange_id is not None:
            self.post_message(self.Clicked(exchange_id, event.chain == 2))

    def _at(self, column: int, line: int) -> str | None:
        timeline = self.timeline
        if timeline is None or not 0 <= column < timeline.scale.columns:
            return None
        if self.shows != "agents":
            return _closest(timeline.buckets, column)
        if line >= len(timeline.lanes):
            return None
        return timeline.lanes[line].at(timeline.scale.moment(column + 1)).exchange_id


def _closest(buckets: Sequence[Bucket], column: int) -> str | None:
    by_distance = sorted(
        range(max(0, column - 2), min(len(buckets), column + 3)), key=lambda place: abs(place - column)
    )
    return next((buckets[place].first_id for place in by_distance if buckets[place].first_id is not None), None)
