"""The requests of what is chosen, below the names of their columns."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from candela_tui.analysis.filter import parse
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.analysis.names import agent_name, agent_names, session_title
from candela_tui.exchange import Exchange
from candela_tui.ui import clipboard
from candela_tui.ui.commands import Verb, nearest
from candela_tui.ui.compare.screen import CompareScreen
from candela_tui.ui.dashboard.agent_labels import AgentLabels
from candela_tui.ui.dashboard.choice import Choice
from candela_tui.ui.dashboard.columns import BY_NAME, BY_TIME, columns_named
from candela_tui.ui.dashboard.columns_dialog import ColumnsDialog
from candela_tui.ui.dashboard.export import Exporter
from candela_tui.ui.dashboard.export_dialog import Which
from candela_tui.ui.dashboard.filter_bar import FilterBar
from candela_tui.ui.dashboard.listing import View
from candela_tui.ui.dashboard.pane import Pane
from candela_tui.ui.dashboard.request_heading import Heading
from candela_tui.ui.dashboard.request_list import RequestList
from candela_tui.ui.dashboard.table import Column, Table, whole_width
from candela_tui.ui.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.ink import Line
from candela_tui.ui.ledger import Change
from candela_tui.ui.plain import plain
from candela_tui.ui.rows.row_list import RowList
from candela_tui.ui.sources import Sources

_TIMED_AGAIN_S = 5.0
_AROUND_ROWS = 3
"""Cells beside a row: the frame's, and the scroll bar's."""
_NEWEST_CALLS = 50
_ORDER_LETTERS = "abcdefhilmnoprstuvwxyz"
_SPOKEN = {"cost" if name == "$" else name.casefold(): column for name, column in BY_NAME.items()}
"""The columns as the command line names them."""


class RequestsPane(Pane):
    """Follows the newest request until its user scrolls up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "Filter", key_display="/", tooltip="Filter by words and fields", id="requests.filter"
        ),
        Binding("e", "export", "Export", tooltip="Write requests into a file, as CSV or JSON", id="requests.export"),
        Binding(
            "d",
            "compare",
            "Compare",
            tooltip="Compare two marked ones, or with the previous",
            id="requests.compare",
        ),
        Binding("y", "copy_id", "Copy id", show=False, tooltip="Copy the request's id", id="requests.copy_id"),
        Binding(
            "H",
            "toggle_hidden",
            "Hidden",
            show=False,
            tooltip="Show or hide probes, counts and titles",
            id="requests.hidden",
        ),
        Binding("o", "order", "Order", show=False, tooltip="Order by time, cost, tokens …", id="requests.order"),
        Binding("O", "reverse", "Reverse", show=False, tooltip="Reverse the order", id="requests.reverse"),
        Binding("C", "columns", "Columns", show=False, tooltip="Choose the columns", id="requests.columns"),
        Binding(
            "escape", "clear", "Clear", show=False, tooltip="Take the marks away, or the filter", id="requests.clear"
        ),
    ]

    class Shown(Message):
        """Other requests are in the list, or those in it changed."""

    @dataclass
    class Moved(Message):
        """The cursor is on another request, or a request under it was tried again."""

        exchange_id: str

    @dataclass
    class Opened(Message):
        """A request was opened."""

        exchange_id: str

    class Used(Message):
        """The user reads these requests: another session is not to take their place by itself."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._table = Table(sources.clock, session_title=self._title_of, went_on=sources.ledger.went_on)
        self._labels = AgentLabels()
        self._filter = parse("")
        self.choice: Choice | None = None
        """Whose requests these are; None: nobody's yet."""
        self._list = RequestList(self._table, View(self._filter), self._surroundings, id="request-rows")
        super().__init__("Requests", self._list, id="requests")
        self._heading = Heading(self._table)
        self._bar = FilterBar(self._known_values)
        self._waiting: set[str] = set()
        """Requests that failed and whose client may be waiting to try again."""
        self._exporter = Exporter(self, sources)

    def compose(self) -> ComposeResult:
        """The heading, the list, the filter."""
        yield self._heading
        yield self._list
        yield self._bar

    def on_mount(self) -> None:
        """Look again and again where the filter asks for the time."""
        self.set_interval(_TIMED_AGAIN_S, self._look_again)

    @property
    def listed(self) -> RequestList:
        """The requests themselves."""
        return self._list

    @property
    def exchanges(self) -> Iterator[Exchange]:
        """The requests in the list, with all their tries, the earliest first."""
        return self._list.exchanges

    @property
    def whole_width(self) -> int:
        """The width in which all chosen columns have room, in the list of all sessions and with dates, too."""
        return whole_width(columns_named(self._sources.preferences.now.columns)) + _AROUND_ROWS

    @property
    def share(self) -> tuple[int, int]:
        """How many requests are in the list, of how many that the filter looked at."""
        listing = self._list.listing
        return len(listing), listing.looked_at

    @property
    def agent_names(self) -> Mapping[str, str]:
        """Names of the sub-agents in the list, by their ids."""
        return self._table.agents

    @property
    def filter_text(self) -> str:
        """The filter that leaves some out; empty: there is none."""
        return self._filter.text.strip() if self._filter else ""

    @property
    def exchange_id(self) -> str | None:
        """The request with the cursor: its last try."""
        call = self._list.call
        return None if call is None else call.last.id

    def show(self, choice: Choice) -> None:
        """Show the requests of a session or sub-agent."""
        self.choice = choice
        self._show_again(anew=True)

    def take_change(self, change: Change) -> None:
        """Show changed exchanges."""
        if self.choice is None:
            return
        choice, listing = self.choice, self._list.listing
        mine = [exchange for exchange in change.exchanges if choice.includes(exchange.session_id)]
        others = (exchange for exchange in change.exchanges if not choice.includes(exchange.session_id))
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
        """The session or its agents may be called otherwise now."""
        if self.choice is not None:
            names = self._agent_names()
            if names is not self._table.agents and names != self._table.agents:
                self._table.agents = names
                self._list.draw_again()
            self._date_rows()
            self._name_it()

    def _agent_names(self, changed: Collection[str | None] = ()) -> Mapping[str, str]:
        """Return the names of the sub-agents in the list. ``changed``: of all sessions only these did."""
        ledger, choice = self._sources.ledger, self.choice
        if choice is None or not choice.every:
            return agent_names(ledger.session(choice.session_id)) if choice is not None else {}
        return self._labels.update(map(ledger.session, changed) if changed else ledger.sessions())

    def _title_of(self, exchange: Exchange) -> str:
        """Return the title of the session that a request belongs to."""
        return session_title(self._sources.ledger.session(exchange.session_id))

    def _show_again(self, *, anew: bool = False) -> None:
        if self.choice is None:
            return
        ledger, view = self._sources.ledger, self._view
        self._table.choose(columns_named(self._sources.preferences.now.columns))
        self._table.agents = self._agent_names()
        self._table.every = self.choice.every
        self._table.ordered_by = view.order
        self._heading.order(view.order, descending=view.descending)
        self._list.list_all(self.choice.requests(ledger), view, anew=anew)

    @property
    def _view(self) -> View:
        remembered = self._sources.preferences.now
        order = BY_NAME.get(remembered.requests_order or "", BY_TIME)
        # Amounts begin with the largest, times and words with the first.
        descending = order.right is not remembered.requests_reversed
        agent_id = self.choice.agent_id if self.choice else None
        return View(self._filter, agent_id, remembered.show_hidden, order, descending)

    def _surroundings(self) -> Surroundings:
        return Surroundings(self._sources.clock.now(), self._table.agents, self._title_of)

    def _look_again(self) -> None:
        if self._filter.timed:
            self._show_again()
        else:
            self._show_waiting()

    def _show_waiting(self) -> None:
        """Show which clients wait to try again: that ends with time, and with their agent's next request."""
        waiting = {call.last.id for call in self._list.listing.calls(-_NEWEST_CALLS) if self._table.waits(call.last)}
        if waiting != self._waiting:
            self._waiting = waiting
            self._list.draw_again()

    def _date_rows(self) -> None:
        """Give times a date where some request is of another day."""
        earliest = self._list.listing.earliest
        dated = earliest is not None and not self._sources.clock.today(earliest.tries[0].started_at)
        if dated != self._table.dated:
            self._table.dated = dated
            self._heading.refresh()
            self._list.draw_again()

    def _name_it(self) -> None:
        if self.choice is not None:
            self._list.say_when_empty(self._why_empty())
            self.name_it(f"Requests · {self.whose}", " · ".join(self._notes()))

    @property
    def whose(self) -> str:
        """Whose requests these are, in words."""
        choice = self.choice
        if choice is None:
            return ""
        if choice.every:
            return "all sessions"
        title = session_title(self._sources.ledger.session(choice.session_id))
        return title if choice.agent_id is None else f"{title} · {agent_name(choice.agent_id, self._table.agents)}"

    def _why_empty(self) -> Sequence[Line]:
        """Return why no request is listed, and what shows some."""
        listing = self._list.listing
        lines: list[Line] = []
        if self._filter:
            lines.append(((f" No request matches {plain(self.filter_text)}", "dim"),))
            lines.append(((" esc", "accent"), (" clears the filter", "dim")))
        if listing.hidden:
            requests = "request" if listing.hidden == 1 else "requests"
            lines.append(((" H", "accent"), (f" shows {listing.hidden:,} hidden {requests}", "dim")))
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
        self.post_message(self.Shown())

    @on(RowList.Counted)
    def _counted(self, event: RowList.Counted) -> None:
        event.stop()
        self._name_it()

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        if event.by_hand:
            self.post_message(self.Used())

    @on(RequestList.Chosen)
    def _chosen(self, event: RequestList.Chosen) -> None:
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
        """Choose by what the list is ordered."""
        columns = dict.fromkeys((BY_TIME, *self._table.available))
        now = self._view.order
        options = [
            Option(column.name, letter, column.name, column.about + (" (now)" if column is now else ""))
            for letter, column in zip(_ORDER_LETTERS, columns, strict=False)
        ]

        def chosen(name: Hashable | None) -> None:
            if name is not None:
                self._order_by(BY_NAME[str(name)])

        self.app.push_screen(ChooseDialog("Order by", options), chosen)

    def _order_by(self, column: Column) -> None:
        self._remember(requests_order=column.name, requests_reversed=False)

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._remember(requests_reversed=not self._sources.preferences.now.requests_reversed)

    @on(Heading.Clicked)
    def _heading_clicked(self, event: Heading.Clicked) -> None:
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
        """Type a filter."""
        self._bar.open()
        self.post_message(self.Used())

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self._filter = event.filter
        self._show_again()

    @on(FilterBar.Left)
    def _filter_left(self, event: FilterBar.Left) -> None:
        event.stop()
        self._list.focus()

    def _known_values(self) -> Mapping[str, Sequence[str]]:
        """What the newest requests say, by the field that asks for it."""
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
        """Textual's hook: where there is nothing to clear, the key is the screen's."""
        return bool(self._list.marks or self._filter) if action == "clear" else True

    def action_clear(self) -> None:
        """Take the marks away, then the filter."""
        if self._list.marks:
            self._list.take_marks_away()
        else:
            self._bar.clear()

    def verbs(self) -> Iterator[Verb]:
        """What the command line can do with the requests."""
        yield Verb("filter", "Filter requests by words and fields; without any, show all", self._bar.fill)
        yield Verb("sort", "Order requests by a column", self._sort, list(_SPOKEN))
        yield Verb("columns", "Choose the columns of the requests", lambda _: self.action_columns())

    def _sort(self, name: str) -> None:
        column = _SPOKEN.get(name.casefold())
        if column is not None:
            self._order_by(column)
        else:
            near = nearest(name.casefold(), _SPOKEN)
            meant = f"did you mean {near}? It" if near else "it"
            self.notify(f"There is no column {name!r}; {meant} can be one of {', '.join(_SPOKEN)}", severity="warning")

    def action_copy_id(self) -> None:
        """Copy the id of the request with the cursor."""
        if self.exchange_id is not None:
            clipboard.copy(self, self.exchange_id, self.exchange_id)

    def action_compare(self) -> None:
        """Compare two marked requests, or a marked one with the one with the cursor; without marks, that one with the
        previous request of its agent."""
        if self.exchange_id is None:
            return
        marked = [call.last.id for call in self._list.marked_calls]
        pair = sorted({*marked, self.exchange_id} if len(marked) == 1 else marked)
        if len(pair) > 2:
            self.notify(f"{len(pair)} requests are marked: mark two to compare them.", severity="warning", timeout=4)
        elif len(pair) == 2:
            self.app.push_screen(CompareScreen(self._sources, pair[1], pair[0]))
        else:
            self.app.push_screen(CompareScreen(self._sources, self.exchange_id))

    def action_export(self) -> None:
        """Choose what to write into a file, and how."""
        if self.choice is None:
            return
        choice, ledger = self.choice, self._sources.ledger
        sets: dict[Which, Callable[[], Sequence[Exchange]]] = {}
        if self._list.marks:
            sets["marked"] = lambda: self._list.marked
        if self._filter or choice.agent_id is not None:
            sets["shown"] = lambda: list(self._list.exchanges)
        sets["all" if choice.every else "session"] = lambda: choice.requests(ledger)
        self._exporter.ask(choice.session_id, sets)
