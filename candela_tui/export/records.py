"""Exchanges and sessions as flat records: the fields of ``candela requests --json`` and ``candela sessions --json``.

Times are ISO 8601 in UTC, durations milliseconds, money USD as Decimal; None is unknown.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from candela_tui.analysis.names import session_title
from candela_tui.analysis.retries import Call, calls
from candela_tui.analysis.sessions import SessionSummary, by_session
from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.usage import Usage

Value = str | int | float | bool | Decimal | None
Record = dict[str, Value]

REQUEST_FIELDS = (
    "id",
    "session_id",
    "agent_id",
    "parent_agent_id",
    "started_at",
    "route",
    "dialect",
    "model",
    "model_used",
    "status",
    "outcome",
    "stop_reason",
    "error",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "cost_usd",
    "connect_ms",
    "ttfb_ms",
    "ttft_ms",
    "duration_ms",
    "request_bytes",
    "response_bytes",
    "request_id",
    "retry",
    "agent_type",
    "agent_description",
    "tools",
    "saved_usd",
    "cost_notes",
    "provider",
    "region",
    "model_sent",
    "model_stated",
    "gateway",
    "adapted",
    "client",
    "inferred",
    "branch",
    "cost_at_least",
    "unpriced_model",
    "client_cost_usd",
    "unread",
    "kind",
    "request_class",
    "prompt_id",
    "tool_durations",
    "call",
    "left_out",
)
"""The fields of one request, in the order in which every export has them."""


def request_records(exchanges: Iterable[Exchange]) -> Iterator[Record]:
    """Requests in the order given, their agents named by what the requests tell of them."""
    listed = list(exchanges)
    sessions = {session.session_id: session for session in by_session(listed)}
    tried = {exchange.id: call for call in calls(listed) for exchange in call.tries}
    for exchange in listed:
        yield request_record(exchange, sessions[exchange.session_id], tried[exchange.id])


def request_record(exchange: Exchange, session: SessionSummary | None = None, call: Call | None = None) -> Record:
    """One request of that session and call. ``retry`` is how many tries of the call there were before, ``call`` the id
    of its first. ``error`` is ``type: message``, ``tools`` those that the answer calls, ``adapted``
    what was changed for the provider: ``beta context-1m-2025-08-07; field context_management``. ``cost_at_least`` says
    that it may cost more than ``cost_usd``, ``client_cost_usd`` what the client counts where that is another amount."""
    usage = exchange.usage or Usage()
    agent = session.agents.get(exchange.agent_id or "") if session else None
    ids = [each.id for each in call.tries] if call else [exchange.id]
    tells_branch = session or exchange.clues
    record: Record = {
        "id": exchange.id,
        "session_id": exchange.session_id,
        "agent_id": exchange.agent_id,
        "parent_agent_id": exchange.parent_agent_id,
        "started_at": iso_time(exchange.started_at),
        "route": exchange.route,
        "dialect": exchange.dialect,
        "model": exchange.model,
        "model_used": exchange.model_used,
        "status": exchange.status,
        "outcome": exchange.outcome.value,
        "stop_reason": exchange.stop_reason,
        "error": f"{exchange.error.type}: {exchange.error.message}" if exchange.error else None,
        "input_tokens": usage.input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_5m_tokens": usage.cache_write_5m_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": exchange.cost.total if exchange.cost else None,
        "connect_ms": _milliseconds(exchange.connect_ms),
        "ttfb_ms": _milliseconds(exchange.ttfb_ms),
        "ttft_ms": _milliseconds(exchange.ttft_ms),
        "duration_ms": _milliseconds(exchange.duration_ms),
        "request_bytes": exchange.request_bytes,
        "response_bytes": exchange.response_bytes,
        "request_id": exchange.request_id,
        "retry": max(exchange.retry, ids.index(exchange.id)),
        "call": ids[0],
        "left_out": ", ".join(exchange.left_out) or None,
        "agent_type": agent.agent_type if agent else exchange.agent_type,
        "agent_description": agent.description if agent else None,
        "tools": ", ".join(exchange.tools_called) or None,
        "saved_usd": exchange.saved,
        "cost_notes": "; ".join(exchange.cost_notes) or None,
        "provider": exchange.provider,
        "region": exchange.region,
        "model_sent": exchange.model_sent,
        "model_stated": exchange.model_stated,
        "gateway": exchange.gateway,
        "adapted": "; ".join(f"{each.what} {each.name}" for each in exchange.adaptations) or None,
        "client": exchange.client,
        "inferred": ", ".join(exchange.inferred) or None,
        "branch": tells_branch.git_branch if tells_branch else None,
        "cost_at_least": exchange.cost.at_least if exchange.cost else None,
        "unpriced_model": exchange.unpriced_model,
        "client_cost_usd": exchange.client_cost,
        "unread": exchange.unread,
        "kind": exchange.kind.value,
        "request_class": exchange.request_class,
        "prompt_id": exchange.prompt_id,
        "tool_durations": ", ".join(f"{each.tool}={each.milliseconds}" for each in exchange.tool_durations) or None,
    }
    return {field: record[field] for field in REQUEST_FIELDS}


def detailed_record(exchange: Exchange, call: Call | None = None) -> dict[str, Any]:
    """One request with what a table has no room for: headers, the cost's parts, what was served otherwise."""
    cost = exchange.cost
    return {
        **request_record(exchange, call=call),
        "method": exchange.method,
        "path": exchange.path,
        "url": exchange.url or None,
        "streamed": exchange.streamed,
        "web_searches": exchange.usage.web_searches if exchange.usage else None,
        "service_tier": exchange.usage.service_tier if exchange.usage else None,
        "speed": exchange.usage.speed if exchange.usage else None,
        "cost_parts_usd": cost
        and {
            "input": cost.input,
            "cache_read": cost.cache_read,
            "cache_write": cost.cache_write,
            "output": cost.output,
            "web_searches": cost.web_searches,
        },
        "subscription": exchange.subscription,
        "differences": [
            {"what": difference.what, "asked": difference.asked, "served": difference.served}
            for difference in exchange.differences
        ],
        "cache_ttls": list(exchange.cache_ttls),
        "task": exchange.task,
        "delegations": [
            {"task": each.task, "agent_type": each.agent_type, "description": each.description}
            for each in exchange.delegations
        ],
        "adaptations": [{"what": each.what, "name": each.name, "why": each.why} for each in exchange.adaptations],
        "answer_facts": dict(exchange.answer_facts),
        "provider_status": exchange.provider_status,
        "provider_metrics": dict(exchange.provider_metrics),
        "request_headers": _pairs(exchange.request_headers),
        "response_headers": _pairs(exchange.response_headers),
        "provider_request_headers": _pairs(exchange.provider_request_headers),
        "provider_response_headers": _pairs(exchange.provider_response_headers),
    }


