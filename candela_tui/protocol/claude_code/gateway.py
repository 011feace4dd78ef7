"""Claude Code in gateway mode: how it is told of a spending limit.

Measured with 2.1.332 (CLAUDE_CODE_USE_GATEWAY=1 with a base URL and a bearer token): it shows its own notice where the
header fields of an answer name a threshold, ``/usage`` asks ``GET /api/oauth/usage``, and the message of a 429 with
these fields is shown as it is, after one request. An interactive client first asks for one token (``quota``), only to
see these fields.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from candela_tui.protocol.errors import NOT_AGAIN
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.protocol.user_agent import client_of

USAGE_PATH = "/api/oauth/usage"
QUOTA = "quota"
"""What the client asks for one token of, to see the header fields of the answer."""
_PROGRAMS = frozenset({"claude-cli", "claude-code"})
"""Messages come from the first, requests for the usage from the second."""
LIMIT_FIELDS = "anthropic-ratelimit-unified-"
"""How the names of the fields begin that tell the client of its limits."""
_THRESHOLDS = (0.95, 0.75)
_OAUTH = "bearer sk-ant-"
PERIODS = {"day": "daily", "week": "weekly", "month": "monthly"}
"""The windows of budgets that the client knows, and its words for them."""


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
        authorization.startswith("bearer ")
        and not authorization.startswith(_OAUTH)
        and (client_of(headers) or "").partition("/")[0] in _PROGRAMS
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
    return [(f"{LIMIT_FIELDS}{name}", value) for name, value in fields.items()]


def blocked_fields(limit: SpendLimit, now: datetime) -> HeaderList:
    """Return the header fields of the 429 where the limit is reached."""
    reset = str(int(limit.resets_at.timestamp()))
    fields = {
        "status": "rejected",
        "reset": reset,
        "overage-reset": reset,
        "overage-utilization": f"{max(limit.used, 1.0):.2f}",
        "overage-surpassed-threshold": "1",
        "overage-period": PERIODS[limit.period],
        "overage-disabled-reason": "org_spend_cap_reached",
    }
    wait = max(1, int((limit.resets_at - now).total_seconds()))
    return [
        *((f"{LIMIT_FIELDS}{name}", value) for name, value in fields.items()),
        ("retry-after", str(wait)),
        NOT_AGAIN,
    ]


def quota_document(model: str) -> bytes:
    """Return an answer to the client's request for one token, which nothing was asked for."""
    document = {
        "id": f"msg_candela_{secrets.token_hex(12)}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "ok"}],
        "stop_reason": "max_tokens",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    return msgspec.json.encode(document)


def usage_document(limits: Sequence[SpendLimit]) -> bytes:
    """Return the answer to ``GET /api/oauth/usage``: the fullest limit, and a row for the fullest of each period."""
    fullest = sorted(limits, key=lambda limit: limit.used, reverse=True)
    first = fullest[0]
    rows = {limit.period: limit for limit in reversed(fullest)}
    document = {
        "extra_usage": {
            "is_enabled": True,
            "monthly_limit": first.limit_cents,
            "used_credits": first.spent_cents,
            "utilization": round(first.used * 100),
            "currency": "USD",
        },
        "limits": [
            {
                "kind": "spend",
                "group": PERIODS[limit.period],
                "percent": round(limit.used * 100),
                "resets_at": limit.resets_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "severity": _severity(limit.used),
                "is_active": True,
            }
            for limit in sorted(rows.values(), key=lambda limit: limit.used, reverse=True)
        ],
    }
    return msgspec.json.encode(document)


def _severity(used: float) -> str:
    return "critical" if used >= 1 else "warning" if used >= _THRESHOLDS[1] else "normal"
