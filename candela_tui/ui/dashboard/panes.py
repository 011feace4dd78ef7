"""The dashboard's panes: where they are, which of them are there, and the ways between them."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from candela_tui.ui.dashboard.layout import Layout, layout_for, next_density, next_place
from candela_tui.ui.dashboard.pane import Frame
from candela_tui.ui.dashboard.preview import PreviewPane
from candela_tui.ui.dashboard.requests_pane import RequestsPane
from candela_tui.ui.dashboard.sessions_pane import SessionsPane
from candela_tui.ui.dashboard.timeline import TimelinePane
from candela_tui.ui.sources import Sources


class Panes(Container):
    """Arranges the panes as ``layout_for`` says, or shows one of them alone. The screen gets the layout's classes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "p",
            "turn_preview",
            "Preview",
            tooltip="Preview the request: beside, below, or not",
            id="dashboard.preview",
        ),
        Binding(
            "t",
            "toggle_timeline",
            "Time-line",
            tooltip="What was used over time, shown or not",
            id="dashboard.timeline",
        ),
        Binding(
            "T",
            "turn_timeline",
            "Time-line shows",
            show=False,
            tooltip="Show tokens, cost or agents over time",
            id="dashboard.timeline_shows",
        ),
        Binding("z", "zoom", "Zoom", tooltip="The pane with the focus alone, or all again", id="dashboard.zoom"),
        Binding(
            "D",
            "turn_density",
            "Density",
            show=False,
            tooltip="Compact, spacious, or as the size asks for",
            id="dashboard.density",
        ),
        Binding("1", "go_to('sessions')", "Sessions", show=False, tooltip="To the sessions", id="dashboard.sessions"),
        Binding("2", "go_to('requests')", "Requests", show=False, tooltip="To the requests", id="dashboard.requests"),
        Binding("3", "go_to('preview')", "Preview", show=False, tooltip="To the preview", id="dashboard.to_preview"),
        Binding(
            "4", "go_to('timeline')", "Time-line", show=False, tooltip="To the time-line", id="dashboard.to_timeline"
        ),
        Binding("h,left", "step(-1)", "Left", show=False, tooltip="To the pane before", id="dashboard.left"),
        Binding("l,right", "step(1)", "Right", show=False, tooltip="To the next pane", id="dashboard.right"),
        Binding(
            "tab",
            "step(1, True)",
            "Next pane",
            show=False,
            tooltip="To the next pane, around the end",
            id="dashboard.next_pane",
        ),
        Binding(
            "shift+tab",
            "step(-1, True)",
            "Previous pane",
            show=False,
            tooltip="To the pane before, around the end",
            id="dashboard.previous_pane",
        ),
        Binding(
            "escape", "back", "Back", show=False, tooltip="Out of the zoom, or to the requests", id="dashboard.back"
        ),
    ]

    def __init__(self, sources: Sources) -> None:
        super().__init__(id="panes")
        self._sources = sources
        self.sessions = SessionsPane(sources)
        self.requests = RequestsPane(sources)
        self.preview = PreviewPane(sources)
        self.timeline = TimelinePane(sources)
        self._all: tuple[Frame, ...] = (self.sessions, self.requests, self.preview, self.timeline)
        for digit, pane in enumerate(self._all, 1):
            pane.number_it(digit)
        self._upper = Container(id="upper")
        self._lists = Container(id="lists")
        self._zoomed: Frame | None = None
        self._single: Frame = self.requests
        """The pane in view where there is room for one only."""
        self._layout = layout_for(80, 24, sources.chosen)

    def compose(self) -> ComposeResult:
        """The lists and the preview; below them the time-line."""
        with self._upper:
            with self._lists:
                yield self.sessions
                yield self.requests
            yield self.preview
        yield self.timeline

    def lay_out(self) -> None:
        """Do as the terminal's size and the user's likes ask for."""
        size = self.app.size
        self._layout = layout_for(size.width, size.height, self._sources.chosen, self.requests.whole_width)
        there = self._there
        if self._zoomed not in there:
            self._zoomed = None
        if self._single not in there:
            self._single = self.requests
        alone = self._zoomed or (self._single if self._layout.single else None)
        for name, is_on in {**self._layout.classes, "-zoomed": alone is not None}.items():
            self.screen.set_class(is_on, name)
        self._widen_requests(alone=alone is not None)
        here = self._here
        for pane in self._all:
            pane.display = pane in there and alone in (None, pane)
            pane.make_compact(self._layout.compact)
        self._lists.display = self.sessions.display or self.requests.display
        self._upper.display = self._lists.display or self.preview.display
        self.preview.active = self.display and self.preview.display
        self.timeline.active = self.display and self.timeline.display
        if here is not None and not here.display:
            self._focus(alone or self.requests)

    def _widen_requests(self, *, alone: bool) -> None:
        """Give the requests room for whole rows, where there is some, and the other panes what is left."""
        requests, sessions = (0, 0) if alone else (self._layout.requests, self._layout.sessions)
        self.sessions.styles.width = self.sessions.styles.min_width = sessions or None
        self._lists.styles.min_width = requests + sessions or None

    @property
    def layout_now(self) -> Layout:
        """The arrangement."""
        return self._layout

    @property
    def _there(self) -> list[Frame]:
        """The panes of the arrangement, zoomed or not."""
        absent: dict[Frame, bool] = {
            self.preview: self._layout.preview == "off",
            self.timeline: not self._layout.timeline,
        }
        return [pane for pane in self._all if not absent.get(pane)]

    @property
    def _here(self) -> Frame | None:
        """The pane with the focus."""
        widget: Widget | None = self.screen.focused
        return next((node for node in widget.ancestors_with_self if isinstance(node, Frame)), None) if widget else None

    def _focus(self, pane: Frame) -> None:
        zoomed = self._zoomed not in (None, pane)
        if zoomed:
            self._zoomed = pane
        if zoomed or (self._layout.single and self._single is not pane):
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
        """Go to a pane, which comes into view for that."""
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
        """Put the preview elsewhere, or away."""
        self._zoomed = None
        self._remember(preview=next_place(self._layout.preview, self.app.size.width))

    def action_toggle_timeline(self) -> None:
        """Show the time-line, or no more."""
        self._zoomed = None
        self._remember(timeline=not self._layout.timeline)

    def action_turn_timeline(self) -> None:
        """Show something else over time."""
        if self.timeline.display:
            self.timeline.turn()
        else:
            self._zoomed = None
            self._remember(timeline=True)

    def action_turn_density(self) -> None:
        """Take the next density, and say which it is."""
        density = next_density(self._sources.preferences.now.density)
        self._remember(density=density)
        self.notify(f"Density: {density or 'as the size asks for'}", timeout=2)

    def action_zoom(self) -> None:
        """Show the pane with the focus alone, or all again."""
        self._zoomed = None if self._zoomed else self._here
        self.lay_out()

    def action_back(self) -> None:
        """Leave the zoom, then go back to the requests."""
        if self._zoomed is not None:
            self.action_zoom()
        elif self._here not in (self.sessions, self.requests):
            self._focus(self.requests)
