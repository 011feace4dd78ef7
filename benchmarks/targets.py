"""The list of targets, in the order in which a reader compares them."""

from benchmarks.candelas import ATTACHED, BUDGETS, CLOUDS, DASHBOARD, FALLBACK, INTERCEPTED, RULES, SERVE, TELEMETRY
from benchmarks.peers import CLAUDE_TAP, LITELLM, MITMPROXY
from benchmarks.relays import BARE, NGINX, STRAIGHT

TARGETS = (
    STRAIGHT,
    BARE,
    NGINX,
    MITMPROXY,
    CLAUDE_TAP,
    LITELLM,
    SERVE,
    BUDGETS,
    RULES,
    TELEMETRY,
    FALLBACK,
    DASHBOARD,
    ATTACHED,
)
LABELS = {target.id: target.label for target in TARGETS} | CLOUDS | INTERCEPTED
