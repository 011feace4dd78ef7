"""The report on the prompt cache as lines for the terminal."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from candela_tui.exchange.cache_diagnosis import CacheState
from candela_tui.ledger.cache_misses import Key, MissesBy, MissSums
from candela_tui.ledger.cache_savings import EXTEND_TTL, Saving
from candela_tui.reports.cache.reading import CacheReport
from candela_tui.reports.cache.repeats import Repeats
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN
from candela_tui.text.tables import table_lines
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import duration

_MOST_SAVINGS: Final = 5


def cache_report_lines(report: CacheReport, width: int | None) -> Iterator[str]:
    """Yield the lines of the report."""
    yield _states(report)
    yield from _repeats(report.repeats)
    listed = report.misses.listed()
    if not listed:
        return
    yield ""
    heads: tuple[str, ...] = ("CAUSE", "REQUESTS", "TOKENS AGAIN", "COST")
    rows: list[tuple[str, ...]] = [(cause.value, *_cells(missed)) for _, cause, missed in listed]
    total: tuple[str, ...] = ("total", *_cells(report.misses.total()))
    if report.by is not None:
        heads = (report.by.value.upper(), *heads)
        rows = [(_name(key, report), *row) for (key, _, _), row in zip(listed, rows, strict=True)]
        total = (total[0], "", *total[1:])
    figures = range(len(heads) - 3, len(heads))
    yield from table_lines(heads, [*rows, total], flexible=0, right=figures, width=width)
    yield ""
    yield "COST is what writing the tokens again cost more than reading them would have."
    if report.savings:
        yield ""
        yield "What would have saved most:"
        for saving in report.savings[:_MOST_SAVINGS]:
            yield f"  {_saving(saving)}"


def _states(report: CacheReport) -> str:
    states = report.misses.states
    parts = [f"{state.value} {states[state]:,}" for state in CacheState if states[state]]
    if states[None]:
        parts.append(f"not known {states[None]:,}")
    return f"{amounts.requests(states.total())}: {', '.join(parts)}"


def _repeats(repeats: Repeats) -> Iterator[str]:
    if repeats.requests:
        saved = amounts.cost(repeats.saved_usd, lower_bound=bool(repeats.unpriced))
        yield f"Answered from the store by [rules.cache]: {amounts.requests(repeats.requests)}, {saved} saved"
    if repeats.tried:
        yield f"[rules.cache] is only tried, and would have answered {amounts.requests(repeats.tried)}"


def _cells(missed: MissSums) -> tuple[str, str, str]:
    cost = amounts.cost(missed.known_usd, lower_bound=bool(missed.unpriced)) if missed.requests else UNKNOWN
    return f"{missed.requests:,}", f"{missed.tokens:,}", cost


def _name(key: Key, report: CacheReport) -> str:
    if isinstance(key, date):
        return key.isoformat()
    if report.by is MissesBy.SESSION and key is not None:
        return report.titles.get(key, key)
    return key or UNKNOWN


def _saving(saving: Saving) -> str:
    missed = saving.missed
    cost = amounts.cost(missed.usd, lower_bound=bool(missed.unpriced))
    if saving.change != EXTEND_TTL:
        return terminal_safe(
            f"{saving.change}: {amounts.requests(missed.requests)} wrote {missed.tokens:,} tokens again, {cost}"
        )
    expiries = "1 expiry" if missed.requests == 1 else f"{missed.requests:,} expiries"
    idle = f"{_idle(missed.shortest_idle)} to {_idle(missed.longest_idle)} idle"
    words = f"{saving.change}: {expiries} at {idle}, {cost}"
    if not saving.added_usd:
        return words
    return f"{words}; writing for an hour costs {amounts.money(saving.added_usd)} more, so {amounts.money(saving.usd)}"


def _idle(idle: timedelta | None) -> str:
    return duration(idle.total_seconds() * 1000 if idle is not None else None)