def session_record(session: SessionSummary) -> Record:
    """One session; ``agents`` is how many sub-agents it has, ``cache_hit_rate`` 0 to 1. ``cost_usd`` is the sum over
    the requests with a price; ``cost_at_least`` says that the session may cost more, ``unpriced`` how many requests
    have no price, ``client_difference_usd`` how much more the client counts than the provider bills."""
    totals = session.totals
    rate = totals.cache_hit_rate
    return {
        "session_id": session.session_id,
        "title": session_title(session),
        "client": session.client,
        "cwd": session.cwd,
        "branch": session.git_branch,
        "started_at": iso_time(session.started_at),
        "last_at": iso_time(session.last_at),
        "requests": totals.requests,
        "agents": len(session.agents),
        "input_tokens": totals.input_tokens,
        "cache_read_tokens": totals.cache_read_tokens,
        "cache_write_5m_tokens": totals.cache_write_5m_tokens,
        "cache_write_1h_tokens": totals.cache_write_1h_tokens,
        "output_tokens": totals.output_tokens,
        "cache_hit_rate": None if rate is None else round(rate, 6),
        "cost_usd": totals.cost,
        "side_requests": totals.side_requests,
        "side_cost_usd": totals.side_cost_usd if totals.priced else None,
        "saved_usd": totals.saved_usd if totals.priced else None,
        "cost_at_least": totals.at_least,
        "unpriced": totals.unpriced,
        "unread": totals.unread,
        "client_difference_usd": totals.client_difference if totals.counted_otherwise else None,
    }


def in_order(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """The exchanges, the earliest first."""
    return sorted(exchanges, key=lambda exchange: exchange.id)


def iso_time(moment: datetime | None) -> str | None:
    """``2026-11-21T12:01:03.250Z``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain_decimal(value: Decimal) -> str:
    """Every digit of the value and no more, without an exponent: ``0.029363``."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _milliseconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _pairs(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]
