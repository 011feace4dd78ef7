"""Budgets, and requests for them."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from candela_tui.config import PricingSettings, RulesSettings
from candela_tui.exchange import Cost, Exchange, Outcome
from candela_tui.ledger.running import RunningLedger
from candela_tui.pricing import Pricer
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import RouteName
from candela_tui.rules.budgets.asked import Asked
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.budgets.targets import Place
from candela_tui.rules.rule import RuleContext
from candela_tui.text.times import Clock

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
"""A Wednesday."""
NOWHERE = Place()


def budgets_of(*settings: dict[str, Any], timezone: str = "UTC", **more: Any) -> Budgets:
    """The budgets of these settings, with nothing spent before. ``more`` goes to ``Budgets``."""
    budgets = Budgets(Pricer(PricingSettings()), RunningLedger(Clock()), **more)
    budgets.configure(RulesSettings.model_validate({"budgets": settings, "timezone": timezone}))
    budgets.begin()
    return budgets


def context_of(ledger: RunningLedger | None = None) -> RuleContext:
    """What rules are made from where there are no budgets and nothing was recorded."""
    return RuleContext(lambda _: None, ledger or RunningLedger(Clock()), budgets_of())


def request(id: str, at: datetime = NOON, **facts: Any) -> Exchange:
    """What a request says when it arrives."""
    fields: dict[str, Any] = {
        "id": id,
        "started_at": at,
        "method": "POST",
        "path": "/v1/messages",
        "route": RouteName.DIRECT,
        "kind": Kind.MESSAGES,
        "session_id": "s1",
        "model": "claude-opus-4-8",
    }
    return Exchange(**{**fields, **facts})


def asked(exchange: Exchange, *budgets: str, place: Place = NOWHERE, most: Any = None) -> Asked:
    """A request that matches the filters of these budgets."""
    return Asked(exchange, place, budgets, most)


def cost_of(usd: Decimal | str | int) -> Cost:
    """So much, all of it for the prompt."""
    nothing = Decimal(0)
    return Cost(input=Decimal(usd), cache_read=nothing, cache_write=nothing, output=nothing, web_searches=nothing)


def answered(exchange: Exchange, usd: Decimal | str | int, *, tokens: int = 1000, **facts: Any) -> Exchange:
    """The exchange once its answer has ended."""
    fields: dict[str, Any] = {
        "outcome": Outcome.OK,
        "usage": Usage(input_tokens=tokens, output_tokens=0),
        "cost": cost_of(usd),
    }
    return replace(exchange, **{**fields, **facts})
