"""The report on the prompt cache as JSON."""

from datetime import date

from candela_tui.exchange.cache_diagnosis import CacheState
from candela_tui.ledger.cache_misses import Key, MissSums
from candela_tui.ledger.cache_savings import Saving
from candela_tui.reports.cache.reading import CacheReport
from candela_tui.reports.usage.records import JsonRecord


def cache_report_record(report: CacheReport) -> JsonRecord:
    """Return the report. Amounts in USD are exact."""
    states = report.misses.states
    return {
        "states": {**{state.value: states[state] for state in CacheState}, "unknown": states[None]},
        "rows": [
            {"key": _key(key), "cause": cause.value, **_sums(missed)} for key, cause, missed in report.misses.listed()
        ],
        "totals": _sums(report.misses.total()),
        "savings": list(map(_saving, report.savings)),
        "answered_from_store": {
            "requests": report.repeats.requests,
            "saved_usd": report.repeats.saved_usd,
            "unpriced_requests": report.repeats.unpriced,
            "dry_run_requests": report.repeats.tried,
        },
    }


def _key(key: Key) -> str | None:
    return key.isoformat() if isinstance(key, date) else key


def _sums(missed: MissSums) -> JsonRecord:
    return {
        "requests": missed.requests,
        "rewritten_tokens": missed.tokens,
        "rewritten_usd": missed.known_usd if missed.requests else missed.usd,
        "unpriced_requests": missed.unpriced,
    }


def _saving(saving: Saving) -> JsonRecord:
    missed = saving.missed
    return {
        "change": saving.change,
        "cause": saving.cause.value,
        **_sums(missed),
        "shortest_idle_s": missed.shortest_idle.total_seconds() if missed.shortest_idle is not None else None,
        "longest_idle_s": missed.longest_idle.total_seconds() if missed.longest_idle is not None else None,
        "added_usd": saving.added_usd,
        "saved_usd": saving.usd,
    }
