"""The ledger of a proxy process, for rules to read: earlier records and the requests that it relays now."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Ledger
from candela_tui.ledger.session_sums import SessionFacts
from candela_tui.ledger.started_agents import StartedAgents
from candela_tui.ledger.totals import Totals
from candela_tui.text.times import Clock


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and cost of some requests."""

    requests: int
    prompt_tokens: int
    output_tokens: int
    usd: Decimal
    at_least: bool
    """Whether they may have cost more than ``usd``: a request has no price, or could not be read in full."""


class Spending(Protocol):
    """The part of the ledger that rules read. Live requests count with what is known of them so far."""

    @property
    def complete(self) -> bool:
        """Return whether the records from before this process are included."""

    @property
    def agents(self) -> StartedAgents:
        """Return what tells the types of sub-agents."""

    def about(self, session_id: str | None) -> SessionFacts:
        """Return what the requests of a session state about it."""

    def today(self) -> Spent:
        """Return what the requests of the user's current day used."""

    def session(self, session_id: str | None) -> Spent:
        """Return what a session used; None selects the requests without a session."""

    def agent(self, session_id: str | None, agent_id: str) -> Spent:
        """Return what one sub-agent used."""

    def project(self, cwd: str) -> Spent:
        """Return what the sessions in a directory used."""

    def model(self, name: str) -> Spent:
        """Return what the requests to a model used."""


class RunningLedger:
    """Counts the newest snapshot of each exchange, replacing the previous one. Used only on the proxy's event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ledger = Ledger()
        self._live: dict[str, Exchange] = {}
        self.complete = False
        self.agents = StartedAgents()

    def take(self, exchange: Exchange) -> None:
        """Count the newest snapshot of an exchange of this process."""
        self.agents.take(exchange)
        before = self._live.get(exchange.id)
        if before is None or _figures(before) != _figures(exchange):
            self._ledger.change(before, exchange)
            if exchange.live:
                self._live[exchange.id] = exchange
        if not exchange.live:
            self._live.pop(exchange.id, None)

    def fill(self, recorded: Ledger) -> Iterator[None]:
        """Add the sums over records from before this process, a few per step."""
        yield from self._ledger.including(recorded)
        self.complete = True

    def about(self, session_id: str | None) -> SessionFacts:
        """Return what the requests of a session state about it."""
        return self._ledger.about(session_id)

    def today(self) -> Spent:
        """Return what the requests of the user's current day used."""
        return _spent(self._ledger.day(self._clock.now(), self._clock.local))

    def session(self, session_id: str | None) -> Spent:
        """Return what a session used; None selects the requests without a session."""
        return _spent(self._ledger.session(session_id))

    def agent(self, session_id: str | None, agent_id: str) -> Spent:
        """Return what one sub-agent used."""
        return _spent(self._ledger.agent(session_id, agent_id))

    def project(self, cwd: str) -> Spent:
        """Return what the sessions in a directory used."""
        return _spent(self._ledger.project(cwd))

    def model(self, name: str) -> Spent:
        """Return what the requests to a model used."""
        return _spent(self._ledger.model(name))


def _spent(totals: Totals) -> Spent:
    return Spent(totals.requests, totals.prompt_tokens, totals.output_tokens, totals.cost_usd, totals.at_least)


def _figures(exchange: Exchange) -> tuple[object, ...]:
    """Return the values that sums are made of. Most snapshots of a live response leave them unchanged."""
    return (
        exchange.outcome,
        exchange.session_id,
        exchange.agent_id,
        exchange.model_used,
        exchange.usage,
        exchange.cost,
        exchange.unpriced_model,
        exchange.unread,
    )
