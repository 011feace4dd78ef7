"""The rate limits that a response stated, in words."""

from datetime import datetime

from candela_tui.analysis import labels
from candela_tui.analysis.limits import Allowance, ExtraUsage, Limits, Window, limits_of
from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import header
from candela_tui.text import amounts, times
from candela_tui.text.cells import fitted
from candela_tui.text.times import Clock
from candela_tui.ui.screens.request.overview.labelled_lines import LABEL, heading, labelled
from candela_tui.ui.style.gauges import gauge, limit_style
from candela_tui.ui.style.styled_text import Line

_BAR = 12


def limit_lines(exchange: Exchange, clock: Clock, width: int) -> list[Line]:
    """Return one line per window or allowance; none if the response stated no limits."""
    lines: list[Line] = []
    wait = header(exchange.rate_limits, "retry-after")
    if wait is not None:
        lines += labelled("retry after", f"{wait} s" if wait.isdigit() else wait, width, "warn")
    limits = limits_of(exchange)
    if limits is not None:
        if limits.status is not None:
            lines += labelled("status", limits.status.replace("_", " "), width)
        if limits.decisive is not None:
            lines += labelled("limiting window", labels.limit_window(limits.decisive), width)
        for window in limits.windows:
            lines.append(_window(window, limits, clock))
        if limits.extra_usage is not None:
            lines += _extra_usage(limits.extra_usage, clock, width)
        lines += [_allowance(allowance, clock) for allowance in limits.allowances]
    return [heading("Rate limits"), *lines] if lines else []


def _window(window: Window, limits: Limits, clock: Clock) -> Line:
    name = labels.limit_window(window.name)
    said = "" if window.utilization is None else f"{amounts.percent(window.utilization)} used"
    if window.status == "rejected" and window.name not in limits.refusing:
        said = f"{said} · used up" if said else "used up"
    elif window.status not in (None, "allowed"):
        said = " · ".join(filter(None, [said, window.status.replace("_", " ")]))
    return _line(name, window.utilization, said, window.resets_at, clock)


def _extra_usage(extra: ExtraUsage, clock: Clock, width: int) -> list[Line]:
    if extra.in_use:
        used = "in use" if extra.utilization is None else f"in use, {amounts.percent(extra.utilization)}"
        said = f"{used} · this request is billed{_reset(extra.resets_at, clock)}"
        return labelled("extra usage", said, width, "warn")
    why = extra.disabled_because and extra.disabled_because.replace("_", " ")
    share = None if extra.utilization is None else f"{amounts.percent(extra.utilization)} used"
    said = " · ".join(filter(None, [extra.status and extra.status.replace("_", " "), why, share]))
    return labelled("extra usage", f"not in use{f' · {said}' if said else ''}", width)


def _allowance(allowance: Allowance, clock: Clock) -> Line:
    said = f"{amounts.count(allowance.remaining)} of {amounts.count(allowance.limit)} left"
    return _line(allowance.name.replace("-", " "), allowance.utilization, said, allowance.resets_at, clock)


def _line(name: str, used: float | None, said: str, resets_at: datetime | None, clock: Clock) -> Line:
    style = limit_style(used or 0.0)
    return (
        (fitted(f"   {name}", LABEL), "dim"),
        (" " * _BAR if used is None else gauge(used, _BAR), "dim" if style == "text" else style),
        (f"  {said}", style),
        (_reset(resets_at, clock), "dim"),
    )


def _reset(at: datetime | None, clock: Clock) -> str:
    if at is None:
        return ""
    left = (at - clock.now()).total_seconds()
    if left <= 0:
        return f", reset at {times.time_of_day(at, clock)}"
    return f", resets in {times.duration(left * 1000)}"
