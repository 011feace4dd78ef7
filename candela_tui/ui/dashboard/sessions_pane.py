"""The sessions and their sub-agents, one of which is chosen."""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.timer import Timer

from candela_tui.analysis.sessions import SessionSummary
from candela_tui.ui.dashboard.choice import Choice
from candela_tui.ui.dashboard.pane import Pane
from candela_tui.ui.dashboard.session_filter import SessionFilter
from candela_tui.ui.dashboard.session_rows import AgentRow, AllRow, SessionRow, total_cost
from candela_tui.ui.dashboard.session_tree import (
    ORDERS,
    Look,
    SessionTree,
    matching,
    next_order,
    order_name,
    ordered,
)
from candela_tui.ui.ink import Line
from candela_tui.ui.ledger import Change
from candela_tui.ui.plain import plain
from candela_tui.ui.rows.row_list import RowList
from candela_tui.ui.sources import Sources

_SIGN_CELLS = 2
_ARROW_CELLS = 2
"""At the end of the order's words: where a click reverses."""


class _SessionList(RowList):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "fold", "Fold", id="sessions.fold", tooltip="Show or hide the sub-agents of the session"),
        Binding("F", "follow", "Follow", id="sessions.follow", tooltip="Follow the newest session, or stop"),
    ]

    class FoldAsked(Message):
        """The row with the cursor is to be folded or unfolded."""

    class FollowAsked(Message):
        """The newest session is to be followed, or no longer."""

    def action_fold(self) -> None:
        """Fold or unfold."""
        self.post_message(self.FoldAsked())

    def action_follow(self) -> None:
        """Follow the newest session, or stop."""
        self.post_message(self.FollowAsked())


