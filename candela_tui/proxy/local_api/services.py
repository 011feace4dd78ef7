"""What the handlers of the local API read and change."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from candela_tui.audit.log import AuditLog
from candela_tui.credentials.accounts import Accounts
from candela_tui.exchange import Exchange
from candela_tui.feed import Feed
from candela_tui.providers.refusal_memory import Refusals
from candela_tui.proxy.intercept.intercepts import Intercepts
from candela_tui.proxy.local_api.body_reads import BodyReads
from candela_tui.proxy.local_api.refusal import Refused
from candela_tui.proxy.local_api.session_contexts import SessionContexts
from candela_tui.proxy.local_api.visible import ShownFeed, ShownStore, Sight, VisibleFeed, VisibleStore
from candela_tui.proxy.replay.replays import Replays
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.rules.rules_file import RulesFile
from candela_tui.store.reader import StoreReader
from candela_tui.team.roles import Permission
from candela_tui.team.viewer import KeyOwner, Viewer
from candela_tui.wire import About


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of a running candela that the local API is about."""

    feed: ShownFeed
    store: ShownStore
    whole_feed: Feed
    """For what shows no requests of others."""
    whole_store: StoreReader
    about: Callable[[], About]
    vault_file: Path
    """The encrypted file of secrets."""
    accounts: Accounts
    refusals: Refusals
    intercepts: Intercepts
    replays: Callable[[], Replays | None]
    rules: Callable[[], RulesFile | None]
    most_body: int
    """The size in bytes that an edited request may have."""
    budgets: Budgets
    new_page_link: Callable[[], str | None]
    """Returns a path that opens the dashboard in a browser once, or None if this candela has no page."""
    body_reads: BodyReads
    audit: AuditLog
    owners: Callable[[], tuple[KeyOwner, ...]]
    """Returns whose every key is; the same tuple until that changes."""
    sight: Sight | None = None
    """What the one who asks sees; None for the user of this machine, who sees all."""

    def seen_by(self, viewer: Viewer) -> "Services":
        """Return what handlers get to see for someone else."""
        sight = Sight(viewer, self.owners)
        return replace(
            self,
            sight=sight,
            feed=VisibleFeed(self.whole_feed, sight),
            store=VisibleStore(self.whole_store, sight),
            about=lambda: msgspec.structs.replace(self.about(), live=self._live(sight)),
            body_reads=self.body_reads.by(viewer),
        )

    def _live(self, sight: Sight) -> int:
        return sum(exchange.live and sight.shows(exchange) for exchange in self.whole_feed.newer_than_store())

    def spend(self) -> ShownStore:
        """Return what sums over the requests are read from that the one who asks may know the cost of."""
        whole = self.sight is None or self.sight.viewer.may(Permission.READ_SPEND)
        return self.whole_store if whole else self.store

    def budget_states(self) -> list[BudgetState]:
        """Return how the budgets stand that the one who asks sees."""
        return self.budgets.states(self.sight.shows_budget) if self.sight is not None else self.budgets.states()

    @property
    def asks(self) -> str | None:
        """Who asks; None for the user of this machine."""
        return self.sight.viewer.name if self.sight is not None else None

    def contexts(self) -> SessionContexts:
        """Return what reads the contexts of sessions, for one answer."""
        return SessionContexts(self.feed, self.store)

    async def found(self, exchange_id: str) -> Exchange | None:
        """Return the exchange of an id, or of the beginning of one; None if it is not recorded. Raises AmbiguousId and
        StoreError."""
        return self.feed.snapshot(exchange_id) or await asyncio.to_thread(self.store.exchange, exchange_id)

    async def exchange(self, exchange_id: str) -> Exchange:
        """Return the exchange as ``found`` does. Raises Refused if it is not recorded."""
        exchange = await self.found(exchange_id)
        if exchange is None:
            raise Refused(404, "this is not recorded")
        return exchange
