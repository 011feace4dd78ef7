"""The windows of a subscription as a record: the fields of ``candela limits --json``."""

from collections.abc import Iterator
from typing import Any, Final

from candela_tui.analysis.limit_history import WindowPeriod, pace_of
from candela_tui.exchange.facts import iso_time
from candela_tui.reports.limits.reading import LimitsReport

_DECIMALS: Final = 6
"""Of a share of a window: answers state two."""


def limits_record(report: LimitsReport) -> dict[str, Any]:
    """Return the whole report."""
    return {"now": iso_time(report.now), "windows": [_period(report, period) for period in report.periods]}


def _period(report: LimitsReport, period: WindowPeriod) -> dict[str, Any]:
    pace = pace_of(period, report.now)
    return {
        "name": period.name,
        "starts_at": iso_time(period.starts_at),
        "resets_at": iso_time(period.ends_at),
        "ended": period.over(report.now),
        "status": period.status,
        "utilization": _share(period.utilization),
        "stated_at": iso_time(period.last_at) if period.last_at is not None else None,
        "pace": None
        if pace is None
        else {
            "over_s": round(pace.over.total_seconds()),
            "per_hour": _share(pace.per_hour),
            "utilization_at_reset": _share(pace.at_reset),
            "full_at": iso_time(pace.full_at) if pace.full_at is not None else None,
        },
        "levels": [{"at": iso_time(at), "utilization": _share(used)} for at, used in period.levels],
        "shares_inferred_from": "weighted_tokens" if period.by_tokens else "cost",
        "shares": list(_shares(report, period)),
        "before_recording": _share(period.earlier),
        "elsewhere": _share(period.elsewhere),
    }


def _shares(report: LimitsReport, period: WindowPeriod) -> Iterator[dict[str, Any]]:
    for (session_id, agent_id), share in period.largest_first():
        yield {
            "session_id": session_id,
            "title": report.titles.get(session_id),
            "agent_id": agent_id,
            "agent_type": report.agent(session_id, agent_id),
            "requests": share.requests,
            "cost_usd": share.usd,
            "rise": _share(share.rise),
            "share": _share(share.rise / period.utilization) if period.utilization else None,
        }


def _share(value: float) -> float:
    return round(value, _DECIMALS)
