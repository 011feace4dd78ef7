"""What Claude Code tells the command of its status line, as JSON on standard input.

Observed with 2.1.197 and 2.1.332; ``prompt_cache`` is newer than 2.1.197. See also
https://code.claude.com/docs/en/statusline (November 2026).
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_LARGEST_COST = 10**9
_LARGEST_COUNT = 10**12
_FIRST_SECOND, _LAST_SECOND = 1e9, 4e9
"""The valid range of a time in seconds since 1970."""


class NotStatus(ValueError):
    """The input is not the JSON that Claude Code gives to its status line."""


@dataclass(frozen=True, slots=True)
class PromptCache:
    """The session's prompt cache, as the client knows it."""

    warm: bool
    ttl: str | None
    """``5m`` or ``1h``."""
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """How much of a subscription's window is used."""

    name: str
    """As in the provider's headers: ``5h``, ``7d``."""
    used: float
    """The used share, 0 to 1."""
    resets_at: datetime | None

    def over(self, now: datetime) -> bool:
        """Return whether the window was reset since; nothing is known of the next one."""
        return self.resets_at is not None and self.resets_at <= now


@dataclass(frozen=True, slots=True)
class ClientStatus:
    """The part of the input that candela shows. What the client does not state is None."""

    session_id: str | None = None
    cost_usd: Decimal | None = None
    """What the client counts for the session so far."""
    context_used: float | None = None
    """The used share of the context window, 0 to 1."""
    context_window: int | None = None
    """Tokens."""
    cache: PromptCache | None = None
    windows: tuple[UsageWindow, ...] = ()


def read_status(text: bytes) -> ClientStatus:
    """Read the input. Values of other types than expected are left out. Raises NotStatus."""
    try:
        document = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise NotStatus(str(error)) from None
    if not isinstance(document, dict):
        raise NotStatus("it is not an object")
    session_id = document.get("session_id")
    context = _object(document.get("context_window"))
    used = _number(context.get("used_percentage"), 100)
    window = _number(context.get("context_window_size"), _LARGEST_COUNT)
    limits = _object(document.get("rate_limits"))
    windows = (_window(name, _object(stated)) for name, stated in limits.items())
    return ClientStatus(
        session_id if isinstance(session_id, str) and session_id.isprintable() else None,
        _number(_object(document.get("cost")).get("total_cost_usd"), _LARGEST_COST),
        float(used / 100) if used is not None else None,
        int(window) if window else None,
        _cache(_object(document.get("prompt_cache"))),
        tuple(window for window in windows if window is not None),
    )


def _cache(stated: dict[str, Any]) -> PromptCache | None:
    if not stated.get("caching_observed") or not isinstance(stated.get("warm"), bool):
        return None
    ttl = stated.get("ttl")
    return PromptCache(stated["warm"], ttl if ttl in ("5m", "1h") else None, _moment(stated.get("expires_at")))


_WINDOW_NAMES = {"five_hour": "5h", "seven_day": "7d"}


def _window(name: str, stated: dict[str, Any]) -> UsageWindow | None:
    used = _number(stated.get("used_percentage"), 1000)
    if used is None or name not in _WINDOW_NAMES:
        return None
    return UsageWindow(_WINDOW_NAMES[name], min(float(used / 100), 1.0), _moment(stated.get("resets_at")))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any, largest: int) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value) if 0 <= value <= largest else None


def _moment(value: Any) -> datetime | None:
    seconds = _number(value, int(_LAST_SECOND))
    return datetime.fromtimestamp(float(seconds), UTC) if seconds is not None and seconds >= _FIRST_SECOND else None
