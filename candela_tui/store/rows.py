"""Converts exchanges to rows of the store and back.

A field of ``Exchange`` with a column of its name is stored there, by its type. A field that is spread over several
columns (error, usage, cost, marks) is handled explicitly.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, astuple, fields, replace
from functools import lru_cache
from typing import Any, Final, NamedTuple, get_type_hints

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer

from candela_tui.exchange import ENDED_EARLY, Cost, Exchange, Marks, Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.usage import Iteration, Usage
from candela_tui.redaction import redact_headers, redact_text, redact_url
from candela_tui.store.bodies import DamagedBody, pack_with, unpack_short
from candela_tui.store.codecs import codec_of, read_text, stored_list, stored_text
from candela_tui.store.contexts import sums_of_row
from candela_tui.store.diagnoses import result_of
from candela_tui.store.dialects import StoredText
from candela_tui.store.dictionaries import Dictionary
from candela_tui.store.interruption import lost_usage
from candela_tui.store.schema import exchanges
from candela_tui.store.units import read_money, stored_money

_url = lru_cache(maxsize=1024)(redact_url)
_REDACTED: dict[str, Callable[[str], str]] = {"path": _url, "url": _url}
"""Redacted again when read, because an earlier version did not know all forms of secrets."""
_RENAMED = {"started_at": "started_at_us"}
"""Fields whose columns have another name."""

_TYPES: dict[type[Any], set[type]] = {
    StoredText: {str, bytes},
    BigInteger: {int},
    Integer: {int},
    Double: {float, int},
    Boolean: {bool},
}


def _allowed(column: Column[Any]) -> frozenset[type]:
    return frozenset({*_TYPES[type(column.type)], *([type(None)] if column.nullable else [])})


class _Field(NamedTuple):
    """A field of an exchange that has its own column."""

    name: str
    column: str
    as_is: frozenset[type]
    """Types of stored values that are used without conversion."""
    allowed: frozenset[type]
    """Types that a stored value may have."""
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    default: Any
    """What NULL means: the column was added after the row was written, or the field has no value."""


def _own_fields() -> Iterator[_Field]:
    hints = get_type_hints(Exchange)
    for field in fields(Exchange):
        column = exchanges.columns.get(_RENAMED.get(field.name, field.name))
        if column is not None:
            codec = codec_of(hints[field.name])
            default = None if field.default is MISSING else field.default
            as_is, read = codec.as_is, codec.read
            if field.name in _REDACTED:
                as_is, read = frozenset(), _redacting(read, _REDACTED[field.name])
            yield _Field(field.name, column.name, as_is, _allowed(column), codec.write, read, default)


def _redacting(read: Callable[[Any], str], redact: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda stored: redact(read(stored))


_FIELDS: Final = tuple(_own_fields())
_OTHERS: Final = tuple(
    (column.name, _allowed(column))
    for column in exchanges.columns
    if column.name not in {field.column for field in _FIELDS}
)
"""The columns that are read one by one, and the types that their values may have."""
_OF_REQUESTS: Final = frozenset(
    {
        "id",
        "started_at",
        "method",
        "path",
        "route",
        "provider",
        "kind",
        "session_id",
        "agent_id",
        "agent_type",
        "request_class",
        "prompt_id",
        "model",
        "model_sent",
        "betas",
        "request_bytes",
        "retry",
        "key",
        "outcome",
        "unpriced_model",
        "unread",
        "imported",
        "pid",
    }
)
_COUNTS: Final = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
)
_COSTING_FIELDS: Final = tuple(field for field in _FIELDS if field.name in _OF_REQUESTS)
_COSTING_OTHERS: Final = tuple(
    (name, allowed)
    for name, allowed in _OTHERS
    if name in _COUNTS or name.startswith("cost_") or name in ("usage_iterations", "process")
)
COSTING_COLUMNS: Final = tuple(
    exchanges.c[name] for name in (*(field.column for field in _COSTING_FIELDS), *(name for name, _ in _COSTING_OTHERS))
)
"""The columns that say what a request cost, and whose it was."""


_MOST_HEADERS: Final = 2**24
"""Bytes: servers and clients accept far smaller ones."""


def pack_headers(request: Headers, response: Headers, of_request: Headers, of_response: Headers) -> bytes:
    """Return the header fields of both sides in the form of ``schema.headers``: those of the client, and those that
    were exchanged with the provider."""
    return pack_with(Dictionary.HEADERS, stored_list((request, response, of_request, of_response)).encode())


def _unpack_headers(stored: bytes) -> list[Headers]:
    try:
        lists = json.loads(unpack_short(stored, _MOST_HEADERS))
    except DamagedBody as error:
        raise ValueError(str(error)) from error
    return [redact_headers(tuple((name, value) for name, value in fields)) for fields in lists]


def row_of(exchange: Exchange, process: str | None, *, response_dropped: bool) -> dict[str, Any]:
    """Return a row of ``schema.exchanges``. ``process`` is the mark of the process ``exchange.pid``."""
    error, usage, cost, marks = exchange.error, exchange.usage, exchange.cost, exchange.marks
    row: dict[str, Any] = {
        "process": process,
        "response_dropped": response_dropped,
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
        "usage_beyond": stored_list(list(map(_stored_iteration, usage.beyond))) if usage and usage.beyond else None,
        "cost_at_least": cost.at_least if cost else None,
        "cost_input": stored_money(cost.input) if cost else None,
        "cost_cache_read": stored_money(cost.cache_read) if cost else None,
        "cost_cache_write": stored_money(cost.cache_write) if cost else None,
        "cost_output": stored_money(cost.output) if cost else None,
        "cost_web_searches": stored_money(cost.web_searches) if cost else None,
        "connected_ms": marks.connected,
        "first_byte_ms": marks.first_byte,
        "first_token_ms": marks.first_token,
        "end_ms": marks.end,
    }
    for field in _FIELDS:
        value = getattr(exchange, field.name)
        row[field.column] = None if value is None else field.write(value)
    return row


def headers_row(exchange: Exchange) -> dict[str, Any]:
    """Return a row of ``schema.headers``."""
    of_client = exchange.request_headers or (), exchange.response_headers or ()
    of_provider = exchange.provider_request_headers or (), exchange.provider_response_headers or ()
    return {"exchange_id": exchange.id, "fields": pack_headers(*of_client, *of_provider)}


def with_headers(exchange: Exchange, row: Mapping[str, Any]) -> Exchange:
    """Return the exchange with the headers of a row of ``schema.headers``, or unchanged if there is no row.

    Raises ValueError or TypeError if the row is damaged.
    """
    if row["fields"] is None:
        return exchange
    request, response, of_request, of_response = _unpack_headers(row["fields"])
    return replace(
        exchange,
        request_headers=request,
        response_headers=response,
        provider_request_headers=of_request,
        provider_response_headers=of_response,
    )


def exchange_of(row: Mapping[str, Any]) -> Exchange:
    """Return the exchange of a row of ``schema.exchanges``, without its headers; with its results if the row has the
    columns of ``results.WITH_RESULTS``.

    Raises ValueError or TypeError if the row is damaged: SQLite does not check the types of values.
    """
    known = _values(row, _FIELDS)
    _require_types(row, _OTHERS)
    usage = _usage_of(row)
    return Exchange(
        **known,
        error=_error_of(row),
        usage=usage,
        cache=result_of(row, usage, known["answer_facts"]),
        context=sums_of_row(row),
        cost=_cost_of(row),
        marks=Marks(row["connected_ms"], row["first_byte_ms"], row["first_token_ms"], row["end_ms"]),
    )


def costing_exchange_of(row: Mapping[str, Any]) -> Exchange:
    """Return the exchange of a row of ``COSTING_COLUMNS``: what its request said about itself, and what it cost.

    It takes a small part of the time that a whole exchange does. Raises ValueError or TypeError if the row is damaged.
    """
    _require_types(row, _COSTING_OTHERS)
    usage = None
    if row["usage_iterations"] is not None:
        usage = Usage(**{name: row[name] for name in _COUNTS}, iterations=row["usage_iterations"])
    return Exchange(**_values(row, _COSTING_FIELDS), usage=usage, cost=_cost_of(row))


def _values(row: Mapping[str, Any], wanted: Iterable[_Field]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, column, as_is, allowed, _, read, default in wanted:
        value = row[column]
        kind = type(value)
        if kind in as_is:
            known[name] = value
        elif kind not in allowed:
            raise ValueError(f"{column} is of another type")
        else:
            known[name] = default if value is None else read(value)
    return known


def _require_types(row: Mapping[str, Any], columns: Iterable[tuple[str, frozenset[type]]]) -> None:
    for name, allowed in columns:
        if type(row[name]) not in allowed:
            raise ValueError(f"{name} is of another type")


def interrupted(exchange: Exchange) -> Exchange:
    """Return a live exchange as interrupted, because its process is gone. Its cost becomes a lower bound."""
    cost = replace(exchange.cost, at_least=True) if exchange.cost else None
    lost = lost_usage(
        priced=cost is not None or exchange.unpriced_model is not None,
        connected_ms=exchange.marks.connected,
        status=exchange.status,
        method=exchange.method,
        kind=exchange.kind,
    )
    unread = ENDED_EARLY if lost else exchange.unread
    return replace(exchange, outcome=Outcome.INTERRUPTED, cost=cost, unread=unread)


def _error_of(row: Mapping[str, Any]) -> ApiError | None:
    if row["error_type"] is None:
        return None
    return ApiError(read_text(row["error_type"]) or "", redact_text(read_text(row["error_message"]) or ""))


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
        beyond=tuple(
            Iteration(kind, model, Usage(*counts)) for kind, model, counts in json.loads(row["usage_beyond"] or "[]")
        ),
    )


def _cost_of(row: Mapping[str, Any]) -> Cost | None:
    if row["cost_at_least"] is None:
        return None
    return Cost(
        input=read_money(row["cost_input"]),
        cache_read=read_money(row["cost_cache_read"]),
        cache_write=read_money(row["cost_cache_write"]),
        output=read_money(row["cost_output"]),
        web_searches=read_money(row["cost_web_searches"]),
        at_least=row["cost_at_least"],
    )


def _stored_iteration(iteration: Iteration) -> list[Any]:
    # Only the whole usage has ``beyond``.
    return [iteration.type, iteration.model, astuple(replace(iteration.usage, beyond=()))[:-1]]
