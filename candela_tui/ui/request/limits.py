"""What an answer told of the provider's limits, in words."""

from datetime import datetime

from candela_tui.analysis.limits import Allowance, Window, limits_of
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
        for name, window in (("5 hours", limits.five_hour), ("7 days", limits.seven_day)):
            if window is not None:
                lines.append(_window(name, window, clock))
        lines += [_allowance(allowance, clock) for allowance in limits.allowances]
    return [heading("Rate limits"), *lines] if lines else []


def _window(name: str, window: Window, clock: Clock) -> Line:
    said = f"{words.percent(window.utilization)} used"
    if window.status not in (None, "allowed"):
        said += f" · {window.status.replace('_', ' ')}"
    return _line(name, window.utilization, said, window.resets_at, clock)


def _allowance(allowance: Allowance, clock: Clock) -> Line:
    said = f"{words.count(allowance.remaining)} of {words.count(allowance.limit)} left"
    return _line(allowance.name.replace("-", " "), allowance.utilization, said, allowance.resets_at, clock)


def _line(name: str, used: float, said: str, resets_at: datetime | None, clock: Clock) -> Line:
    ink = limit_ink(used)
    return (
        (fitted(f"   {name}", LABEL), "dim"),
        (gauge(used, _BAR), "dim" if ink == "text" else ink),
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
