"""The pane with the sessions and their sub-agents."""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.timer import Timer

from candela_tui.ledger.sessions import SessionSummary
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dashboard.pane import Pane
from candela_tui.ui.screens.dashboard.selection import Selection
from candela_tui.ui.screens.dashboard.sessions.session_filter import SessionFilter
from candela_tui.ui.screens.dashboard.sessions.session_rows import AgentRow, AllSessionsRow, SessionRow, total_cost
from candela_tui.ui.screens.dashboard.sessions.session_tree import (
    ORDERS,
    RowStyle,
    SessionTree,
    matching,
    next_order,
    order_name,
    ordered,
)
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.loaded_exchanges import Change
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.rows.row_list import RowList

_SIGN_CELLS = 2
_ARROW_CELLS = 2
"""Cells at the end of the sort label in which a click reverses the order."""


class _SessionList(RowList):
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("sessions.fold", "space", "fold", "Fold", "Show or hide the sub-agents of the session", footer=True),
        bind("sessions.follow", "F", "follow", "Follow", "Follow the newest session, or stop", footer=True),
    ]

    class FoldAsked(Message):
        """Posted to fold or unfold the row with the cursor."""

    class FollowAsked(Message):
        """Posted to follow the newest session, or to stop."""

    def action_fold(self) -> None:
        """Fold or unfold the session."""
        self.post_message(self.FoldAsked())

    def action_follow(self) -> None:
        """Follow the newest session, or stop."""
        self.post_message(self.FollowAsked())


