"""How much of the provider's limits is used, as its answers tell.

Sources: https://docs.claude.com/en/api/rate-limits (API keys: requests and tokens a minute), and the headers
``anthropic-ratelimit-unified-*`` that subscriptions get (observed): a share used and a reset time for each window.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from candela_tui.exchange import Exchange

_PREFIX = "anthropic-ratelimit-"
_ALLOWANCES = ("requests", "tokens", "input-tokens", "output-tokens")
_FIRST_SECOND, _LAST_SECOND = 1e9, 4e9
"""What a reset time in seconds since 1970 can be; anything else is garbage."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window of a subscription's limits."""

    utilization: float
    """The share used, 0 to 1."""
    resets_at: datetime | None = None
    """UTC."""
    status: str | None = None
    """Such as ``allowed``, ``allowed_warning`` or ``rejected``."""

    def over(self, now: datetime) -> bool:
        """Whether the window has been reset since: nothing is known of the next one."""
        return self.resets_at is not None and self.resets_at <= now


@dataclass(frozen=True, slots=True)
class Allowance:
    """A limit of an API key."""

    name: str
    """``requests``, ``tokens``, ``input-tokens`` or ``output-tokens``."""
    limit: int
    remaining: int
    resets_at: datetime | None = None
    """UTC: when it is whole again."""

    @property
    def utilization(self) -> float:
        """The share used, 0 to 1."""
        return min(1.0, max(0.0, 1 - self.remaining / self.limit)) if self.limit else 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer tells of the limits."""

    status: str | None = None
    """Of the subscription as a whole, such as ``allowed``."""
    five_hour: Window | None = None
    seven_day: Window | None = None
    allowances: tuple[Allowance, ...] = ()


def limits_of(exchange: Exchange) -> Limits | None:
    """What an answer tells of the limits; None: nothing that can be understood."""
    if not exchange.rate_limits:
        return None
    told = dict(exchange.rate_limits)
    limits = Limits(
        told.get(f"{_PREFIX}unified-status") or None,
        _window(told, "5h"),
        _window(told, "7d"),
        tuple(allowance for name in _ALLOWANCES if (allowance := _allowance(told, name)) is not None),
    )
    known = limits.status or limits.five_hour or limits.seven_day or limits.allowances
    return limits if known else None


def tells_limits(exchange: Exchange) -> bool:
    """Whether an answer tells of the limits: one that only asks to wait does not."""
    return any(name.startswith(_PREFIX) for name, _ in exchange.rate_limits)


def _window(told: dict[str, str], name: str) -> Window | None:
    place = f"{_PREFIX}unified-{name}"
    used = _number(told.get(f"{place}-utilization"))
    if used is None or used < 0:
        return None
    return Window(min(used, 1.0), _moment(told.get(f"{place}-reset")), told.get(f"{place}-status") or None)


def _allowance(told: dict[str, str], name: str) -> Allowance | None:
    limit, remaining = (_number(told.get(f"{_PREFIX}{name}-{part}")) for part in ("limit", "remaining"))
    if limit is None or remaining is None or limit < 0:
        return None
    return Allowance(name, int(limit), int(remaining), _moment(told.get(f"{_PREFIX}{name}-reset")))


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _moment(value: str | None) -> datetime | None:
    """A time in seconds since 1970, or as RFC 3339."""
    seconds = _number(value)
    if seconds is not None:
        return datetime.fromtimestamp(seconds, UTC) if _FIRST_SECOND <= seconds <= _LAST_SECOND else None
    try:
        moment = datetime.fromisoformat(value or "")
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
