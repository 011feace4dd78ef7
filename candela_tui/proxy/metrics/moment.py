"""All that is written out, at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from candela_tui.proxy.metrics.counts import Counted
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.storing import Storing
from candela_tui.telemetry_state import TelemetryState


@dataclass(frozen=True, slots=True)
class Moment:
    """The numbers of one moment. They do not change."""

    counted: Counted
    live: int
    """Requests in flight."""
    started_at: float
    """When this candela started, in seconds since 1970."""
    storing: Storing
    telemetry: Sequence[TelemetryState]
    budgets: Sequence[BudgetState]
