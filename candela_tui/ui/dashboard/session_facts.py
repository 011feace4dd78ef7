"""What a session's row says about its state, its prompt cache and its context window."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

from candela_tui.analysis.cache import CacheLife
from candela_tui.analysis.context import ContextFill
from candela_tui.analysis.sessions import SessionSummary
from candela_tui.ui import words
from candela_tui.ui.gauges import gauge
from candela_tui.ui.ink import Line, Piece

RECENT = timedelta(hours=1)
"""How long a session that rests is still of interest: its cache, its context, its sub-agents."""

_SOON_S = 60
_SECONDS_MATTER = timedelta(minutes=10)
"""Time left from which a cache clock counts seconds: one of an hour does not tick all day."""
_FILLING, _FULL = 0.75, 0.9
_GAUGE_CELLS = 6


def state(session: SessionSummary, now: datetime) -> Piece:
    """``2 live``, ``idle 4m``, ``3h ago``."""
    if session.totals.live:
        return f"{session.totals.live} live", "accent"
    if session.last_at is None:
        return "", "dim"
    age = words.age(session.last_at, now)
    if now - session.last_at < RECENT and age != "now":
        return f"idle {age.removesuffix(' ago')}", "dim"
    return age, "dim"


def recent(session: SessionSummary, now: datetime) -> bool:
    """Whether it is live, or was within the last hour."""
    return session.totals.live > 0 or (session.last_at is not None and now - session.last_at < RECENT)


def counts_down(life: CacheLife | None, now: datetime) -> bool:
    """Whether the cache clock says another time each second."""
    return life is not None and timedelta(0) < life.expires_at - now <= _SECONDS_MATTER


def cache_clock(life: CacheLife, now: datetime) -> Piece:
    """``cache 58m``, ``cache 3:12``, ``cache cold``."""
    left = ceil((life.expires_at - now).total_seconds())
    if left <= 0:
        return "cache cold", "faint"
    if left > _SECONDS_MATTER.total_seconds():
        return f"cache {left // 60}m", "dim"
    return f"cache {left // 60}:{left % 60:02}", "warn" if left < _SOON_S else "dim"


def fills_up(context: ContextFill) -> bool:
    """Whether so much of the window is in use that it matters."""
    return context.window is not None and context.tokens >= _FILLING * context.window


def context_forms(context: ContextFill) -> Iterator[Line]:
    """``ctx 96k/200k ▓▓▓░░░ 48% +3.1k/turn`` and shorter forms, the longest first."""
    tokens = words.count(context.tokens)
    growth: Line = ()
    if context.growth:
        sign = "-" if context.growth < 0 else "+"
        growth = ((f" {sign}{words.count(abs(context.growth))}/turn", "dim"),)
    if not context.window:
        yield (("ctx ", "dim"), (tokens, "text"), *growth)
        yield (("ctx ", "dim"), (tokens, "text"))
        return
    share = context.tokens / context.window
    ink = "bad" if share >= _FULL else "warn" if share >= _FILLING else "text"
    percent = words.percent(share) if share <= 1 else f"{share:.0%}"
    name: Piece = ("ctx ", "dim")
    amount: Piece = (f"{tokens}/{words.count(context.window).replace('.0', '')} ", "dim")
    bar: Piece = (f"{gauge(share, _GAUGE_CELLS)} ", "faint" if ink == "text" else ink)
    yield (name, amount, bar, (percent, ink), *growth)
    yield (name, amount, bar, (percent, ink))
    yield (name, amount, (percent, ink))
    yield (name, (percent, ink))
