"""Budgets for tests."""

from typing import Any

from candela_tui.config import PricingSettings, RulesSettings
from candela_tui.ledger.running import RunningLedger
from candela_tui.pricing import Pricer
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.text.times import Clock


def budgets_of(*settings: dict[str, Any], **more: Any) -> Budgets:
    """The budgets of these settings, with nothing spent before. ``more`` goes to ``Budgets``."""
    budgets = Budgets(Pricer(PricingSettings()), RunningLedger(Clock()), **more)
    budgets.configure(RulesSettings.model_validate({"budgets": settings}))
    budgets.begin()
    return budgets
