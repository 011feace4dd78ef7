"""The requests of what is chosen, below the names of their columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from candela_tui.exchange import Exchange
from candela_tui.ui.dashboard.pane import Pane
from candela_tui.ui.dashboard.request_rows import RequestRow, heading
from candela_tui.ui.dashboard.session_rows import Choice, agent_names, session_title
from candela_tui.ui.ink import Line
from candela_tui.ui.ledger import BACKGROUND, Change
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.rows.row_list import RowList
from candela_tui.ui.sources import Sources


class _Heading(OneLine):
    DEFAULT_CSS = """
    _Heading { padding: 0 1 0 0; }
    """

    def compose_line(self, width: int) -> Line:
        """The columns' names."""
        return heading(width)


class RequestsPane(Pane):
    """Follows the newest request until its user scrolls up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "H",
            "toggle_hidden",
            "Hidden",
            tooltip="Show or hide the client's own probes, counts and titles",
            id="requests.hidden",
        ),
    ]

    class Shown(Message):
        """Other requests are in the list, or those in it changed."""

    @dataclass
    class Moved(Message):
        """The cursor is on another request."""

        exchange_id: str

    @dataclass
    class Opened(Message):
        """A request was opened."""

        exchange_id: str

    def __init__(self, sources: Sources) -> None:
        super().__init__("Requests", RowList(id="request-rows", follow=True), id="requests")
        self._sources = sources
        self.choice: Choice | None = None
        """Whose requests these are; None: nobody's yet."""
        self._hidden = 0

    def compose(self) -> ComposeResult:
        """The heading and the list."""
        yield _Heading()
        yield self.rows

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """The requests in the list."""
        return [row.exchange for row in self.rows.rows if isinstance(row, RequestRow)]

    @property
    def exchange_id(self) -> str | None:
        """The request with the cursor."""
        key = self.rows.cursor_key
        return None if key is None else str(key)

    def neighbour(self, exchange_id: str, step: int) -> str | None:
        """Move to the request so many places below (or above) one; return its id, None: there is none."""
        key = self.rows.neighbour(exchange_id, step)
        if key is None:
            return None
        self.rows.move_to(key)
        return str(key)

    def show(self, choice: Choice) -> None:
        """Show the requests of a session or sub-agent."""
        self.choice = choice
        ledger = self._sources.ledger
        names = agent_names(ledger.session(choice.session_id))
        wanted = [exchange for exchange in ledger.requests(choice.session_id) if self._wanted(exchange)]
        shown = [exchange for exchange in wanted if self._show_hidden or exchange.kind not in BACKGROUND]
        self._hidden = len(wanted) - len(shown)
        self.rows.show_rows((self._row(exchange, names) for exchange in shown), anew=True)
        self._name_it()
        self.post_message(self.Shown())

    def take_change(self, change: Change) -> None:
        """Show changed exchanges."""
        if self.choice is None or self.choice.session_id not in change.sessions:
            return
        self._put(change.exchanges)
        self.post_message(self.Shown())

    @property
    def _show_hidden(self) -> bool:
        return self._sources.preferences.now.show_hidden

    def _wanted(self, exchange: Exchange) -> bool:
        choice = self.choice
        return choice is not None and choice.agent_id in (None, exchange.agent_id)

    def _row(self, exchange: Exchange, names: dict[str, str]) -> RequestRow:
        agent = "main" if exchange.agent_id is None else names.get(exchange.agent_id, exchange.agent_id)
        return RequestRow(exchange, agent, self._sources.clock)

    def _put(self, changed: Iterable[Exchange]) -> None:
        assert self.choice is not None
        rows = self.rows.rows
        newest = rows[-1].key if rows else ""
        known = {row.key for row in rows}
        names = agent_names(self._sources.ledger.session(self.choice.session_id))
        for exchange in sorted(changed, key=lambda exchange: exchange.id):
            if exchange.session_id != self.choice.session_id or not self._wanted(exchange):
                continue
            if not self._show_hidden and exchange.kind in BACKGROUND:
                continue
            if exchange.id not in known and exchange.id < str(newest):
                self.show(self.choice)
                break
            self.rows.put_row(self._row(exchange, names))
        if not self._show_hidden:
            wanted = sum(map(self._wanted, self._sources.ledger.requests(self.choice.session_id)))
            self._hidden = wanted - len(self.rows.rows)
        self._name_it()

    def _name_it(self) -> None:
        assert self.choice is not None
        session = self._sources.ledger.session(self.choice.session_id)
        title = f"Requests · {session_title(session)}"
        if self.choice.agent_id is not None:
            title += f" · {agent_names(session).get(self.choice.agent_id, self.choice.agent_id)}"
        marks = []
        if self._hidden:
            marks.append(f"+{self._hidden} hidden")
        if self.rows.unseen:
            marks.append(f"{self.rows.unseen} new ↓ G")
        self.name_it(title, " · ".join(marks))

    @on(RowList.Counted)
    def _counted(self, event: RowList.Counted) -> None:
        event.stop()
        self._name_it()

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self.post_message(self.Moved(str(event.key)))

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        self.post_message(self.Opened(str(event.key)))

    def action_toggle_hidden(self) -> None:
        """Show or hide the client's own requests."""
        self._sources.preferences.change(show_hidden=not self._show_hidden)
        if self.choice is not None:
            self.show(self.choice)
