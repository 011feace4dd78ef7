"""Held requests as rows."""

from dataclasses import dataclass, field

from candela_tui.analysis import labels
from candela_tui.exchange import Exchange
from candela_tui.protocol.kind import Kind
from candela_tui.text import amounts, times
from candela_tui.text.cells import fitted
from candela_tui.text.times import Clock
from candela_tui.ui.style.styled_text import Line

_WAITED, _AGENT, _MODEL, _SIZE = 8, 12, 18, 9


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One held request in one line."""

    key: str
    exchange: Exchange
    agent: str
    session: str
    """The session's title."""
    clock: Clock = field(compare=False)
    height: int = 1
    moving: bool = True

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw how long it waits, whose it is, and what it asks for."""
        exchange = self.exchange
        waited = (exchange.elapsed_ms(self.clock.now()) or 0.0) - (exchange.held_at_ms or 0.0)
        kind = "" if exchange.kind is Kind.MESSAGES else exchange.kind.value
        what = " · ".join(filter(None, (kind, self.session)))
        rest = max(8, width - _WAITED - _AGENT - _MODEL - _SIZE - 6)
        return (
            (fitted(f" {times.duration(max(0.0, waited))}", _WAITED), "warn"),
            (f" {fitted(self.agent, _AGENT)}", "text"),
            (f" {fitted(labels.model(exchange.model), _MODEL)}", "text"),
            (f" {fitted(amounts.size(exchange.request_bytes), _SIZE, right=True)}", "dim"),
            (f"  {fitted(what, rest)}", "dim"),
        )
