"""The interface of a rule, and the upstream that applies it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from candela_tui.config import RulesSettings
from candela_tui.credentials.owner import Accepts
from candela_tui.ledger.running import Spending
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.store.reader import StoreReader

logger = logging.getLogger(__name__)


class Rule(Protocol):
    """Decides about a route's requests before they go to a provider."""

    @property
    def name(self) -> str:
        """Return the section of config.toml that configures it, such as ``rules.models``."""

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        """Return the upstream's attempt at the request or at a changed one, or a Reply instead.

        To see the answer's events, return ``watched(attempt, …)``. To change the answer, wrap ``attempt.translate``.
        """


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What rules are made from, besides their settings."""

    notify: Callable[[str], None]
    """Gives the user a notice."""
    spending: Spending
    budgets: Budgets
    """The budgets of all routes."""
    store: StoreReader | None = None
    """What is recorded; None: nothing is."""


MakeRule = Callable[[RulesSettings, RuleContext], Rule | None]
"""Makes a rule from its section of the settings. Returns None if the section is empty: then the rule is off."""


class RuledUpstream:
    """An upstream with a rule in front of it."""

    def __init__(self, rule: Rule, upstream: Upstream, notify: Callable[[str], None]) -> None:
        """Take ownership of ``upstream``. ``notify`` gets a message for the user if the rule fails."""
        self._rule = rule
        self._upstream = upstream
        self._notify = notify

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that go on to the provider."""
        return self._upstream.accepts

    async def attempt(self, request: ClientRequest) -> Attempt | Reply:
        """Apply the rule. If it fails, the request passes as if there were no rule."""
        try:
            return await self._rule.attempt(request, self._upstream)
        except Exception:
            logger.exception("[%s] failed; the request passed without it", self._rule.name)
            self._notify(f"[{self._rule.name}] failed, and requests pass without it (the log says why)")
            return await self._upstream.attempt(request)

    async def close(self) -> None:
        """Close the upstream behind the rule."""
        await self._upstream.close()
