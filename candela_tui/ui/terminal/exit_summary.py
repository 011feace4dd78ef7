"""The summary that the dashboard prints on the terminal when it closes."""

from collections.abc import Iterator
from datetime import datetime

from candela_tui.analysis import labels
from candela_tui.ledger.ledger import Ledger, most_expensive_first
from candela_tui.ledger.names import session_title
from candela_tui.ledger.totals import Totals, sum_of
from candela_tui.text import amounts, times
from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import Clock
from candela_tui.ui.state.loaded_exchanges import LoadedExchanges

_MOST_SESSIONS = 5
_TITLE = 40


def exit_summary(loaded: LoadedExchanges, opened_at: datetime, clock: Clock) -> list[str]:
    """Return the sums over the requests that began while the dashboard was open, by session and model; empty if there
    were none."""
    ledger = Ledger.of(loaded.since(opened_at))
    totals = ledger.totals
    if not totals.counted and not totals.errors:
        return []
    took = times.duration((clock.now() - opened_at).total_seconds() * 1000)
    hit = f" ({amounts.percent(totals.cache_hit_rate)} from the cache)" if totals.cache_hit_rate is not None else ""
    figures = [amounts.requests(totals.requests)]
    if totals.counted:
        figures += [
            f"{amounts.count(totals.prompt_tokens)} tokens in{hit}",
            f"{amounts.count(totals.output_tokens)} out",
            f"{_cost(totals)}{' API-equivalent' if loaded.newest and loaded.newest.subscription else ''}",
        ]
    else:
        figures.append(f"{totals.errors} failed")
    return [f"In {took}: {', '.join(figures)}", *_by_session(ledger, loaded), *_by_model(ledger)]


def _by_session(ledger: Ledger, loaded: LoadedExchanges) -> Iterator[str]:
    sessions = [each for each in most_expensive_first(ledger.by_session()) if each[1].counted or each[1].errors]
    if len(sessions) < 2:
        return
    for session_id, totals in sessions[:_MOST_SESSIONS]:
        yield _row(session_title(loaded.session(session_id)), totals)
    if len(sessions) > _MOST_SESSIONS:
        rest = sum_of(totals for _, totals in sessions[_MOST_SESSIONS:])
        yield _row(f"{len(sessions) - _MOST_SESSIONS} more sessions", rest)


def _by_model(ledger: Ledger) -> Iterator[str]:
    models = [(name, totals) for name, totals in most_expensive_first(ledger.by_model()) if name and totals.counted]
    if len(models) > 1:
        yield "  " + ", ".join(f"{terminal_safe(labels.model(name))} {_cost(totals)}" for name, totals in models)


def _row(name: str, totals: Totals) -> str:
    return f"  {fitted(terminal_safe(name), _TITLE)}  {amounts.requests(totals.requests):>14}  {_cost(totals):>10}"


def _cost(totals: Totals) -> str:
    return amounts.cost(totals.cost, lower_bound=totals.at_least)