class SessionsPane(Pane):
    """Follows the newest session until its user chooses another, or reads requests."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="sessions.filter", tooltip="Filter sessions by words"),
        Binding("o", "order", "Order", id="sessions.order", tooltip="Order by last activity, cost or tokens"),
        Binding("O", "reverse", "Reverse", show=False, id="sessions.reverse", tooltip="Reverse the order of sessions"),
        Binding("Z", "fold_all", "Fold all", show=False, id="sessions.fold_all", tooltip="Fold or unfold all sessions"),
        Binding("l,right", "unfold", "Unfold", show=False, id="sessions.unfold", tooltip="Show the sub-agents"),
        Binding("h,left", "fold_up", "Fold", show=False, id="sessions.fold_up", tooltip="Hide the sub-agents"),
        Binding("escape", "clear", "Show all", show=False, id="sessions.show_all", tooltip="End the filter"),
    ]

    @dataclass
    class Chosen(Message):
        """Another session or sub-agent is chosen."""

        choice: Choice

    class Entered(Message):
        """The chosen session was opened: the user wants to see its requests."""

    def __init__(self, sources: Sources) -> None:
        super().__init__("Sessions", _SessionList(id="session-rows"), id="sessions")
        self._sources = sources
        self._following = True
        self._filter = SessionFilter()
        self._tree = SessionTree()
        self._order_words = ""
        self._shown = 0
        self._known = 0
        """Sessions with something to show."""
        self._newest: datetime | None = None
        """When the newest session began."""
        self._seconds: Timer | None = None
        self.choice: Choice | None = None
        """None while there is no session."""

    def compose(self) -> ComposeResult:
        """The list, and the line of its filter."""
        yield self.rows
        yield self._filter

    def on_mount(self) -> None:
        """Be ready to count the cache clocks down."""
        self._seconds = self.set_interval(1.0, self._count_down, pause=True)

    def on_resize(self) -> None:
        """Another width has other words."""
        self.show()

    def make_compact(self, compact: bool) -> None:
        """Have one line a session, or several."""
        changes = compact != self.lined
        super().make_compact(compact)
        if changes and self.is_mounted:
            self.show()

    def show(self, *, anew: bool = True) -> None:
        """Show the sessions as they are now; without ``anew`` what rests may say the time of a few seconds ago."""
        ledger, now = self._sources.ledger, self._sources.clock.now()
        every = ledger.sessions()
        shown = ordered(matching(every, self._filter.words), self._order, reverse=self._reversed)
        self._shown, self._known = len(shown), len(every)
        rows = self._tree.rows(shown, now, self._look, chosen=self.choice, anew=anew)
        self.rows.show_rows([*self._all_row(), *rows])
        if self.choice is None and shown:
            self.rows.move_to(Choice(shown[0].session_id), by_hand=False)
            self._choose(Choice(shown[0].session_id))
        self.rows.say_when_empty(self._why_empty())
        self._name_it()
        self._let_count()
        self._newest = max((session.started_at for session in every if session.started_at), default=None)

    def _all_row(self) -> Iterator[AllRow]:
        """Yield the row of all sessions; a filter looks for some of them."""
        if self._known and not self._filter.words:
            ledger = self._sources.ledger
            today = ledger.today()
            cost = total_cost(today) if today.requests else "$0"
            yield AllRow(ledger.totals(), self._known, cost, self.lined)

    def take_change(self, change: Change) -> None:
        """Show changed exchanges; a session that just began is chosen while the newest is followed."""
        if self._show_in_place(change.sessions):
            return
        before = self._newest
        self.show(anew=False)
        if self._following and self._newest != before:
            self._go_to_newest()

    def _go_to_newest(self) -> None:
        for session in self._sources.ledger.sessions():
            if session.started_at == self._newest:
                self.rows.move_to(Choice(session.session_id), by_hand=False)

    def _show_in_place(self, session_ids: Collection[str | None]) -> bool:
        """Show these sessions where they are, whatever the number of others; False: some belong elsewhere now."""
        if self._filter.words:
            return False
        rank, now, look = ORDERS[self._order].rank, self._sources.clock.now(), self._look
        for session_id in session_ids:
            row, session = self.rows.row(Choice(session_id)), self._sources.ledger.session(session_id)
            if not isinstance(row, SessionRow) or rank(row.session) != rank(session):
                return False
            rows = self._tree.rows([session], now, look, chosen=self.choice, anew=False)
            if [each.key for each in rows] != list(self._keys_of(row.key)):
                return False
            for each in rows:
                self.rows.put_row(each)
        for all_of_them in self._all_row():
            self.rows.put_row(all_of_them)
        self._let_count()
        return True

    def _keys_of(self, first: Choice) -> Iterator[Choice]:
        """Of the rows of a session: its own, then its sub-agents'."""
        key: Hashable | None = first
        while isinstance(key, Choice) and key.session_id == first.session_id:
            yield key
            key = self.rows.neighbour(key, 1)

    @property
    def _look(self) -> Look:
        return Look(compact=self.lined, by_tokens=self._order == "tokens")

    def stay(self) -> None:
        """Stop following the newest session."""
        self._follow(False)

    def _follow(self, follow: bool) -> None:
        if follow != self._following:
            self._following = follow
            self._name_it()
            if follow:
                self._go_to_newest()

    @property
    def _order(self) -> str:
        return order_name(self._sources.preferences.now.sessions_order)

    @property
    def _reversed(self) -> bool:
        return self._sources.preferences.now.sessions_reversed

    def _why_empty(self) -> Sequence[Line]:
        """Return why no session is listed, and what shows some."""
        if not self._filter.words:
            return ()
        return (
            ((f" No session matches {plain(self._filter.words)}", "dim"),),
            ((" esc", "accent"), (" clears the filter", "dim")),
        )

    def _name_it(self) -> None:
        title = f"Sessions · {self._shown} of {self._known}" if self._filter.words else "Sessions"
        self._order_words = f"{ORDERS[self._order].word} {'↑' if self._reversed else '↓'}" if self._known > 1 else ""
        follows = "following" if self._following else "not following: F"
        # The order is last, where a click on it is looked for.
        self.name_it(title, " · ".join(filter(None, (follows if self._known else "", self._order_words))))

    def _let_count(self) -> None:
        if self._seconds is not None:
            running = any(isinstance(row, SessionRow) and row.counts for row in self.rows.rows)
            (self._seconds.resume if running else self._seconds.pause)()

    def _count_down(self) -> None:
        now = self._sources.clock.now()
        for row in self.rows.in_view:
            if isinstance(row, SessionRow) and row.counts:
                self.rows.put_row(row.at(now))

    def _choose(self, choice: Choice) -> None:
        if choice != self.choice:
            self.choice = choice
            self.post_message(self.Chosen(choice))

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        if event.by_hand:
            self._follow(False)
        # The cursor may have gone on since.
        if isinstance(event.key, Choice) and event.key == self.rows.cursor_key:
            self._choose(event.key)

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        self.post_message(self.Entered())

    @on(events.Click)
    def _clicked(self, event: events.Click) -> None:
        """A click on a session's sign folds it; one on the order's words changes the order."""
        place = event.screen_offset
        order = self._order_region()
        if order.contains_point(place):
            (self.action_reverse if place.x >= order.right - _ARROW_CELLS else self.action_order)()
        elif self.rows.region.contains_point(place) and place.x - self.rows.region.x < _SIGN_CELLS:
            session = self._session_of_cursor()
            if session is not None and isinstance(self.rows.cursor_key, Choice) and not self.rows.cursor_key.agent_id:
                self._fold(session, not self._folded(session))

    def _order_region(self) -> Region:
        """Where the order's words are on the screen: at the end of the title, or of the frame below."""
        cells = len(self._order_words)
        if not (self.title_words if self.lined else self.subtitle_words).endswith(self._order_words):
            return Region()
        if self.lined:
            return Region(self.region.x + 1 + cell_len(self.title_words) - cells, self.region.y, cells, 1)
        # The frame ends with a space, a line and the corner.
        return Region(self.region.right - 3 - cells, self.region.bottom - 1, cells, 1)

    def action_order(self) -> None:
        """Take the next order."""
        self._change(sessions_order=next_order(self._order), sessions_reversed=False)

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._change(sessions_reversed=not self._reversed)

    def _change(self, **what: str | bool) -> None:
        self._sources.preferences.change(**what)
        self._show_around_cursor()

    def _show_around_cursor(self) -> None:
        self.show()
        if self.rows.cursor_key is not None:
            self.rows.move_to(self.rows.cursor_key)

    def _session_of_cursor(self) -> SessionSummary | None:
        key = self.rows.cursor_key
        return self._sources.ledger.session(key.session_id) if isinstance(key, Choice) and not key.every else None

    def _folded(self, session: SessionSummary) -> bool:
        row = self.rows.row(Choice(session.session_id))
        return isinstance(row, SessionRow) and row.folded

    def _fold(self, session: SessionSummary, folded: bool) -> None:
        if session.agents:
            self._tree.folds.set(session.session_id, folded)
            if folded:
                self.rows.move_to(Choice(session.session_id))
            self._show_around_cursor()

    @on(_SessionList.FollowAsked)
    def _follow_asked(self) -> None:
        self._follow(not self._following)

    @on(_SessionList.FoldAsked)
    def _fold_asked(self) -> None:
        session = self._session_of_cursor()
        if session is not None:
            self._fold(session, not self._folded(session))

    def action_fold_all(self) -> None:
        """Fold all sessions; where all are folded, unfold them."""
        rows = self.rows.rows
        folded = any(isinstance(row, AgentRow) for row in rows)
        self._tree.folds.set_all(folded)
        session = self._session_of_cursor()
        if folded and session is not None:
            self.rows.move_to(Choice(session.session_id))
        self._show_around_cursor()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual's hook: what is not for the tree is for the screen."""
        session = self._session_of_cursor() if self.rows.has_focus else None
        match action:
            case "unfold":
                return session is not None and self._folded(session)
            case "fold_up":
                return session is not None and bool(session.agents) and not self._folded(session)
            case "clear":
                return bool(self._filter.words)
            case "filter":
                return not self._filter.typing
        return True

    def action_unfold(self) -> None:
        """Show the session's sub-agents."""
        session = self._session_of_cursor()
        if session is not None:
            self._fold(session, False)

    def action_fold_up(self) -> None:
        """Go from a sub-agent to its session; fold a session."""
        key, session = self.rows.cursor_key, self._session_of_cursor()
        if session is None or not isinstance(key, Choice):
            return
        if key.agent_id is not None:
            self.rows.move_to(Choice(key.session_id))
        else:
            self._fold(session, True)

    def action_filter(self) -> None:
        """Begin to filter, or change the filter."""
        self._filter.begin()

    def action_clear(self) -> None:
        """End the filter."""
        self._filter.clear()

    @on(SessionFilter.Changed)
    def _filter_changed(self) -> None:
        self._show_around_cursor()

    @on(SessionFilter.Left)
    def _filter_left(self) -> None:
        self.rows.focus()
