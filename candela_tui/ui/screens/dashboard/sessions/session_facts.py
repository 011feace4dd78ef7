"""The parts of a session's row on its state, its prompt cache and its context window."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

from candela_tui.analysis.cache import CacheLife
from candela_tui.analysis.context import ContextFill
from candela_tui.ledger.sessions import SessionSummary
from candela_tui.text import amounts, times
from candela_tui.ui.style.gauges import gauge
from candela_tui.ui.style.styled_text import Line, Piece

RECENT = timedelta(hours=1)
_AT_WORK = timedelta(minutes=5)
"""How long the cache, context and sub-agents of an idle session are shown."""

_SOON_S = 60
_SECONDS_MATTER = timedelta(minutes=10)
"""Time left from which a cache clock shows seconds, so that one of an hour does not tick all day."""
_FILLING, _FULL = 0.75, 0.9
_GAUGE_CELLS = 6


def state(session: SessionSummary, now: datetime) -> Piece:
    """Return the state: ``2 live``, ``idle 4m``, ``3h ago``."""
    if session.totals.live:
        return f"{session.totals.live} live", "accent"
    if session.last_at is None:
        return "", "dim"
    age = times.age(session.last_at, now)
    if now - session.last_at < RECENT and age != "now":
        return f"idle {age.removesuffix(' ago')}", "dim"
    return age, "dim"


def recent(session: SessionSummary, now: datetime) -> bool:
    """Return whether a session is live, or was within the last hour."""
    return session.totals.live > 0 or (session.last_at is not None and now - session.last_at < RECENT)


def at_work(session: SessionSummary, now: datetime) -> bool:
    """Return whether a session is live, or was within the last minutes."""
    return session.totals.live > 0 or (session.last_at is not None and now - session.last_at < _AT_WORK)


def counts_down(life: CacheLife | None, now: datetime) -> bool:
    """Return whether the cache clock changes each second."""
    return life is not None and timedelta(0) < life.expires_at - now <= _SECONDS_MATTER


def cache_clock(life: CacheLife, now: datetime) -> Piece:
    """Return the cache clock: ``cache 58m``, ``cache 3:12``, ``cache cold``."""
    left = ceil((life.expires_at - now).total_seconds())
    if left <= 0:
        return "cache cold", "faint"
    if left > _SECONDS_MATTER.total_seconds():
        return f"cache {left // 60}m", "dim"
    return f"cache {left // 60}:{left % 60:02}", "warn" if left < _SOON_S else "dim"


def fills_up(context: ContextFill) -> bool:
    """Return whether the context window is filled enough to matter."""
    return context.window is not None and context.tokens >= _FILLING * context.window


def context_forms(context: ContextFill) -> Iterator[Line]:
    """Yield ``ctx 96k/200k ▓▓▓░░░ 48% +3.1k/turn`` and shorter forms, the longest first."""
    tokens = amounts.count(context.tokens)
    growth: Line = ()
    if context.growth:
        sign = "-" if context.growth < 0 else "+"
        growth = ((f" {sign}{amounts.count(abs(context.growth))}/turn", "dim"),)
    if not context.window:
        yield (("ctx ", "dim"), (tokens, "text"), *growth)
        yield (("ctx ", "dim"), (tokens, "text"))
        return
    share = context.tokens / context.window
    style = "bad" if share >= _FULL else "warn" if share >= _FILLING else "text"
    percent = amounts.percent(share) if share <= 1 else f"{share:.0%}"
    name: Piece = ("ctx ", "dim")
    amount: Piece = (f"{tokens}/{amounts.count(context.window).replace('.0', '')} ", "dim")
    bar: Piece = (f"{gauge(share, _GAUGE_CELLS)} ", "faint" if style == "text" else style)
    yield (name, amount, bar, (percent, style), *growth)
    yield (name, amount, bar, (percent, style))
    yield (name, amount, (percent, style))
    yield (name, (percent, style))
