"""The one line that ``candela statusline`` prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from candela_tui.claude_code.status_line import PromptCache, UsageWindow
from candela_tui.store.status_figures import Spent
from candela_tui.text.amounts import cost, count, percent
from candela_tui.text.times import Clock

_BETWEEN = " · "


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFacts:
    """What the line says; parts that are not known are left out."""

    session: Spent | None = None
    by_client: bool = False
    """Whether the session's cost is the client's own figure, because candela has not recorded the session."""
    today: Spent | None = None
    subscription: bool = False
    """Whether a subscription pays, so that costs are what the API would charge."""
    context_used: float | None = None
    context_window: int | None = None
    cache: PromptCache | None = None
    windows: Sequence[UsageWindow] = ()


def status_line(facts: StatusFacts, hints: Sequence[str], clock: Clock, width: int | None) -> str:
    """Return the line: the hints on what is wrong, and the facts.

    In a narrow terminal the last parts are left out, never shortened.
    """
    parts = [*hints, *_parts(facts, clock)] or ["candela: nothing is known yet"]
    while width is not None and len(parts) > 1 and len(_BETWEEN.join(parts)) > width:
        parts.pop()
    return _BETWEEN.join(parts)


def _parts(facts: StatusFacts, clock: Clock) -> Iterator[str]:
    """Yield the parts in the order of their weight."""
    label = "API-equivalent " if facts.subscription else ""
    if facts.session is not None:
        yield f"{label}{_cost(facts.session)} session{' by the client, not recorded' if facts.by_client else ''}"
        label = ""
    if facts.today is not None:
        yield f"{label}{_cost(facts.today)} today"
    if facts.context_used is not None:
        size = f" of {count(facts.context_window)}" if facts.context_window is not None else ""
        yield f"ctx {percent(facts.context_used)}{size}"
    if facts.cache is not None:
        yield _cache(facts.cache, clock)
    for window in facts.windows:
        resets = f" until {_time(window.resets_at, clock)}" if window.resets_at is not None else ""
        yield f"{window.name} {percent(window.used)}{resets}"


def _cost(spent: Spent) -> str:
    return cost(spent.cost_usd, lower_bound=spent.at_least)


def _cache(cache: PromptCache, clock: Clock) -> str:
    if not cache.warm or (cache.expires_at is not None and cache.expires_at <= clock.now()):
        return "cache cold"
    ttl = f" {cache.ttl}" if cache.ttl else ""
    until = f" until {_time(cache.expires_at, clock)}" if cache.expires_at is not None else " warm"
    return f"cache{ttl}{until}"


def _time(moment: datetime, clock: Clock) -> str:
    """Return ``14:05`` today, ``Dec 3 14:05`` on another day."""
    local = clock.local(moment)
    return f"{local:%H:%M}" if clock.today(moment) else f"{local:%b} {local.day} {local:%H:%M}"
