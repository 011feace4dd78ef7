"""The list of requests: its rows, its marks, and moving between requests."""

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from candela_tui.analysis.conversation import same_agent
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dashboard.requests.columns import BY_TIME
from candela_tui.ui.screens.dashboard.requests.request_rows import RequestRow
from candela_tui.ui.screens.dashboard.requests.table import Table
from candela_tui.ui.screens.dashboard.requests.visible_calls import RowChange, ViewOptions, VisibleCalls
from candela_tui.ui.time_slices import in_slices
from candela_tui.ui.widgets.rows.row_list import Edge, RowList
from candela_tui.ui.widgets.rows.row_stack import RowStack

_AT_ONCE = 500
"""Exchanges listed at once. Of more, the newest are listed first, then all in slices."""
_ROWS_A_STEP = 200
_WENT_WRONG = frozenset({Outcome.ERROR, Outcome.CUT, Outcome.BLOCKED, Outcome.INTERRUPTED})


class RequestList(RowList):
    """A list of calls; the key of a row is the id of the call's first try."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("requests.mark", "space,m", "mark", "Mark", "Mark the request for export or comparison", footer=True),
        bind("requests.follow", "F", "follow", "Follow", "Follow the newest request, or stop"),
        bind("requests.next_error", "E", "next_error", "Next error", "Next request that failed"),
        bind("requests.next_agent", "A", "next_agent", "Next agent", "Next request of another agent"),
        bind(
            "requests.agent_next", "right_curly_bracket", "same_agent(1)", "Next of agent", "Next request of this agent"
        ),
        bind(
            "requests.agent_previous",
            "left_curly_bracket",
            "same_agent(-1)",
            "Previous of agent",
            "Previous request of this agent",
        ),
    ]

    class Changed(Message):
        """The calls in the list, or their marks, changed."""

    @dataclass
    class CursorMoved(Message):
        """The cursor is on another request, or the request under it was retried."""

        exchange_id: str

    def __init__(self, table: Table, view: ViewOptions, around: Callable[[], Surroundings], *, id: str) -> None:
        super().__init__(follow=True, id=id)
        self._table = table
        self._around = around
        self._listing = VisibleCalls(view, table)
        self._waiting: list[Exchange] | None = None
        """Changes that arrived while a long session is being listed."""
        self._marked: dict[str, Call] = {}
        self._told: str | None = None
        """The request last reported as having the cursor."""

    @property
    def listing(self) -> VisibleCalls:
        """The calls in the list."""
        return self._listing

    @property
    def _newest_key(self) -> str | None:
        """The newest call, even if the filter hides it: when the filter is cleared, it is not new."""
        return self._listing.newest_key

    @property
    def exchanges(self) -> Iterator[Exchange]:
        """The requests in the list with all their tries, the earliest first."""
        return self._listing.exchanges()

    @property
    def marked(self) -> list[Exchange]:
        """The marked requests with all their tries."""
        return [exchange for call in self._marked.values() for exchange in call.tries]

    @property
    def marked_calls(self) -> list[Call]:
        """The marked calls, in the order of marking."""
        return list(self._marked.values())

    @property
    def marks(self) -> int:
        """The number of marked calls."""
        return len(self._marked)

    def unmark(self, exchange_ids: Collection[str]) -> None:
        """Remove the marks of calls that include one of these exchanges, without redrawing the list."""
        self._marked = {
            key: call for key, call in self._marked.items() if not any(each.id in exchange_ids for each in call.tries)
        }

    @property
    def call(self) -> Call | None:
        """The call with the cursor."""
        return self._call_at(self.cursor) if self.rows else None

    def _call_at(self, place: int) -> Call:
        row = self.rows[place]
        assert isinstance(row, RequestRow)
        return row.call

    def list_all(self, exchanges: Sequence[Exchange], view: ViewOptions, *, reset: bool = False) -> None:
        """Show these requests, the earliest first. With ``reset``, the cursor goes to the newest."""
        at_once = len(exchanges) <= _AT_ONCE
        if reset or at_once:
            listing, stack = VisibleCalls(view, self._table), RowStack()
            for _ in self._steps(listing, exchanges[-_AT_ONCE:], stack):
                pass
            self._install(listing, stack, reset=reset)
        self.workers.cancel_group(self, "listing")
        self._waiting = None
        if not at_once:
            self._waiting = []
            work = deferred(self._list_in_slices, exchanges, view)
            self.run_worker(work, group="listing", exclusive=True)

    async def _list_in_slices(self, exchanges: Sequence[Exchange], view: ViewOptions) -> None:
        listing, stack = VisibleCalls(view, self._table), RowStack()
        await in_slices(self._steps(listing, exchanges, stack))
        waiting, self._waiting = self._waiting, None
        self._install(listing, stack)
        if waiting:
            self.take(waiting)

    def _steps(self, listing: VisibleCalls, exchanges: Sequence[Exchange], stack: RowStack) -> Iterator[None]:
        yield from listing.load(exchanges, self._around())
        for start in range(0, len(listing), _ROWS_A_STEP):
            for call in listing.calls(start, start + _ROWS_A_STEP):
                stack.insert(len(stack), self._row(call))
            yield

    def _install(self, listing: VisibleCalls, stack: RowStack, *, reset: bool = False) -> None:
        edge, before = _newest_edge(listing.view), _newest_edge(self._listing.view)
        self._listing = listing
        if reset:
            self.follow(edge)
        elif edge != before:
            self.follow(None)
        self.show_stack(stack, reset=reset)
        self.follow(edge)
        self._tell()

    def take(self, exchanges: Sequence[Exchange]) -> None:
        """Show new snapshots of the session's exchanges."""
        if self._waiting is not None:
            self._waiting += exchanges
            return
        for step in self._listing.take(exchanges, self._around()):
            self._follow_step(step)
        self._tell()

    def _follow_step(self, step: RowChange) -> None:
        row = self._row(step.call)
        if row.marked:
            self._marked[row.key] = step.call
        if step.was is not None and step.now is not None:
            self.move_row(step.was, step.now, row)
        elif step.now is not None:
            self.insert_row(step.now, row)
        elif step.was is not None:
            self.remove_row(step.was)

    def _row(self, call: Call) -> RequestRow:
        key = call.tries[0].id
        return RequestRow(key, call, self._table, key in self._marked)

    def _tell(self) -> None:
        self._tell_cursor()
        self.post_message(self.Changed())

    def _tell_cursor(self) -> None:
        call = self.call
        if call is not None and call.last.id != self._told:
            self._told = call.last.id
            self.post_message(self.CursorMoved(call.last.id))

    def on_row_list_moved(self) -> None:
        """Report the request with the cursor."""
        self._tell_cursor()

    def neighbour_of(self, exchange_id: str, step: int, wanted: Callable[[Exchange], bool] | None = None) -> str | None:
        """Move to the request ``step`` places below (or above) another, or on to the next that is wanted. Return the id
        of its last try, or None if there is none."""
        key: Hashable | None = self._listing.key_of(exchange_id)
        if key is None or self.row(key) is None:
            return None
        while (key := self.neighbour(key, step)) is not None:
            last = self._listing.call(str(key)).last
            if wanted is None or wanted(last):
                self.move_to(key)
                return last.id
            if not step:
                return None
        return None

    def place_of(self, exchange_id: str) -> tuple[int, int] | None:
        """Return a request's row, from 1, and the number of rows; None if it is not in the list."""
        key = self._listing.key_of(exchange_id)
        place = None if key is None else self._stack.place(key)
        return None if place is None else (place + 1, len(self.rows))

    def action_follow(self) -> None:
        """Follow the newest request, or stop."""
        self.toggle_following()

    def action_mark(self) -> None:
        """Mark or unmark the request with the cursor, and move on to the next."""
        call = self.call
        if call is not None:
            self.toggle_mark(call.last.id)
            self.action_move(1)

    def toggle_mark(self, exchange_id: str) -> bool | None:
        """Mark or unmark a request. Return whether it is marked now, or None if it is not in the list."""
        key = self._listing.key_of(exchange_id)
        if key is None or self.row(key) is None:
            return None
        call = self._listing.call(key)
        if self._marked.pop(key, None) is None:
            self._marked[key] = call
        self.put_row(self._row(call))
        self.post_message(self.Changed())
        return key in self._marked

    def take_marks_away(self) -> None:
        """Remove all marks."""
        marked, self._marked = self._marked, {}
        for key in marked:
            row = self.row(key)
            if isinstance(row, RequestRow):
                self.put_row(self._row(row.call))
        self.post_message(self.Changed())

    def action_same_agent(self, step: int) -> None:
        """Go to the next or previous request of the same agent."""
        if self.call is not None:
            last = self.call.last
            self.neighbour_of(last.id, step, lambda other: same_agent(other, last))

    def action_next_error(self) -> None:
        """Go to the next request that failed."""
        self._go_to_next(lambda call: call.last.outcome in _WENT_WRONG, "No request in this list failed")

    def action_next_agent(self) -> None:
        """Go to the next request of another agent."""
        if self.call is not None:
            here = self.call.last
            self._go_to_next(
                lambda call: not same_agent(call.last, here), "All requests in this list are from one agent"
            )

    def _go_to_next(self, wanted: Callable[[Call], bool], otherwise: str) -> None:
        """Search from the cursor on; after the last row comes the first."""
        number = len(self.rows)
        for away in range(1, number + 1):
            call = self._call_at((self.cursor + away) % number)
            if wanted(call):
                self.move_to(call.tries[0].id)
                return
        self.notify(otherwise, timeout=2)


def _newest_edge(view: ViewOptions) -> Edge | None:
    """Return where new requests appear, or None: anywhere."""
    if view.order is not BY_TIME:
        return None
    return "first" if view.descending else "last"
