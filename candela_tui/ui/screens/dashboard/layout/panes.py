"""The dashboard's panes: their arrangement, and moving between them."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dashboard.layout.arrangement import Arrangement, arrangement_for, next_density, next_place
from candela_tui.ui.screens.dashboard.pane import TitledFrame
from candela_tui.ui.screens.dashboard.preview.preview_pane import PreviewPane
from candela_tui.ui.screens.dashboard.requests.requests_pane import RequestsPane
from candela_tui.ui.screens.dashboard.sessions.sessions_pane import SessionsPane
from candela_tui.ui.screens.dashboard.timeline.timeline import TimelinePane
from candela_tui.ui.state.data_sources import DataSources


class Panes(Container):
    """Arrange the panes by ``arrangement_for``, or show one alone. The screen gets the arrangement's classes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "dashboard.preview",
            "p",
            "turn_preview",
            "Preview",
            "Show the preview beside, below, or hide it",
            footer=True,
        ),
        bind("dashboard.timeline", "t", "toggle_timeline", "Timeline", "Show or hide the timeline", footer=True),
        bind(
            "dashboard.timeline_shows",
            "T",
            "turn_timeline",
            "Timeline shows",
            "Show tokens, cost or agents in the timeline",
        ),
        bind("dashboard.zoom", "z", "zoom", "Zoom", "Zoom the focused pane", footer=True),
        bind("dashboard.density", "D", "turn_density", "Density", "Switch the density: compact, standard or automatic"),
        bind("dashboard.sessions", "1", "go_to('sessions')", "Sessions", "Go to the sessions"),
        bind("dashboard.requests", "2", "go_to('requests')", "Requests", "Go to the requests"),
        bind("dashboard.to_preview", "3", "go_to('preview')", "Preview", "Go to the preview"),
        bind("dashboard.to_timeline", "4", "go_to('timeline')", "Timeline", "Go to the timeline"),
        bind("dashboard.left", "h,left", "step(-1)", "Left", "Go to the pane on the left"),
        bind("dashboard.right", "l,right", "step(1)", "Right", "Go to the pane on the right"),
        bind("dashboard.next_pane", "tab", "step(1, True)", "Next pane", "Go to the next pane"),
        bind("dashboard.previous_pane", "shift+tab", "step(-1, True)", "Previous pane", "Go to the previous pane"),
        bind("dashboard.back", "escape", "back", "Back", "Leave the zoom, or go back to the requests"),
    ]

    def __init__(self, sources: DataSources) -> None:
        super().__init__(id="panes")
        self._sources = sources
        self.sessions = SessionsPane(sources)
        self.requests = RequestsPane(sources)
        self.preview = PreviewPane(sources)
        self.timeline = TimelinePane(sources)
        self._all: tuple[TitledFrame, ...] = (self.sessions, self.requests, self.preview, self.timeline)
        for digit, pane in enumerate(self._all, 1):
            pane.number_it(digit)
        self._upper = Container(id="upper")
        self._lists = Container(id="lists")
        self._zoomed: TitledFrame | None = None
        self._single: TitledFrame = self.requests
        """The pane in view if there is room for only one."""
        self._arrangement = arrangement_for(80, 24, sources.chosen)

    def compose(self) -> ComposeResult:
        """Lay out the lists and the preview, with the timeline below."""
        with self._upper:
            with self._lists:
                yield self.sessions
                yield self.requests
            yield self.preview
        yield self.timeline

    def lay_out(self) -> None:
        """Arrange the panes for the terminal's size and the user's choices."""
        size = self.app.size
        self._arrangement = arrangement_for(size.width, size.height, self._sources.chosen, self.requests.whole_width)
        there = self._there
        if self._zoomed not in there:
            self._zoomed = None
        if self._single not in there:
            self._single = self.requests
        alone = self._zoomed or (self._single if self._arrangement.single else None)
        self.screen.update_classes({**self._arrangement.classes, "-zoomed": alone is not None})
        self._widen_requests(alone=alone is not None)
        here = self._here
        for pane in self._all:
            pane.display = pane in there and alone in (None, pane)
            pane.make_compact(self._arrangement.compact)
        self._lists.display = self.sessions.display or self.requests.display
        self._upper.display = self._lists.display or self.preview.display
        self.preview.active = self.display and self.preview.display
        self.timeline.active = self.display and self.timeline.display
        if here is not None and not here.display:
            self._focus(alone or self.requests)

    def _widen_requests(self, *, alone: bool) -> None:
        """Give the requests room for whole rows if possible, and the other panes what is left."""
        requests, sessions = (0, 0) if alone else (self._arrangement.requests, self._arrangement.sessions)
        self.sessions.styles.width = self.sessions.styles.min_width = sessions or None
        self._lists.styles.min_width = requests + sessions or None

    @property
    def arrangement(self) -> Arrangement:
        """The current arrangement."""
        return self._arrangement

    @property
    def _there(self) -> list[TitledFrame]:
        """The panes of the arrangement, zoomed or not."""
        absent: dict[TitledFrame, bool] = {
            self.preview: self._arrangement.preview == "off",
            self.timeline: not self._arrangement.timeline,
        }
        return [pane for pane in self._all if not absent.get(pane)]

    @property
    def _here(self) -> TitledFrame | None:
        """The focused pane."""
        widget: Widget | None = self.screen.focused
        return (
            next((node for node in widget.ancestors_with_self if isinstance(node, TitledFrame)), None)
            if widget
            else None
        )

    def _focus(self, pane: TitledFrame) -> None:
        zoomed = self._zoomed not in (None, pane)
        if zoomed:
            self._zoomed = pane
        if zoomed or (self._arrangement.single and self._single is not pane):
            self._single = pane
            self.lay_out()
        pane.target.focus()

    def show_requests(self) -> None:
        """Go to the requests."""
        self._focus(self.requests)

    def _remember(self, **what: object) -> None:
        self._sources.preferences.change(**what)
        self.lay_out()

    def action_go_to(self, name: str) -> None:
        """Go to a pane, showing it if it is hidden."""
        pane = next(pane for pane in self._all if pane.id == name)
        if pane not in self._there:
            if pane is self.timeline:
                self._remember(timeline=True)
            else:
                self._remember(preview=next_place("off", self.app.size.width))
        self._focus(pane)

    def action_step(self, step: int, around: bool = False) -> None:
        """Go to the next pane."""
        there, here = self._there, self._here
        place = there.index(here) + step if here in there else 0
        if around or 0 <= place < len(there):
            self._focus(there[place % len(there)])

    def action_turn_preview(self) -> None:
        """Move the preview to its next place, or hide it."""
        self._zoomed = None
        self._remember(preview=next_place(self._arrangement.preview, self.app.size.width))

    def action_toggle_timeline(self) -> None:
        """Show or hide the timeline."""
        self._zoomed = None
        self._remember(timeline=not self._arrangement.timeline)

    def action_turn_timeline(self) -> None:
        """Switch what the timeline shows."""
        if self.timeline.display:
            self.timeline.turn()
        else:
            self._zoomed = None
            self._remember(timeline=True)

    def action_turn_density(self) -> None:
        """Switch the density, and name the new one."""
        density = next_density(self._sources.preferences.now.density)
        self._remember(density=density)
        self.notify(f"Density: {density or 'automatic'}", timeout=2)

    def action_zoom(self) -> None:
        """Zoom the focused pane, or show all panes again."""
        self._zoomed = None if self._zoomed else self._here
        self.lay_out()

    def action_back(self) -> None:
        """Leave the zoom, or go back to the requests."""
        if self._zoomed is not None:
            self.action_zoom()
        elif self._here not in (self.sessions, self.requests):
            self._focus(self.requests)
