"""Exchanges as rows of the store, and back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Text

from candela_tui.exchange import ENDED_EARLY, Cost, Delegation, Difference, Exchange, Marks, Outcome, ToolDuration
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.session_clues import SessionClues
from candela_tui.protocol.usage import Iteration, Usage
from candela_tui.store.schema import exchanges

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PICODOLLARS = 12
"""Decimal places of a dollar that are kept."""
FIRST_REFUSAL = 300
"""From this status on an answer is not one that is billed."""
_FIRST_PROVIDER = "anthropic"
"""The one that there was before the store told them apart."""


def stored_time(moment: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def stored_text(value: str | None) -> str | bytes | None:
    """Text as it is bound: as bytes, which SQLite keeps as they are, where it is not Unicode (stray header bytes)."""
    if value is None or value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def read_text(value: str | bytes | None) -> str | None:
    """Undo ``stored_text``. Raises UnicodeDecodeError where that did not write it."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def stored_headers(headers: Headers) -> str:
    """Header fields as JSON: a list of [name, value]."""
    return json.dumps(headers, separators=(",", ":"))


def _headers(stored: str | None) -> Headers:
    return tuple((name, value) for name, value in json.loads(stored)) if stored else ()


def row_of(exchange: Exchange, process: str | None, *, response_dropped: bool) -> dict[str, Any]:
    """The columns of ``schema.exchanges``. ``process`` is the mark of the process ``exchange.pid``."""
    error, usage, cost, marks, clues = exchange.error, exchange.usage, exchange.cost, exchange.marks, exchange.clues
    return {
        "id": exchange.id,
        "started_at_us": stored_time(exchange.started_at),
        "method": stored_text(exchange.method),
        "path": stored_text(exchange.path),
        "route": stored_text(exchange.route),
        "dialect": stored_text(exchange.dialect),
        "kind": exchange.kind.value,
        "url": stored_text(exchange.url),
        "session_id": stored_text(exchange.session_id),
        "agent_id": stored_text(exchange.agent_id),
        "parent_agent_id": stored_text(exchange.parent_agent_id),
        "model": stored_text(exchange.model),
        "model_used": stored_text(exchange.model_used),
        "streamed": exchange.streamed,
        "status": exchange.status,
        "outcome": exchange.outcome.value,
        "stop_reason": stored_text(exchange.stop_reason),
        "error_type": stored_text(error.type) if error else None,
        "error_message": stored_text(error.message) if error else None,
        "usage_iterations": usage.iterations if usage else None,
        "input_tokens": usage.input_tokens if usage else None,
        "cache_read_tokens": usage.cache_read_tokens if usage else None,
        "cache_write_5m_tokens": usage.cache_write_5m_tokens if usage else None,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "web_searches": usage.web_searches if usage else None,
        "service_tier": stored_text(usage.service_tier) if usage else None,
        "speed": stored_text(usage.speed) if usage else None,
        "inference_geo": stored_text(usage.inference_geo) if usage else None,
        "cost_at_least": cost.at_least if cost else None,
        "cost_input": _picodollars(cost.input) if cost else None,
        "cost_cache_read": _picodollars(cost.cache_read) if cost else None,
        "cost_cache_write": _picodollars(cost.cache_write) if cost else None,
        "cost_output": _picodollars(cost.output) if cost else None,
        "cost_web_searches": _picodollars(cost.web_searches) if cost else None,
        "unpriced_model": stored_text(exchange.unpriced_model),
        "connected_ms": marks.connected,
        "first_byte_ms": marks.first_byte,
        "first_token_ms": marks.first_token,
        "end_ms": marks.end,
        "request_bytes": exchange.request_bytes,
        "response_bytes": exchange.response_bytes,
        "output_characters": exchange.output_characters,
        "request_id": stored_text(exchange.request_id),
        "rate_limits": stored_headers(exchange.rate_limits) if exchange.rate_limits else None,
        "retry": exchange.retry,
        "differences": _stored_list([each.what, each.asked, each.served] for each in exchange.differences),
        "clues": json.dumps([clues.title, clues.cwd, clues.git_branch, clues.model]) if clues else None,
        "session_title": stored_text(exchange.session_title),
        "subscription": exchange.subscription,
        "pid": exchange.pid,
        "process": process,
        "response_dropped": response_dropped,
        "usage_beyond": _stored_list(_stored_iteration(each) for each in usage.beyond) if usage else None,
        "cost_notes": _stored_list(exchange.cost_notes),
        "saved": _picodollars(exchange.saved) if exchange.saved is not None else None,
        "cache_ttls": _stored_list(exchange.cache_ttls),
        "tools_called": _stored_list(exchange.tools_called),
        "delegations": _stored_list([each.task, each.agent_type, each.description] for each in exchange.delegations),
        "task": stored_text(exchange.task),
        "provider": stored_text(exchange.provider),
        "region": stored_text(exchange.region),
        "model_sent": stored_text(exchange.model_sent),
        "adaptations": _stored_list([each.what, each.name, each.why] for each in exchange.adaptations),
        "provider_status": exchange.provider_status,
        "provider_metrics": stored_headers(exchange.provider_metrics) if exchange.provider_metrics else None,
        "agent_type": stored_text(exchange.agent_type),
        "request_class": stored_text(exchange.request_class),
        "prompt_id": stored_text(exchange.prompt_id),
        "asked": stored_text(exchange.asked),
        "left_out": _stored_list(exchange.left_out),
        "tool_durations": _stored_list([each.tool, each.milliseconds] for each in exchange.tool_durations),
        "client": stored_text(exchange.client),
        "inferred": _stored_list(exchange.inferred),
        "model_stated": stored_text(exchange.model_stated),
        "gateway": stored_text(exchange.gateway),
        "client_cost": _picodollars(exchange.client_cost) if exchange.client_cost is not None else None,
        "unread": stored_text(exchange.unread),
        "answer_facts": stored_headers(exchange.answer_facts) if exchange.answer_facts else None,
    }


