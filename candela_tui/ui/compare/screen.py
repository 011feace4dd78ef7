"""The screen that compares a request with the previous one of the same agent."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer

from candela_tui.exchange import Exchange
from candela_tui.protocol.request import Kind
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.sources import Sources


class CompareScreen(Screen[None]):
    """Shows what a request has that the one before it had not, and the other way round."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", id="compare.back", tooltip="Leave the comparison"),
    ]

    def __init__(self, sources: Sources, exchange_id: str) -> None:
        super().__init__()
        self._sources = sources
        self._exchange_id = exchange_id
        self._view = TextView(id="view")

    def compose(self) -> ComposeResult:
        """The differences, and keys."""
        yield self._view
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Compare."""
        self._view.focus()
        exchange = self._sources.ledger.exchange(self._exchange_id)
        before = previous_of(self._sources, exchange) if exchange is not None else None
        lines = WrittenLines()
        if exchange is None or before is None:
            lines.add((" The first request of its agent: there is nothing to compare it with.", "dim"))
        else:
            lines.add((f" {before.request_bytes:,} bytes before, {exchange.request_bytes:,} bytes now", "text"))
        self._view.show_lines(lines)

    def action_back(self) -> None:
        """Leave the screen."""
        self.dismiss()


def previous_of(sources: Sources, exchange: Exchange) -> Exchange | None:
    """The request of the same agent and kind before this one; None: it is the first."""
    if exchange.kind is not Kind.MESSAGES:
        return None
    earlier = (
        other
        for other in sources.ledger.requests(exchange.session_id)
        if other.id < exchange.id and other.agent_id == exchange.agent_id and other.kind is exchange.kind
    )
    return max(earlier, key=lambda other: other.id, default=None)
