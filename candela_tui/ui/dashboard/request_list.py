"""The list of requests: what of a session it shows, the marks in it, and the ways from one request to another."""

from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from candela_tui.analysis.conversation import same_agent
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ui.dashboard.columns import BY_TIME
from candela_tui.ui.dashboard.listing import Listing, Step, View
from candela_tui.ui.dashboard.request_rows import RequestRow
from candela_tui.ui.dashboard.table import Table
from candela_tui.ui.lines.slices import in_slices
from candela_tui.ui.rows.row_list import Edge, RowList
from candela_tui.ui.rows.row_stack import RowStack

_AT_ONCE = 500
"""Exchanges that are listed at once; of more the newest are, and then all in slices."""
_ROWS_A_STEP = 200
_WENT_WRONG = frozenset({Outcome.ERROR, Outcome.CUT, Outcome.BLOCKED, Outcome.INTERRUPTED})


class RequestList(RowList):
    """Rows are calls; their keys are the ids of the first tries."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,m", "mark", "Mark", tooltip="Mark the request, to export or compare it", id="requests.mark"),
        Binding("F", "follow", "Follow", show=False, tooltip="Follow the newest, or stop", id="requests.follow"),
        Binding("E", "next_error", "Next error", show=False, tooltip="To the next error", id="requests.next_error"),
        Binding(
            "A",
            "next_agent",
            "Next agent",
            show=False,
            tooltip="To the next request of another agent",
            id="requests.next_agent",
        ),
        Binding(
            "right_curly_bracket",
            "same_agent(1)",
            "Next of agent",
            show=False,
            tooltip="To the next request of the same agent",
            id="requests.agent_next",
        ),
        Binding(
            "left_curly_bracket",
            "same_agent(-1)",
            "Previous of agent",
            show=False,
            tooltip="To the request before of the same agent",
            id="requests.agent_previous",
        ),
    ]

    class Changed(Message):
        """Other calls are in the list, or those in it, or marks, changed."""

    @dataclass
    class Chosen(Message):
        """The cursor is on another request, or a request under it was tried again."""

        exchange_id: str

    def __init__(self, table: Table, view: View, around: Callable[[], Surroundings], *, id: str) -> None:
        super().__init__(follow=True, id=id)
        self._table = table
        self._around = around
        self._listing = Listing(view, table)
        self._waiting: list[Exchange] | None = None
        """What changed while a long session is being listed."""
        self._marked: dict[str, Call] = {}
        self._told: str | None = None
        """The request that is known to have the cursor."""

    @property
    def listing(self) -> Listing:
        """What is in the list."""
        return self._listing

    @property
    def _newest_key(self) -> str | None:
        """The newest call, also where the filter leaves it out: one that comes back from it is not new."""
        return self._listing.newest_key

    @property
    def exchanges(self) -> Iterator[Exchange]:
        """The requests in the list, with all their tries, the earliest first."""
        return self._listing.exchanges()

    @property
    def marked(self) -> list[Exchange]:
        """The requests that are marked, with all their tries."""
        return [exchange for call in self._marked.values() for exchange in call.tries]

    @property
    def marked_calls(self) -> list[Call]:
        """The calls that are marked, in the order of the marks."""
        return list(self._marked.values())

    @property
    def marks(self) -> int:
        """How many calls are marked."""
        return len(self._marked)

    @property
    def call(self) -> Call | None:
        """The call with the cursor."""
        return self._call_at(self.cursor) if self.rows else None

    def _call_at(self, place: int) -> Call:
        row = self.rows[place]
        assert isinstance(row, RequestRow)
        return row.call

    def list_all(self, exchanges: Sequence[Exchange], view: View, *, anew: bool = False) -> None:
        """Show these requests, the earliest first; ``anew``: the cursor begins at the newest."""
        at_once = len(exchanges) <= _AT_ONCE
        if anew or at_once:
            listing, stack = Listing(view, self._table), RowStack()
            for _ in self._steps(listing, exchanges[-_AT_ONCE:], stack):
                pass
            self._install(listing, stack, anew=anew)
        self.workers.cancel_group(self, "listing")
        self._waiting = None
        if not at_once:
            self._waiting = []
            work: Callable[[], Awaitable[None]] = partial(self._list_in_slices, exchanges, view)
            self.run_worker(work, group="listing", exclusive=True)

    async def _list_in_slices(self, exchanges: Sequence[Exchange], view: View) -> None:
        listing, stack = Listing(view, self._table), RowStack()
        await in_slices(self._steps(listing, exchanges, stack))
        waiting, self._waiting = self._waiting, None
        self._install(listing, stack)
        if waiting:
            self.take(waiting)

    def _steps(self, listing: Listing, exchanges: Sequence[Exchange], stack: RowStack) -> Iterator[None]:
        yield from listing.load(exchanges, self._around())
        for start in range(0, len(listing), _ROWS_A_STEP):
            for call in listing.calls(start, start + _ROWS_A_STEP):
                stack.insert(len(stack), self._row(call))
            yield

    def _install(self, listing: Listing, stack: RowStack, *, anew: bool = False) -> None:
        edge, before = _newest_edge(listing.view), _newest_edge(self._listing.view)
        self._listing = listing
        if anew:
            self.follow(edge)
        elif edge != before:
            self.follow(None)
        self.show_stack(stack, anew=anew)
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

    def _follow_step(self, step: Step) -> None:
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
            self.post_message(self.Chosen(call.last.id))

    def on_row_list_moved(self) -> None:
        """Tell which request has the cursor."""
        self._tell_cursor()

    def neighbour_of(self, exchange_id: str, step: int, wanted: Callable[[Exchange], bool] | None = None) -> str | None:
        """Move to the request so many places below (or above) one, or so many further on to one that is wanted; return
        the id of its last try, None: there is none."""
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
        """Which row a request has, from 1, and how many there are; None: it is not in the list."""
        key = self._listing.key_of(exchange_id)
        place = None if key is None else self._stack.place(key)
        return None if place is None else (place + 1, len(self.rows))

    def action_follow(self) -> None:
        """Follow the newest request, or stay."""
        self.toggle_following()

    def action_mark(self) -> None:
        """Mark the request with the cursor, or take its mark away, and go on to the next."""
        call = self.call
        if call is not None:
            self.toggle_mark(call.last.id)
            self.action_move(1)

    def toggle_mark(self, exchange_id: str) -> bool | None:
        """Mark a request, or take its mark away; return whether it is marked now, None: it is not in the list."""
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
        """Have no marks."""
        marked, self._marked = self._marked, {}
        for key in marked:
            row = self.row(key)
            if isinstance(row, RequestRow):
                self.put_row(self._row(row.call))
        self.post_message(self.Changed())

    def action_same_agent(self, step: int) -> None:
        """Go to the next request of the same agent, or the one before."""
        if self.call is not None:
            last = self.call.last
            self.neighbour_of(last.id, step, lambda other: same_agent(other, last))

    def action_next_error(self) -> None:
        """Go to the next request that went wrong."""
        self._go_to_next(lambda call: call.last.outcome in _WENT_WRONG, "No request here went wrong")

    def action_next_agent(self) -> None:
        """Go to the next request of another agent."""
        if self.call is not None:
            here = self.call.last
            self._go_to_next(lambda call: not same_agent(call.last, here), "All requests here are of one agent")

    def _go_to_next(self, wanted: Callable[[Call], bool], otherwise: str) -> None:
        """After the last row comes the first."""
        number = len(self.rows)
        for away in range(1, number + 1):
            call = self._call_at((self.cursor + away) % number)
            if wanted(call):
                self.move_to(call.tries[0].id)
                return
        self.notify(otherwise, timeout=2)


def _newest_edge(view: View) -> Edge | None:
    """Where new requests come in; None: anywhere."""
    if view.order is not BY_TIME:
        return None
    return "first" if view.descending else "last"
