"""A control whose budgets stand still, and budgets in each state."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

from candela_tui.attach.control import Control
from candela_tui.rules.budgets.state import BudgetStanding, BudgetState, Override
from candela_tui.ui.state.proxy_control import ProxyControl
from candela_tui.wire import RulesState
from tests.ui.scene import NOW

RULES = """\
[[rules.budgets]]
name = "my day"
window = "day"
limit_usd = 20

[[rules.budgets]]
name = "each session"
scope = "session"
window = "rolling:5h"
limit_usd = 2.5

[[rules.budgets]]
name = "tokens"
limit_tokens = 1000000

[[rules.tools]]
name = "no pushes"
deny = ["Bash(git push *)"]
action = "answer"

[rules.models]
deny = ["claude-opus-*"]
"""

MY_DAY = BudgetState(
    name="my day",
    scope="all",
    target=None,
    window="day",
    starts_at=NOW - timedelta(hours=12),
    resets_at=NOW + timedelta(hours=12),
    limit_usd=Decimal(20),
    limit_tokens=None,
    spent_usd=Decimal("16.4"),
    spent_tokens=4_100_000,
    reserved_usd=Decimal("0.31"),
    reserved_tokens=80_000,
    state=BudgetStanding.WARNED,
    on_breach="block",
    dry_run=False,
    in_flight=2,
    waiting=1,
    last_hour_usd=Decimal("2.4"),
    last_hour_tokens=600_000,
)
OF_SESSION = replace(
    MY_DAY,
    name="each session",
    scope="session",
    target="7c1d4f0e-session",
    window="rolling:5h",
    starts_at=NOW - timedelta(hours=5),
    resets_at=NOW + timedelta(hours=1),
    limit_usd=Decimal("2.5"),
    spent_usd=Decimal("2.49"),
    reserved_usd=Decimal(0),
    in_flight=0,
    waiting=0,
    state=BudgetStanding.BLOCKED,
)
TOKENS = replace(
    MY_DAY,
    name="tokens",
    window="month",
    starts_at=NOW - timedelta(days=20),
    resets_at=NOW + timedelta(days=10),
    limit_usd=None,
    limit_tokens=1_000_000,
    spent_tokens=1_200_000,
    reserved_tokens=0,
    in_flight=0,
    waiting=0,
    state=BudgetStanding.OVERRIDDEN,
    override=Override("tokens", NOW + timedelta(hours=1), "release night", NOW),
)


class StillControl:
    """Follows the rules in a file, with budgets that stand as they are told to."""

    intercepting = None

    def __init__(self, file: Path | None, *states: BudgetState) -> None:
        self.file = file
        self.states = list(states)

    def rules(self) -> RulesState | None:
        return RulesState(str(self.file)) if self.file is not None else None

    def budgets(self) -> list[BudgetState]:
        return list(self.states)

    def stop_intercepting(self) -> None:
        pass


def still(file: Path | None, *states: BudgetState) -> ProxyControl:
    """Return a control of a candela whose budgets do not move; without a file, the rules are on another machine."""
    return cast(Control, StillControl(file, *states))
