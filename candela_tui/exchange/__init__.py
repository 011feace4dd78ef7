"""The record of one request and its response: the exchange, its bodies, and the table of its facts."""

from candela_tui.exchange.copying import with_changes
from candela_tui.exchange.exchange import (
    ENDED_EARLY,
    ClientReport,
    Continued,
    Delegation,
    Difference,
    Exchange,
    Imported,
    Kept,
    Marks,
    Outcome,
    Overhead,
    ProviderAttempt,
    ServiceAsked,
    ToolDuration,
    ToolRun,
)
from candela_tui.exchange.recording import ProviderSide, Recording
from candela_tui.pricing import Cost

__all__ = [
    "ENDED_EARLY",
    "ClientReport",
    "Continued",
    "Cost",
    "Delegation",
    "Difference",
    "Exchange",
    "Imported",
    "Kept",
    "Marks",
    "Outcome",
    "Overhead",
    "ProviderAttempt",
    "ProviderSide",
    "Recording",
    "ServiceAsked",
    "ToolDuration",
    "ToolRun",
    "with_changes",
]
