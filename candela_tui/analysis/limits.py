"""Reads from responses how much of the provider's limits is used.

Sources: https://docs.claude.com/en/api/rate-limits (API keys: requests and tokens a minute), and the headers
``anthropic-ratelimit-unified-*`` of subscriptions (observed, and as recorded by public clients): a share used and a
reset time for each window, and the paid extra usage (``overage``) beyond them.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Not at run time: the status line has no time for these imports.
    from candela_tui.exchange import Exchange
    from candela_tui.protocol.headers import Headers

_PREFIX = "anthropic-ratelimit-"
_UNIFIED = f"{_PREFIX}unified-"
_ALLOWANCES = ("requests", "tokens", "input-tokens", "output-tokens")
_USED = re.compile(rf"{_UNIFIED}(?!overage|grace)(.+)-utilization")
_NAMED = re.compile(rf"{_UNIFIED}(\d+[a-z](?:_\w+)?)-(?:status|reset)")
"""A window without a utilization; its name begins with its length: ``7d_opus``."""
_REJECTED = "rejected"
_FIRST_SECOND, _LAST_SECOND = 1e9, 4e9
"""The valid range of a reset time in seconds since 1970; other values are ignored."""
_LENGTH = re.compile(r"(\d{1,4})([mhdw])(?:_|$)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SAME = timedelta(minutes=10)
"""Answers round the end of a window differently; two windows do not end so close to each other."""


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a subscription's limits."""

    name: str
    """The name in the provider's headers: ``5h``, ``7d``, ``7d_oi``."""
    utilization: float | None
    """The share used, 0 to 1; None if not stated."""
    resets_at: datetime | None = None
    """The time of the next reset, UTC."""
    status: str | None = None
    """Such as ``allowed``, ``allowed_warning`` or ``rejected``. A used-up window is ``rejected``, even
    while requests pass as extra usage."""

    def over(self, now: datetime) -> bool:
        """Return whether the window was reset since; nothing is known of the next one."""
        return self.resets_at is not None and self.resets_at <= now


@dataclass(frozen=True, slots=True)
class ExtraUsage:
    """Usage beyond a subscription's windows, paid at API prices. It can be switched off."""

    in_use: bool = False
    """Whether this response was paid as extra usage."""
    utilization: float | None = None
    """The used share of the spending limit, 0 to 1; None if not stated."""
    resets_at: datetime | None = None
    """The time of the next reset, UTC."""
    status: str | None = None
    """The status in the header, such as ``allowed`` or ``rejected``."""
    disabled_because: str | None = None
    """Why extra usage is not available, such as ``out_of_credits``."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """One limit of an API key."""

    name: str
    """One of ``requests``, ``tokens``, ``input-tokens`` and ``output-tokens``."""
    limit: int
    remaining: int
    resets_at: datetime | None = None
    """When it is fully replenished, UTC."""

    @property
    def utilization(self) -> float:
        """Return the share used, 0 to 1."""
        return min(1.0, max(0.0, 1 - self.remaining / self.limit)) if self.limit else 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that one response states."""

    status: str | None = None
    """The status of the subscription as a whole, such as ``allowed``."""
    windows: tuple[Window, ...] = ()
    """The windows of five hours and of seven days come first."""
    decisive: str | None = None
    """The name of the window that currently decides: the provider's representative claim."""
    extra_usage: ExtraUsage | None = None
    allowances: tuple[Allowance, ...] = ()
    passed: bool = False
    """Whether the request was served, whatever the response's headers say."""

    @property
    def refusing(self) -> frozenset[str]:
        """Return the names of the windows for which requests are refused; none while requests pass."""
        if self.passed or self.status != _REJECTED or not self.windows:
            return frozenset()
        if any(window.name == self.decisive for window in self.windows):
            return frozenset({self.decisive or ""})
        rejected = frozenset(window.name for window in self.windows if window.status == _REJECTED)
        return rejected or frozenset({max(self.windows, key=lambda window: window.utilization or 0.0).name})


def limits_of(exchange: "Exchange") -> Limits | None:
    """Return the limits that a response states, or None if it states no limits that candela understands."""
    return stated_limits(exchange.rate_limits, exchange.status)