def headers_row(exchange: Exchange) -> dict[str, Any]:
    """The columns of ``schema.headers``."""
    of_request, of_response = exchange.provider_request_headers, exchange.provider_response_headers
    return {
        "exchange_id": exchange.id,
        "request": stored_headers(exchange.request_headers),
        "response": stored_headers(exchange.response_headers),
        "provider_request": stored_headers(of_request) if of_request else None,
        "provider_response": stored_headers(of_response) if of_response else None,
    }


def with_headers(exchange: Exchange, row: Mapping[str, Any]) -> Exchange:
    """The exchange with what a row of ``schema.headers`` tells. Raises ValueError or TypeError where it is damaged."""
    return replace(
        exchange,
        request_headers=_headers(row["request"]),
        response_headers=_headers(row["response"]),
        provider_request_headers=_headers(row["provider_request"]),
        provider_response_headers=_headers(row["provider_response"]),
    )


def exchange_of(row: Mapping[str, Any]) -> Exchange:
    """The exchange that a row of ``schema.exchanges`` tells, without its headers. Raises ValueError or TypeError where
    it is damaged."""
    _require_types(row)
    return Exchange(
        id=_text(row["id"]),
        started_at=_EPOCH + row["started_at_us"] * _MICROSECOND,
        method=_text(row["method"]),
        path=_text(row["path"]),
        route=_text(row["route"]),
        dialect=_text(row["dialect"]),
        kind=Kind(row["kind"]),
        url=_text(row["url"]),
        session_id=read_text(row["session_id"]),
        agent_id=read_text(row["agent_id"]),
        parent_agent_id=read_text(row["parent_agent_id"]),
        model=read_text(row["model"]),
        model_used=read_text(row["model_used"]),
        streamed=row["streamed"],
        status=row["status"],
        outcome=Outcome(row["outcome"]),
        stop_reason=read_text(row["stop_reason"]),
        error=_error_of(row),
        usage=_usage_of(row),
        cost=_cost_of(row),
        unpriced_model=read_text(row["unpriced_model"]),
        marks=Marks(row["connected_ms"], row["first_byte_ms"], row["first_token_ms"], row["end_ms"]),
        request_bytes=row["request_bytes"],
        response_bytes=row["response_bytes"],
        output_characters=row["output_characters"],
        request_id=read_text(row["request_id"]),
        rate_limits=_headers(row["rate_limits"]),
        retry=row["retry"],
        differences=tuple(Difference(*each) for each in _list(row["differences"])),
        clues=SessionClues(*json.loads(row["clues"])) if row["clues"] else None,
        session_title=read_text(row["session_title"]),
        subscription=row["subscription"],
        pid=row["pid"],
        cost_notes=tuple(_list(row["cost_notes"])),
        saved=_dollars(row["saved"]) if row["saved"] is not None else None,
        cache_ttls=tuple(_list(row["cache_ttls"])),
        tools_called=tuple(_list(row["tools_called"])),
        delegations=tuple(Delegation(*each) for each in _list(row["delegations"])),
        task=read_text(row["task"]),
        provider=_FIRST_PROVIDER if row["provider"] is None else _text(row["provider"]),
        region=read_text(row["region"]),
        model_sent=read_text(row["model_sent"]),
        adaptations=tuple(Adaptation(*each) for each in _list(row["adaptations"])),
        provider_status=row["provider_status"],
        provider_metrics=_headers(row["provider_metrics"]),
        agent_type=read_text(row["agent_type"]),
        request_class=read_text(row["request_class"]),
        prompt_id=read_text(row["prompt_id"]),
        asked=read_text(row["asked"]),
        left_out=tuple(_list(row["left_out"])),
        tool_durations=tuple(ToolDuration(*each) for each in _list(row["tool_durations"])),
        client=read_text(row["client"]),
        inferred=tuple(_list(row["inferred"])),
        model_stated=read_text(row["model_stated"]),
        gateway=read_text(row["gateway"]),
        client_cost=_dollars(row["client_cost"]) if row["client_cost"] is not None else None,
        unread=read_text(row["unread"]),
        answer_facts=_headers(row["answer_facts"]),
    )


