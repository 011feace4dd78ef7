"""The agents and turns of a session as JSON: what ``candela agents --json`` prints.

Times are ISO 8601 in UTC, durations seconds, money USD as Decimal; None means unknown.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from candela_tui.analysis.turn_timing import Span, TurnTiming, seconds_by_activity
from candela_tui.exchange.facts import iso_time
from candela_tui.ledger.agent_tree import AgentNode, AgentTree, TimedTurn
from candela_tui.ledger.names import session_title
from candela_tui.reports.records import totals_record


def tree_record(tree: AgentTree, continued_by: Sequence[str]) -> dict[str, Any]:
    """Return the record of a session's agents and turns. ``continued_by`` are the sessions that continue it."""
    session = tree.session
    return {
        "session_id": session.session_id,
        "title": session_title(session),
        "continues": session.continues.session_id if session.continues else None,
        "continues_request": session.continues.exchange_id if session.continues else None,
        "continued_by": list(continued_by),
        **totals_record(session.totals),
        "agents": [_agent(node) for node in tree.agents],
        "turns": [_turn(turn) for turn in tree.turns],
    }


def _agent(node: AgentNode) -> dict[str, Any]:
    known, context = node.summary, node.context
    inferred = [
        name
        for name, holds in (
            ("agent_id", known is not None and known.inferred),
            ("parent_agent_id", known is not None and known.parent_inferred),
        )
        if holds
    ]
    return {
        "agent_id": node.agent_id,
        "parent_agent_id": known.parent_agent_id if known is not None else None,
        "name": node.name,
        "type": known.agent_type if known is not None else None,
        "task": known.description if known is not None else None,
        "model": node.model,
        "inferred": inferred,
        "started_by": known.started_by if known is not None else None,
        "started_at": _moment(node.started_at) if node.totals.requests else None,
        "ended_at": _moment(node.ended_at) if node.totals.requests and not node.totals.live else None,
        **totals_record(node.totals),
        "live": node.totals.live,
        "compactions": node.compactions,
        "context_tokens": context.tokens if context is not None else None,
        "context_window": context.window if context is not None else None,
        "wall_s": _seconds(node.wall_s),
        "busy_s": _seconds(node.busy_s),
        "activities_s": {activity.value: _seconds(seconds) for activity, seconds in (node.activities or {}).items()},
    }


def _turn(timed: TimedTurn) -> dict[str, Any]:
    turn, timing = timed.turn, timed.timing
    return {
        "number": turn.number,
        "prompt_id": turn.prompt_id,
        "inferred": turn.inferred,
        "started_at": iso_time(turn.exchanges[0].started_at),
        "request_ids": [exchange.id for exchange in turn.exchanges],
        **totals_record(timed.totals),
        "agents": timed.agents,
        "wall_s": _seconds(timing.wall_s) if timing is not None else None,
        "critical_path_s": _by_activity(timing.path) if timing is not None else {},
        "critical_path": _spans(timing, timing.path) if timing is not None else [],
        "spans": _spans(timing, (span for agent in timing.agents for span in agent.spans))
        if timing is not None
        else [],
    }


def _by_activity(spans: Iterable[Span]) -> dict[str, float]:
    return {activity.value: _seconds(seconds) for activity, seconds in seconds_by_activity(spans).items()}


def _spans(timing: TurnTiming, spans: Iterable[Span]) -> list[dict[str, Any]]:
    """Return records of spans; ``start_s`` counts from the beginning of the turn."""
    return [
        {
            "agent_id": span.agent_id,
            "activity": span.activity.value,
            "label": span.label or None,
            "request_id": span.exchange_id,
            "start_s": _seconds(span.start - timing.start),
            "seconds": _seconds(span.seconds),
            "inferred": span.inferred,
        }
        for span in spans
    ]


def _seconds(seconds: float) -> float:
    return round(seconds, 6)


def _moment(seconds: float) -> str:
    return iso_time(datetime.fromtimestamp(seconds, UTC))
