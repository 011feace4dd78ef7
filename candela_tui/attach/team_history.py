"""The records of a server on another machine, as far as its user may see them. Nothing of them is on this machine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from candela_tui.analysis.context_parts import ContextPart
from candela_tui.analysis.limit_history import LimitedRequest
from candela_tui.analysis.limits import five_hour_reset
from candela_tui.attach.client import Client
from candela_tui.attach.remote_history import RemoteHistory
from candela_tui.ledger.agent_types import AgentTypes
from candela_tui.ledger.usage_report import UsageGroup, UsageReport
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader


class TeamHistory(RemoteHistory):
    """Reads everything over the local API of the server."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, cast("StoreReader", _NotHere(client.where)))

    def usage(self, query: ExchangeQuery, begin: Callable[[], UsageReport]) -> UsageReport:
        """Return a report over the exchanges of the server, ignoring the query's limit."""
        report = begin()
        for exchange in self.exchanges(replace(query, limit=None)):
            report.include(UsageGroup.of(exchange))
        return report

    def agent_types(self, query: ExchangeQuery) -> AgentTypes:
        """Return the types of sub-agents, as far as the exchanges of a query state them."""
        return AgentTypes.of(self.exchanges(replace(query, limit=None)))

    def five_hour_resets(self, query: ExchangeQuery) -> list[tuple[datetime, datetime | None]]:
        """Return when each exchange of a query began, and the end of the window of five hours that its answer
        states."""
        found = self.exchanges(replace(query, limit=None))
        return [(each.started_at, five_hour_reset(each.rate_limits)) for each in found]

    def limited_requests(self, query: ExchangeQuery) -> list[LimitedRequest]:
        """Return the requests of a query that count in the windows of a subscription."""
        found = map(LimitedRequest.of, self.exchanges(replace(query, limit=None)))
        return [limited for limited in found if limited is not None]

    def context_parts(self, exchange_id: str) -> tuple[ContextPart, ...] | None:
        """Return None: the server does not tell what it worked out."""
        return None


class _NotHere:
    """Stands in for the store of this machine, which has nothing of the server's."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __getattr__(self, name: str) -> Any:
        def refuse(*_: object, **__: object) -> Any:
            raise StoreError(f"{self._where} can't be asked now, and its records are only there.")

        return refuse
