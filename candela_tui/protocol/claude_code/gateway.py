"""Claude Code in gateway mode: how it is told of a spending limit.

Measured with 2.1.332 (CLAUDE_CODE_USE_GATEWAY=1 with a base URL and a bearer token): it shows its own notice where the
header fields of an answer name a threshold, ``/usage`` asks ``GET /api/oauth/usage``, and the message of a 429 with
these fields is shown as it is, after one request.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from candela_tui.protocol.errors import NOT_AGAIN
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.protocol.user_agent import client_of, is_claude_code

USAGE_PATH = "/api/oauth/usage"
_PREFIX = "anthropic-ratelimit-unified-"
_THRESHOLDS = (0.95, 0.75)
_OAUTH = "bearer sk-ant-"
_PERIODS = {"day": "daily", "week": "weekly", "month": "monthly"}


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """A spending limit as the client shows it."""

    used: float
    """How much of it is spent: 1 is all of it."""
    resets_at: datetime
    period: str
    """``day``, ``week`` or ``month``."""
    limit_cents: int
    spent_cents: int


def speaks_to_gateway(headers: Iterable[tuple[str, str]]) -> bool:
    """Return whether a request comes from Claude Code with a bearer token that is not Anthropic's own, as in gateway
    mode. With any other base URL and token it is the same, and shows the messages as well."""
    headers = list(headers)
    authorization = (header(headers, "authorization") or "").lower()
    return (
        is_claude_code(client_of(headers))
        and authorization.startswith("bearer ")
        and not authorization.startswith(_OAUTH)
        and header(headers, "x-api-key") is None
    )


def spend_fields(limit: SpendLimit) -> HeaderList:
    """Return the header fields of an answer below the limit."""
    threshold = next((mark for mark in _THRESHOLDS if limit.used >= mark), None)
    status = "allowed" if threshold is None else "allowed_warning"
    reset = str(int(limit.resets_at.timestamp()))
    fields = {
        "status": status,
        "overage-status": status,
        "representative-claim": "overage",
        "overage-utilization": f"{min(limit.used, 0.99):.2f}",
        "reset": reset,
        "overage-reset": reset,
    }
    if threshold is not None:
        fields["overage-surpassed-threshold"] = str(threshold)
    return [(f"{_PREFIX}{name}", value) for name, value in fields.items()]


def blocked_fields(limit: SpendLimit, now: datetime) -> HeaderList:
    """Return the header fields of the 429 where the limit is reached."""
    reset = str(int(limit.resets_at.timestamp()))
    fields = {
        "status": "rejected",
        "reset": reset,
        "overage-reset": reset,
        "overage-utilization": f"{max(limit.used, 1.0):.2f}",
        "overage-surpassed-threshold": "1",
        "overage-period": _PERIODS[limit.period],
        "overage-disabled-reason": "org_spend_cap_reached",
    }
    wait = max(1, int((limit.resets_at - now).total_seconds()))
    return [*((f"{_PREFIX}{name}", value) for name, value in fields.items()), ("retry-after", str(wait)), NOT_AGAIN]


def usage_document(limits: Iterable[SpendLimit]) -> bytes:
    """Return the answer to ``GET /api/oauth/usage``."""
    known = list(limits)
    first = known[0] if known else None
    document = {
        "extra_usage": {
            "is_enabled": True,
            "monthly_limit": first.limit_cents if first else None,
            "used_credits": first.spent_cents if first else 0,
            "utilization": round(first.used * 100) if first else None,
            "currency": "USD",
        },
        "limits": [
            {
                "kind": "spend",
                "group": _PERIODS[limit.period],
                "percent": round(limit.used * 100),
                "resets_at": limit.resets_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "severity": _severity(limit.used),
                "is_active": True,
            }
            for limit in known
        ],
    }
    return msgspec.json.encode(document)


def _severity(used: float) -> str:
    return "critical" if used >= 1 else "warning" if used >= _THRESHOLDS[1] else "normal"