class SessionsPane(Pane):
    """The sessions pane. Follows the newest session until the user selects another or reads requests."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("sessions.filter", "slash", "filter", "Filter", "Filter sessions by words", shown_as="/", footer=True),
        bind("sessions.order", "o", "order", "Sort", "Sort by last activity, cost or tokens", footer=True),
        bind("sessions.reverse", "O", "reverse", "Reverse", "Reverse the sort order"),
        bind("sessions.fold_all", "Z", "fold_all", "Fold all", "Fold or unfold all sessions"),
        bind("sessions.unfold", "l,right", "unfold", "Unfold", "Show the sub-agents"),
        bind("sessions.fold_up", "h,left", "fold_up", "Fold", "Hide the sub-agents"),
        bind("sessions.show_all", "escape", "clear", "Clear filter", "Clear the filter"),
    ]

    @dataclass
    class SelectionChanged(Message):
        """Another session or sub-agent is selected."""

        selection: Selection

    class Entered(Message):
        """The selected session was opened: the user wants to see its requests."""

    def __init__(self, sources: DataSources) -> None:
        super().__init__("Sessions", _SessionList(id="session-rows"), id="sessions")
        self._sources = sources
        self._following = not sources.status.tour
        self._filter = SessionFilter()
        self._tree = SessionTree()
        self._order_words = ""
        self._shown = 0
        self._known = 0
        """The number of sessions."""
        self._newest: datetime | None = None
        """When the newest session began."""
        self._seconds: Timer | None = None
        self.selection: Selection | None = None
        """The selection; None while there is no session."""

    def compose(self) -> ComposeResult:
        """Lay out the list and its filter."""
        yield self.rows
        yield self._filter

    def on_mount(self) -> None:
        """Prepare the timer of the cache clocks."""
        self._seconds = self.set_interval(1.0, self._count_down, pause=True)

    def on_resize(self) -> None:
        """Fit the rows to the new width."""
        self.show()

    def make_compact(self, compact: bool) -> None:
        """Show one line per session, or several."""
        changes = compact != self.lined
        super().make_compact(compact)
        if changes and self.is_mounted:
            self.show()

    def show(self, *, reset: bool = True) -> None:
        """Show the sessions as they are now. Without ``reset``, times of unchanged rows may be some seconds old."""
        loaded, now = self._sources.loaded, self._sources.clock.now()
        every = loaded.sessions()
        shown = ordered(matching(every, self._filter.words), self._order, now, reverse=self._reversed)
        self._shown, self._known = len(shown), len(every)
        rows = self._tree.rows(
            shown, now, self._look, chosen=self.selection, reset=reset, budgets=self._sources.budgets
        )
        self.rows.show_rows([*self._all_row(), *rows])
        if not every:
            self.selection = None
        if self.selection is None and shown:
            self.rows.move_to(Selection(shown[0].session_id), by_hand=False)
            self._choose(Selection(shown[0].session_id))
        self.rows.say_when_empty(self._why_empty())
        self._name_it()
        self._let_count()
        self._newest = max((session.started_at for session in every if session.started_at), default=None)

    def _all_row(self) -> Iterator[AllSessionsRow]:
        """Yield the row of all sessions, unless a filter selects some."""
        if self._known and not self._filter.words:
            loaded = self._sources.loaded
            today = loaded.today()
            cost = total_cost(today) if today.requests else "$0"
            yield AllSessionsRow(loaded.totals(), self._known, cost, self.lined)

    def take_change(self, change: Change) -> None:
        """Show changed exchanges; select a new session while the newest is followed."""
        if not change.removed and self._show_in_place(change.sessions):
            return
        before = self._newest
        self.show(reset=False)
        if self._following and self._newest != before:
            self._go_to_newest()

    def _go_to_newest(self) -> None:
        for session in self._sources.loaded.sessions():
            if session.started_at == self._newest:
                self.rows.move_to(Selection(session.session_id), by_hand=False)

    def _show_in_place(self, session_ids: Collection[str | None]) -> bool:
        """Update the rows of these sessions in place. Return False if some of them move."""
        if self._filter.words:
            return False
        rank, now, look = ORDERS[self._order].rank, self._sources.clock.now(), self._look
        for session_id in session_ids:
            row, session = self.rows.row(Selection(session_id)), self._sources.loaded.session(session_id)
            if not isinstance(row, SessionRow) or rank(row.session, now) != rank(session, now):
                return False
            rows = self._tree.rows(
                [session], now, look, chosen=self.selection, reset=False, budgets=self._sources.budgets
            )
            if [each.key for each in rows] != list(self._keys_of(row.key)):
                return False
            for each in rows:
                self.rows.put_row(each)
        for all_of_them in self._all_row():
            self.rows.put_row(all_of_them)
        self._let_count()
        return True

    def _keys_of(self, first: Selection) -> Iterator[Selection]:
        """Yield the keys of a session's rows: its own, then its sub-agents'."""
        key: Hashable | None = first
        while isinstance(key, Selection) and key.session_id == first.session_id:
            yield key
            key = self.rows.neighbour(key, 1)

    @property
    def _look(self) -> RowStyle:
        return RowStyle(compact=self.lined, by_tokens=self._order == "tokens")

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
        """Return why no session is listed, and how to list some."""
        if not self._filter.words:
            return ()
        return (
            ((f" No session matches {terminal_safe(self._filter.words)}", "dim"),),
            ((" press ", "dim"), ("esc", "accent"), (" to clear the filter", "dim")),
        )

    def _name_it(self) -> None:
        title = f"Sessions · {self._shown} of {self._known}" if self._filter.words else "Sessions"
        self._order_words = f"{ORDERS[self._order].word} {'↑' if self._reversed else '↓'}" if self._known > 1 else ""
        follows = "following" if self._following else "not following: F"
        # The sort label comes last, where a click expects it.
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

    def _choose(self, selection: Selection) -> None:
        if selection != self.selection:
            self.selection = selection
            self.post_message(self.SelectionChanged(selection))

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        if event.by_hand:
            self._follow(False)
        # The cursor may have moved since.
        if isinstance(event.key, Selection) and event.key == self.rows.cursor_key:
            self._choose(event.key)

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        self.post_message(self.Entered())

    @on(events.Click)
    def _clicked(self, event: events.Click) -> None:
        """Fold a session by a click on its sign; sort by a click on the sort label."""
        place = event.screen_offset
        order = self._order_region()
        if order.contains_point(place):
            (self.action_reverse if place.x >= order.right - _ARROW_CELLS else self.action_order)()
        elif self.rows.region.contains_point(place) and place.x - self.rows.region.x < _SIGN_CELLS:
            session = self._session_of_cursor()
            if (
                session is not None
                and isinstance(self.rows.cursor_key, Selection)
                and not self.rows.cursor_key.agent_id
            ):
                self._fold(session, not self._folded(session))

    def _order_region(self) -> Region:
        """Return the screen region of the sort label: at the end of the title, or of the frame's bottom."""
        cells = len(self._order_words)
        if not (self.title_words if self.lined else self.subtitle_words).endswith(self._order_words):
            return Region()
        if self.lined:
            return Region(self.region.x + 1 + cell_len(self.title_words) - cells, self.region.y, cells, 1)
        # The frame ends with a space, a line and the corner.
        return Region(self.region.right - 3 - cells, self.region.bottom - 1, cells, 1)

    def action_order(self) -> None:
        """Switch to the next sort order."""
        self._change(sessions_order=next_order(self._order), sessions_reversed=False)

    def action_reverse(self) -> None:
        """Reverse the sort order."""
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
        return self._sources.loaded.session(key.session_id) if isinstance(key, Selection) and not key.every else None

    def _folded(self, session: SessionSummary) -> bool:
        row = self.rows.row(Selection(session.session_id))
        return isinstance(row, SessionRow) and row.folded

    def _fold(self, session: SessionSummary, folded: bool) -> None:
        if session.agents:
            self._tree.folds.set(session.session_id, folded)
            if folded:
                self.rows.move_to(Selection(session.session_id))
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
        """Fold all sessions, or unfold them if all are folded."""
        rows = self.rows.rows
        folded = any(isinstance(row, AgentRow) for row in rows)
        self._tree.folds.set_all(folded)
        session = self._session_of_cursor()
        if folded and session is not None:
            self.rows.move_to(Selection(session.session_id))
        self._show_around_cursor()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave keys to the screen that the tree does not need now. (Textual's hook.)"""
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
        """Go from a sub-agent to its session, or fold the session."""
        key, session = self.rows.cursor_key, self._session_of_cursor()
        if session is None or not isinstance(key, Selection):
            return
        if key.agent_id is not None:
            self.rows.move_to(Selection(key.session_id))
        else:
            self._fold(session, True)

    def action_filter(self) -> None:
        """Open the filter."""
        self._filter.begin()

    def action_clear(self) -> None:
        """Clear the filter."""
        self._filter.clear()

    @on(SessionFilter.Changed)
    def _filter_changed(self) -> None:
        self._show_around_cursor()

    @on(SessionFilter.Done)
    def _filter_left(self) -> None:
        self.rows.focus()