_TEXT = frozenset({str, bytes})
_TYPES = {Text: _TEXT, BigInteger: {int}, Integer: {int}, Double: {float, int}, Boolean: {bool}}


def _allowed(column: Column[Any]) -> frozenset[type]:
    return frozenset({*_TYPES[type(column.type)], *([type(None)] if column.nullable else [])})


_EXPECTED: Final = tuple((column.name, _allowed(column)) for column in exchanges.columns)


def _require_types(row: Mapping[str, Any]) -> None:
    """Raise ValueError where a column has a value that is not of its type, which SQLite does not look at."""
    for name, allowed in _EXPECTED:
        if type(row[name]) not in allowed:
            raise ValueError(f"{name} is of another type")


def interrupted(exchange: Exchange) -> Exchange:
    """A live exchange whose process is gone: what it cost is at least what was known."""
    cost = replace(exchange.cost, at_least=True) if exchange.cost else None
    unknown = cost is None and exchange.unpriced_model is None and exchange.marks.connected is not None
    refused = exchange.status is not None and exchange.status >= FIRST_REFUSAL
    unread = ENDED_EARLY if unknown and not refused and exchange.asks_message else exchange.unread
    return replace(exchange, outcome=Outcome.INTERRUPTED, cost=cost, unread=unread)


def _text(value: str | bytes) -> str:
    return cast("str", read_text(value))


def _error_of(row: Mapping[str, Any]) -> ApiError | None:
    if row["error_type"] is None:
        return None
    return ApiError(_text(row["error_type"]), _text(row["error_message"]))


def _usage_of(row: Mapping[str, Any]) -> Usage | None:
    if row["usage_iterations"] is None:
        return None
    return Usage(
        input_tokens=row["input_tokens"],
        cache_read_tokens=row["cache_read_tokens"],
        cache_write_5m_tokens=row["cache_write_5m_tokens"],
        cache_write_1h_tokens=row["cache_write_1h_tokens"],
        output_tokens=row["output_tokens"],
        web_searches=row["web_searches"],
        service_tier=read_text(row["service_tier"]),
        speed=read_text(row["speed"]),
        inference_geo=read_text(row["inference_geo"]),
        iterations=row["usage_iterations"],
        beyond=tuple(Iteration(kind, model, Usage(*counts)) for kind, model, counts in _list(row["usage_beyond"])),
    )


def _cost_of(row: Mapping[str, Any]) -> Cost | None:
    if row["cost_at_least"] is None:
        return None
    return Cost(
        input=_dollars(row["cost_input"]),
        cache_read=_dollars(row["cost_cache_read"]),
        cache_write=_dollars(row["cost_cache_write"]),
        output=_dollars(row["cost_output"]),
        web_searches=_dollars(row["cost_web_searches"]),
        at_least=row["cost_at_least"],
    )


def _stored_list(items: Iterable[Any]) -> str | None:
    listed = list(items)
    return json.dumps(listed, separators=(",", ":")) if listed else None


def _list(stored: str | None) -> list[Any]:
    return cast("list[Any]", json.loads(stored)) if stored else []


def _stored_iteration(iteration: Iteration) -> list[Any]:
    # An iteration has none of its own.
    return [iteration.type, iteration.model, astuple(replace(iteration.usage, beyond=()))[:-1]]


def _picodollars(amount: Decimal) -> int:
    return int(amount.scaleb(_PICODOLLARS).to_integral_value())


def _dollars(picodollars: int) -> Decimal:
    return Decimal(picodollars).scaleb(-_PICODOLLARS)
