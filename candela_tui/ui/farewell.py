"""What the dashboard leaves on the terminal when it closes."""

from collections.abc import Iterator
from datetime import datetime

from candela_tui.analysis.breakdown import Breakdown, dearest
from candela_tui.analysis.names import session_title
from candela_tui.analysis.sessions import Totals, sum_of
from candela_tui.ui import words
from candela_tui.ui.clock import Clock
from candela_tui.ui.dashboard.session_rows import total_cost
from candela_tui.ui.ink import fitted
from candela_tui.ui.ledger import Ledger
from candela_tui.ui.plain import plain

_MOST_SESSIONS = 5
_TITLE = 40


def farewell(ledger: Ledger, opened_at: datetime, clock: Clock) -> list[str]:
    """Return the sums over the requests that began while the dashboard was open, by session and model; nothing
    where there were none."""
    breakdown = Breakdown(clock.local)
    breakdown.add(ledger.since(opened_at))
    totals = breakdown.totals
    if not totals.counted and not totals.errors:
        return []
    took = words.duration((clock.now() - opened_at).total_seconds() * 1000)
    hit = f" ({words.percent(totals.cache_hit_rate)} from the cache)" if totals.cache_hit_rate is not None else ""
    figures = [
        _requests(totals.requests),
        f"{words.count(totals.prompt_tokens)} tokens in{hit}",
        f"{words.count(totals.output_tokens)} out",
        f"{total_cost(totals)}{' API-equivalent' if ledger.newest and ledger.newest.subscription else ''}",
    ]
    return [f"In {took}: {', '.join(figures)}", *_by_session(breakdown, ledger), *_by_model(breakdown)]


def _by_session(breakdown: Breakdown, ledger: Ledger) -> Iterator[str]:
    sessions = [each for each in dearest(breakdown.by_session) if each[1].counted or each[1].errors]
    if len(sessions) < 2:
        return
    for session_id, totals in sessions[:_MOST_SESSIONS]:
        yield _row(session_title(ledger.session(session_id)), totals)
    if len(sessions) > _MOST_SESSIONS:
        rest = sum_of(totals for _, totals in sessions[_MOST_SESSIONS:])
        yield _row(f"{len(sessions) - _MOST_SESSIONS} more sessions", rest)


def _by_model(breakdown: Breakdown) -> Iterator[str]:
    models = [(name, totals) for name, totals in dearest(breakdown.by_model) if name and totals.counted]
    if len(models) > 1:
        yield "  " + ", ".join(f"{plain(words.model(name))} {total_cost(totals)}" for name, totals in models)


def _row(name: str, totals: Totals) -> str:
    return f"  {fitted(plain(name), _TITLE)}  {_requests(totals.requests):>14}  {total_cost(totals):>10}"


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number:,} requests"
