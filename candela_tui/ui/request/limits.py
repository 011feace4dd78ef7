"""What an answer told of the provider's limits, in words."""

from datetime import datetime

from candela_tui.analysis.limits import Allowance, ExtraUsage, Limits, Window, limits_of
from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import header
from candela_tui.ui import words
from candela_tui.ui.clock import Clock
from candela_tui.ui.gauges import gauge, limit_ink
from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.request.facts import LABEL, fact, heading

_BAR = 12


def limit_lines(exchange: Exchange, clock: Clock, width: int) -> list[Line]:
    """One line a window or allowance; none where the answer told nothing."""
    lines: list[Line] = []
    wait = header(exchange.rate_limits, "retry-after")
    if wait is not None:
        lines += fact("retry after", f"{wait} s" if wait.isdigit() else wait, width, "warn")
    limits = limits_of(exchange)
    if limits is not None:
        if limits.status is not None:
            lines += fact("status", limits.status.replace("_", " "), width)
        if limits.decisive is not None:
            lines += fact("decided by", words.limit_window(limits.decisive), width)
        for window in limits.windows:
            lines.append(_window(window, limits, clock))
        if limits.extra_usage is not None:
            lines += _extra_usage(limits.extra_usage, clock, width)
        lines += [_allowance(allowance, clock) for allowance in limits.allowances]
    return [heading("Rate limits"), *lines] if lines else []


def _window(window: Window, limits: Limits, clock: Clock) -> Line:
    name = words.limit_window(window.name)
    said = "" if window.utilization is None else f"{words.percent(window.utilization)} used"
    if window.status == "rejected" and window.name not in limits.refusing:
        said = f"{said} · used up" if said else "used up"
    elif window.status not in (None, "allowed"):
        said = " · ".join(filter(None, [said, window.status.replace("_", " ")]))
    return _line(name, window.utilization, said, window.resets_at, clock)


def _extra_usage(extra: ExtraUsage, clock: Clock, width: int) -> list[Line]:
    if extra.in_use:
        used = "in use" if extra.utilization is None else f"in use, {words.percent(extra.utilization)}"
        said = f"{used} · this request is paid for{_reset(extra.resets_at, clock)}"
        return fact("extra usage", said, width, "warn")
    why = extra.disabled_because and extra.disabled_because.replace("_", " ")
    share = None if extra.utilization is None else f"{words.percent(extra.utilization)} used"
    said = " · ".join(filter(None, [extra.status and extra.status.replace("_", " "), why, share]))
    return fact("extra usage", f"not in use{f' · {said}' if said else ''}", width)


def _allowance(allowance: Allowance, clock: Clock) -> Line:
    said = f"{words.count(allowance.remaining)} of {words.count(allowance.limit)} left"
    return _line(allowance.name.replace("-", " "), allowance.utilization, said, allowance.resets_at, clock)


def _line(name: str, used: float | None, said: str, resets_at: datetime | None, clock: Clock) -> Line:
    ink = limit_ink(used or 0.0)
    return (
        (fitted(f"   {name}", LABEL), "dim"),
        (" " * _BAR if used is None else gauge(used, _BAR), "dim" if ink == "text" else ink),
        (f"  {said}", ink),
        (_reset(resets_at, clock), "dim"),
    )


def _reset(at: datetime | None, clock: Clock) -> str:
    if at is None:
        return ""
    left = (at - clock.now()).total_seconds()
    if left <= 0:
        return f", was reset at {words.time_of_day(at, clock)}"
    return f", resets in {words.duration(left * 1000)}"
