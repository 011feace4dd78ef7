"""What became of each request's cache, in a table beside the exchanges."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, get_args

from sqlalchemy import Connection, and_

from candela_tui.analysis.cache_miss import VERSION, measured_of
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Confidence
from candela_tui.protocol.usage import Usage
from candela_tui.store.codecs import read_text, stored_text
from candela_tui.store.schema import cache_diagnoses, exchanges
from candela_tui.store.units import read_money, stored_money
from candela_tui.store.upsert import putting

_PREFIX: Final = "cache_result_"
_MICROSECOND: Final = timedelta(microseconds=1)
_of = cache_diagnoses.c
_RESULT: Final = tuple(column.name for column in _of if column.name not in ("exchange_id", "version"))
OF_THIS_VERSION: Final = and_(_of.exchange_id == exchanges.c.id, _of.version == VERSION)
"""The condition for the result of an exchange that this version can use."""

LABELLED: Final = tuple(column.label(f"{_PREFIX}{column.name}") for column in cache_diagnoses.columns)
"""The columns as ``result_of`` reads them."""


def result_of(
    row: Mapping[str, Any], usage: Usage | None, answer_facts: Sequence[tuple[str, str]]
) -> CacheResult | None:
    """Return the result in a row with the columns ``LABELLED``, or None if it has none. Raises ValueError or TypeError
    if it is damaged."""
    if row.get(f"{_PREFIX}version") is None:
        return None
    state, cause, confidence, place, previous_id, idle, ttl, expected, rewritten, cost = (
        row[f"{_PREFIX}{name}"] for name in _RESULT
    )
    if confidence not in get_args(Confidence) or not all(
        isinstance(each, int | None) for each in (expected, rewritten)
    ):
        raise ValueError(f"{cache_diagnoses.name} has a value of another type")
    diagnosis = replace(
        measured_of(usage, answer_facts),
        state=CacheState(state) if state is not None else None,
        cause=Cause(cause) if cause is not None else None,
        confidence=confidence,
        where=read_text(place),
        previous_id=read_text(previous_id),
        idle=idle * _MICROSECOND if idle is not None else None,
        ttl=read_text(ttl),
        expected_read_tokens=expected,
        rewritten_tokens=rewritten,
    )
    return CacheResult(diagnosis, read_money(cost) if cost is not None else None)


def _row_of(exchange: Exchange) -> dict[str, Any]:
    result = exchange.cache
    assert result is not None
    found, usd = result.diagnosis, result.rewritten_usd
    return {
        "exchange_id": stored_text(exchange.id),
        "version": VERSION,
        "state": found.state,
        "cause": found.cause,
        "confidence": found.confidence,
        "place": stored_text(found.where),
        "previous_id": stored_text(found.previous_id),
        "idle_us": found.idle // _MICROSECOND if found.idle is not None else None,
        "ttl": found.ttl,
        "expected_read_tokens": found.expected_read_tokens,
        "rewritten_tokens": found.rewritten_tokens,
        "rewritten_cost": stored_money(usd) if usd is not None else None,
    }


_PUT: Final = putting(cache_diagnoses)


def write_diagnosis(connection: Connection, exchange: Exchange) -> None:
    """Write the result of an exchange, in a transaction of the caller."""
    connection.execute(_PUT, _row_of(exchange))
