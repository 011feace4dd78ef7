"""The pane with the requests of the selected session."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from candela_tui.analysis.filter import parse
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.analysis.labels import agent_name
from candela_tui.exchange import Exchange
from candela_tui.ledger.names import AgentLabels, agent_names, session_title
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.keys.commands import Command, nearest
from candela_tui.ui.screens.compare.screen import CompareScreen
from candela_tui.ui.screens.dashboard.pane import Pane
from candela_tui.ui.screens.dashboard.requests.column_headings import ColumnHeadings
from candela_tui.ui.screens.dashboard.requests.columns import BY_NAME, BY_TIME, columns_named
from candela_tui.ui.screens.dashboard.requests.columns_dialog import ColumnsDialog
from candela_tui.ui.screens.dashboard.requests.filter_bar import FilterBar
from candela_tui.ui.screens.dashboard.requests.request_list import RequestList
from candela_tui.ui.screens.dashboard.requests.table import Column, Table, whole_width
from candela_tui.ui.screens.dashboard.requests.visible_calls import ViewOptions
from candela_tui.ui.screens.dashboard.selection import Selection
from candela_tui.ui.screens.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.loaded_exchanges import Change
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.terminal import clipboard
from candela_tui.ui.widgets.rows.row_list import RowList

if TYPE_CHECKING:
    from candela_tui.ui.screens.dashboard.requests.export_dialog import Which

_TIMED_AGAIN_S = 5.0
_AROUND_ROWS = 3
"""Cells beside a row: the frame and the scroll bar."""
_NEWEST_CALLS = 50
_ORDER_LETTERS = "abcdefhilmnoprstuvwxyz"
_SPOKEN = {"cost" if name == "$" else name.casefold(): column for name, column in BY_NAME.items()}
"""The columns by their name on the command line."""


class RequestsPane(Pane):
    """The requests pane. Follows the newest request until the user scrolls up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "requests.filter",
            "slash",
            "filter",
            "Filter",
            "Filter requests by words and fields",
            shown_as="/",
            footer=True,
        ),
        bind("requests.export", "e", "export", "Export", "Export requests to a CSV or JSON file", footer=True),
        bind(
            "requests.compare",
            "d",
            "compare",
            "Compare",
            "Compare marked requests, or with the previous one",
            footer=True,
        ),
        bind("requests.copy_id", "y", "copy_id", "Copy id", "Copy the request's id"),
        bind("requests.hidden", "H", "toggle_hidden", "Hidden", "Show or hide probes, counts and titles"),
        bind("requests.order", "o", "order", "Sort", "Sort by time, cost, tokens …"),
        bind("requests.reverse", "O", "reverse", "Reverse", "Reverse the sort order"),
        bind("requests.columns", "C", "columns", "Columns", "Choose the columns"),
        bind("requests.clear", "escape", "clear", "Clear", "Clear the marks, then the filter"),
    ]

    class ListChanged(Message):
        """The requests in the list changed."""

    @dataclass
    class Moved(Message):
        """The cursor is on another request, or the request under it was retried."""

        exchange_id: str

    @dataclass
    class Opened(Message):
        """A request was opened."""

        exchange_id: str

    class Used(Message):
        """The user reads these requests, so no other session should replace them."""

    def __init__(self, sources: DataSources) -> None:
        self._sources = sources
        self._table = Table(sources.clock, session_title=self._title_of, went_on=sources.loaded.went_on)
        self._labels = AgentLabels()
        self._filter = parse("")
        self.selection: Selection | None = None
        """The selected session or sub-agent; None until one is selected."""
        self._list = RequestList(self._table, ViewOptions(self._filter), self._surroundings, id="request-rows")
        super().__init__("Requests", self._list, id="requests")
        self._heading = ColumnHeadings(self._table)
        self._bar = FilterBar(self._known_values)
        self._waiting: set[str] = set()
        """Failed requests whose client may be waiting to retry."""

    def compose(self) -> ComposeResult:
        """Lay out the headings, the list and the filter bar."""
        yield self._heading
        yield self._list
        yield self._bar

    def on_mount(self) -> None:
        """Apply a filter again regularly if it depends on the time."""
        self.set_interval(_TIMED_AGAIN_S, self._look_again)

    @property
    def listed(self) -> RequestList:
        """The list of requests."""
        return self._list

    @property
    def exchanges(self) -> Iterator[Exchange]:
        """The requests in the list with all their tries, the earliest first."""
        return self._list.exchanges

    @property
    def whole_width(self) -> int:
        """The width at which all chosen columns fit, including dates and the columns of all sessions."""
        return whole_width(columns_named(self._sources.preferences.now.columns)) + _AROUND_ROWS

    @property
    def share(self) -> tuple[int, int]:
        """The number of requests in the list, and of those that the filter looked at."""
        listing = self._list.listing
        return len(listing), listing.looked_at

    @property
    def agent_names(self) -> Mapping[str, str]:
        """The names of the sub-agents in the list, by id."""
        return self._table.agents

    @property
    def filter_text(self) -> str:
        """The text of the active filter; empty if there is none."""
        return self._filter.text.strip() if self._filter else ""

    @property
    def exchange_id(self) -> str | None:
        """The last try of the request with the cursor."""
        call = self._list.call
        return None if call is None else call.last.id

    def show(self, selection: Selection) -> None:
        """Show the requests of a session or sub-agent."""
        self.selection = selection
        self._show_again(reset=True)

    def take_change(self, change: Change) -> None:
        """Show changed exchanges."""
        if self.selection is None:
            return
        if change.removed:
            self._list.unmark(change.removed)
            self._show_again()
            return
        selection, listing = self.selection, self._list.listing
        mine = [exchange for exchange in change.exchanges if selection.includes(exchange.session_id)]
        others = (exchange for exchange in change.exchanges if not selection.includes(exchange.session_id))
        if any(listing.key_of(exchange.id) is not None for exchange in others):
            self._show_again()
        elif mine:
            names = self._agent_names(change.sessions)
            renamed, self._table.agents = names != self._table.agents, names
            if renamed and self._filter:
                self._show_again()
            else:
                self._list.take(mine)
            if renamed:
                self._list.draw_again()

    def show_names(self) -> None:
        """Update the names of the session and its agents."""
        if self.selection is not None:
            names = self._agent_names()
            if names is not self._table.agents and names != self._table.agents:
                self._table.agents = names
                self._list.draw_again()
            self._date_rows()
            self._name_it()

    def _agent_names(self, changed: Collection[str | None] = ()) -> Mapping[str, str]:
        """Return the names of the sub-agents in the list. ``changed``: the only sessions that changed."""
        loaded, selection = self._sources.loaded, self.selection
        if selection is None or not selection.every:
            return agent_names(loaded.session(selection.session_id)) if selection is not None else {}
        return self._labels.update(map(loaded.session, changed) if changed else loaded.sessions())

    def _title_of(self, exchange: Exchange) -> str:
        """Return the title of a request's session."""
        return session_title(self._sources.loaded.session(exchange.session_id))

    def _project_of(self, exchange: Exchange) -> str | None:
        """Return the directory of a request's session."""
        return self._sources.loaded.session(exchange.session_id).cwd

    def _show_again(self, *, reset: bool = False) -> None:
        if self.selection is None:
            return
        loaded, view = self._sources.loaded, self._view
        self._table.choose(columns_named(self._sources.preferences.now.columns))
        self._table.agents = self._agent_names()
        self._table.every = self.selection.every
        self._table.ordered_by = view.order
        self._heading.order(view.order, descending=view.descending)
        self._list.list_all(self.selection.requests(loaded), view, reset=reset)

    @property
    def _view(self) -> ViewOptions:
        remembered = self._sources.preferences.now
        order = BY_NAME.get(remembered.requests_order or "", BY_TIME)
        # Amounts start with the largest, times and words with the first.
        descending = order.right is not remembered.requests_reversed
        agent_id = self.selection.agent_id if self.selection else None
        return ViewOptions(self._filter, agent_id, remembered.show_hidden, order, descending)

    def _surroundings(self) -> Surroundings:
        return Surroundings(self._sources.clock.now(), self._table.agents, self._title_of, self._project_of)

    def _look_again(self) -> None:
        if self._filter.timed:
            self._show_again()
        else:
            self._show_waiting()

    def _show_waiting(self) -> None:
        """Show which clients wait to retry; that ends with time, and with the agent's next request."""
        waiting = {call.last.id for call in self._list.listing.calls(-_NEWEST_CALLS) if self._table.waits(call.last)}
        if waiting != self._waiting:
            self._waiting = waiting
            self._list.draw_again()

    def _date_rows(self) -> None:
        """Add a date to times if some request is from another day."""
        earliest = self._list.listing.earliest
        dated = earliest is not None and not self._sources.clock.today(earliest.tries[0].started_at)
        if dated != self._table.dated:
            self._table.dated = dated
            self._heading.refresh()
            self._list.draw_again()

    def _name_it(self) -> None:
        if self.selection is not None:
            self._list.say_when_empty(self._why_empty())
            self.name_it(f"Requests · {self.whose}", " · ".join(self._notes()))

    @property
    def whose(self) -> str:
        """The name of the selection."""
        selection = self.selection
        if selection is None:
            return ""
        if selection.every:
            return "all sessions"
        title = session_title(self._sources.loaded.session(selection.session_id))
        return (
            title if selection.agent_id is None else f"{title} · {agent_name(selection.agent_id, self._table.agents)}"
        )

    def _why_empty(self) -> Sequence[Line]:
        """Return why the list is empty, and how to fill it."""
        listing = self._list.listing
        lines: list[Line] = []
        if self._filter:
            lines.append(((f" No request matches {terminal_safe(self.filter_text)}", "dim"),))
            lines.append(((" press ", "dim"), ("esc", "accent"), (" to clear the filter", "dim")))
        if listing.hidden:
            requests = "request" if listing.hidden == 1 else "requests"
            lines.append(
                ((" press ", "dim"), ("H", "accent"), (f" to show {listing.hidden:,} hidden {requests}", "dim"))
            )
        return tuple(lines)

    def _notes(self) -> Iterator[str]:
        rows, listing = self._list, self._list.listing
        if self._filter:
            yield f"/{self._filter.text.strip()}"
            yield "{:,} of {:,}".format(*self.share)
        if rows.marks:
            yield f"{rows.marks} marked"
        order = listing.view.order
        if order is not BY_TIME and order not in self._table.available:
            yield f"by {order.name} {'↓' if listing.view.descending else '↑'}"
        if listing.hidden:
            yield f"+{listing.hidden} hidden"
        if rows.unseen:
            yield f"{rows.unseen} new {'↑ g' if listing.view.descending else '↓ G'}"
        elif rows.held:
            yield "not following: F"

    @on(RequestList.Changed)
    def _changed(self, event: RequestList.Changed) -> None:
        event.stop()
        self._date_rows()
        self._show_waiting()
        self._name_it()
        self.post_message(self.ListChanged())

    @on(RowList.Counted)
    def _counted(self, event: RowList.Counted) -> None:
        event.stop()
        self._name_it()

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        if event.by_hand:
            self.post_message(self.Used())

    @on(RequestList.CursorMoved)
    def _chosen(self, event: RequestList.CursorMoved) -> None:
        event.stop()
        self.post_message(self.Moved(event.exchange_id))

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        if self.exchange_id is not None:
            self.post_message(self.Opened(self.exchange_id))

    def _remember(self, **what: object) -> None:
        self._sources.preferences.change(**what)
        self._show_again()

    def action_toggle_hidden(self) -> None:
        """Show or hide the client's own requests."""
        self._remember(show_hidden=not self._sources.preferences.now.show_hidden)

    def action_order(self) -> None:
        """Choose the sort column."""
        columns = dict.fromkeys((BY_TIME, *self._table.available))
        now = self._view.order
        options = [
            Option(column.name, letter, column.name, column.about + (" (now)" if column is now else ""))
            for letter, column in zip(_ORDER_LETTERS, columns, strict=False)
        ]

        def chosen(name: Hashable | None) -> None:
            if name is not None:
                self._order_by(BY_NAME[str(name)])

        self.app.push_screen(ChooseDialog("Sort by", options), chosen)

    def _order_by(self, column: Column) -> None:
        self._remember(requests_order=column.name, requests_reversed=False)

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self._remember(requests_reversed=not self._sources.preferences.now.requests_reversed)

    @on(ColumnHeadings.Clicked)
    def _heading_clicked(self, event: ColumnHeadings.Clicked) -> None:
        event.stop()
        if event.column is self._view.order:
            self.action_reverse()
        else:
            self._order_by(event.column)

    def action_columns(self) -> None:
        """Choose the columns."""

        def changed(names: tuple[str, ...]) -> None:
            self._sources.preferences.change(columns=names)
            self._table.choose(columns_named(names))
            self._heading.refresh()
            self._list.draw_again()

        def without_room() -> list[Column]:
            return self._table.without_room(self._heading.size.width)

        self.app.push_screen(ColumnsDialog(self._table.columns, changed, without_room))

    def action_filter(self) -> None:
        """Open the filter bar."""
        self._bar.open()
        self.post_message(self.Used())

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self._filter = event.filter
        self._show_again()

    @on(FilterBar.Done)
    def _filter_left(self, event: FilterBar.Done) -> None:
        event.stop()
        self._list.focus()

    def _known_values(self) -> Mapping[str, Sequence[str]]:
        """Return the values in the newest requests, by filter field."""
        near = [call.last for call in self._list.listing.calls(-200)]
        models = {(exchange.model_used or exchange.model or "").removeprefix("claude-") for exchange in near}
        return {
            "agent": ["main", *self._table.agents.values()],
            "model": sorted(models - {""}),
            "tool": sorted({tool for exchange in near for tool in exchange.tools_called}),
            "stop": sorted({exchange.stop_reason for exchange in near if exchange.stop_reason}),
            "route": sorted({exchange.route for exchange in near}),
        }

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the key to the screen if there is nothing to clear. (Textual's hook.)"""
        return bool(self._list.marks or self._filter) if action == "clear" else True

    def action_clear(self) -> None:
        """Clear the marks, then the filter."""
        if self._list.marks:
            self._list.take_marks_away()
        else:
            self._bar.clear()

    def commands(self) -> Iterator[Command]:
        """Yield the command line's commands for requests."""
        yield Command("filter", "Filter requests by words and fields; without a filter, show all", self._bar.fill)
        yield Command("sort", "Sort requests by a column", self._sort, list(_SPOKEN))
        yield Command("columns", "Choose the columns of the requests", lambda _: self.action_columns())

    def _sort(self, name: str) -> None:
        column = _SPOKEN.get(name.casefold())
        if column is not None:
            self._order_by(column)
        else:
            near = nearest(name.casefold(), _SPOKEN)
            meant = f"Did you mean {near}? " if near else ""
            self.notify(
                f"There is no column {name!r}. {meant}The columns are {', '.join(_SPOKEN)}.", severity="warning"
            )

    def action_copy_id(self) -> None:
        """Copy the id of the request with the cursor."""
        if self.exchange_id is not None:
            clipboard.copy(self, self.exchange_id, self.exchange_id)

    def action_compare(self) -> None:
        """Compare the two marked requests, or the marked one with the one at the cursor; without marks, the one at the
        cursor with the previous request of its agent."""
        if self.exchange_id is None:
            return
        marked = [call.last.id for call in self._list.marked_calls]
        pair = sorted({*marked, self.exchange_id} if len(marked) == 1 else marked)
        if len(pair) > 2:
            self.notify(
                f"{len(pair)} requests are marked. Mark exactly two to compare them.", severity="warning", timeout=4
            )
        elif len(pair) == 2:
            self.app.push_screen(CompareScreen(self._sources, pair[1], pair[0]))
        else:
            self.app.push_screen(CompareScreen(self._sources, self.exchange_id))

    def action_export(self) -> None:
        """Choose which requests to export, and how."""
        # Not at the top: the first screen would wait for all forms of export.
        from candela_tui.ui.screens.dashboard.requests.export import Exporter

        if self.selection is None:
            return
        selection, loaded = self.selection, self._sources.loaded
        sets: dict[Which, Callable[[], Sequence[Exchange]]] = {}
        if self._list.marks:
            sets["marked"] = lambda: self._list.marked
        if self._filter or selection.agent_id is not None:
            sets["shown"] = lambda: list(self._list.exchanges)
        sets["all" if selection.every else "session"] = lambda: selection.requests(loaded)
        Exporter(self, self._sources).ask(selection.session_id, sets)