def stated_limits(rate_limits: "Headers", status: int | None) -> Limits | None:
    """Return the limits that these header fields of a response with this status state, or None if they state none."""
    if not rate_limits:
        return None
    told = dict(rate_limits)
    claim = told.get(f"{_UNIFIED}representative-claim")
    limits = Limits(
        _status(told, status),
        _windows(told),
        _window_name(claim) if claim else None,
        extra_usage(rate_limits),
        tuple(allowance for name in _ALLOWANCES if (allowance := _allowance(told, name)) is not None),
        passed=status is not None and status < 400,
    )
    known = limits.status or limits.windows or limits.extra_usage or limits.allowances
    return limits if known else None


def extra_usage(rate_limits: "Headers") -> ExtraUsage | None:
    """Return the extra usage that these header fields state, or None if they state none."""
    told = dict(rate_limits)
    place = f"{_UNIFIED}overage"
    status, because = told.get(f"{place}-status") or None, told.get(f"{place}-disabled-reason") or None
    claimed = told.get(f"{_UNIFIED}representative-claim") == "overage" and status != _REJECTED
    in_use = claimed or told.get(f"{place}-in-use", "").lower() == "true"
    used = _share(told.get(f"{place}-utilization"))
    if not (in_use or status or because) and used is None:
        return None
    return ExtraUsage(in_use, used, _moment(told.get(f"{place}-reset")), status, because)


def five_hour_reset(rate_limits: "Headers") -> datetime | None:
    """Return when the window of five hours ends that these header fields state, or None if they state none."""
    return next((_moment(value) for name, value in rate_limits if name == f"{_UNIFIED}5h-reset"), None)


def window_length(name: str) -> timedelta | None:
    """Return how long a window is, by its name: ``7d_opus`` is seven days. None: the name does not say."""
    found = _LENGTH.match(name)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def merged_ends(resets: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """Return the ends of windows that answers state, in order: the earliest and the latest time of each, because times
    close to each other are one end."""
    ends: list[tuple[datetime, datetime]] = []
    for reset in sorted(set(resets)):
        if ends and reset - ends[-1][1] < _SAME:
            ends[-1] = (ends[-1][0], reset)
        else:
            ends.append((reset, reset))
    return ends


def tells_limits(exchange: "Exchange") -> bool:
    """Return whether a response states limits; one that only asks to wait does not."""
    return any(name.startswith(_PREFIX) for name, _ in exchange.rate_limits)


def _status(told: dict[str, str], response: int | None) -> str | None:
    """Return the status of the subscription. If it is missing, a refusal because of the limits implies it."""
    status = told.get(f"{_UNIFIED}status") or None
    if status is None and response == 429 and _windows(told):
        return _REJECTED
    return status


def _windows(told: dict[str, str]) -> tuple[Window, ...]:
    names = (found[1] for name in told if (found := _USED.fullmatch(name) or _NAMED.fullmatch(name)))
    first = {"5h": 0, "7d": 1}
    ordered = sorted(dict.fromkeys(names), key=lambda name: (first.get(name, 2), name))
    return tuple(window for name in ordered if (window := _window(told, name)) is not None)


def _window_name(claim: str) -> str:
    """Return the header name for a claim: ``seven_day_overage_included`` is ``7d_oi``."""
    name = claim.replace("five_hour", "5h").replace("seven_day", "7d")
    return name.replace("_overage_included", "_oi")


def _window(told: dict[str, str], name: str) -> Window | None:
    place = f"{_UNIFIED}{name}"
    used, status = _share(told.get(f"{place}-utilization")), told.get(f"{place}-status") or None
    if used is None and status is None:
        return None
    return Window(name, used, _moment(told.get(f"{place}-reset")), status)


def _allowance(told: dict[str, str], name: str) -> Allowance | None:
    limit, remaining = (_number(told.get(f"{_PREFIX}{name}-{part}")) for part in ("limit", "remaining"))
    if limit is None or remaining is None or limit < 0:
        return None
    return Allowance(name, int(limit), int(remaining), _moment(told.get(f"{_PREFIX}{name}-reset")))


def _share(value: str | None) -> float | None:
    share = _number(value)
    return None if share is None or share < 0 else min(share, 1.0)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _moment(value: str | None) -> datetime | None:
    """Parse a time in seconds since 1970 or as RFC 3339."""
    seconds = _number(value)
    if seconds is not None:
        return datetime.fromtimestamp(seconds, UTC) if _FIRST_SECOND <= seconds <= _LAST_SECOND else None
    try:
        moment = datetime.fromisoformat(value or "")
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
