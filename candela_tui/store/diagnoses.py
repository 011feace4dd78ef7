"""What became of each request's cache, in a table beside the exchanges."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, get_args

from sqlalchemy import Connection, Select, and_, bindparam, exists, select
from sqlalchemy.dialects.sqlite import Insert, insert

from candela_tui.analysis.cache_miss import VERSION, measured_of
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Confidence
from candela_tui.protocol.kind import NO_MESSAGE
from candela_tui.protocol.usage import Usage
from candela_tui.store.codecs import read_text, stored_text
from candela_tui.store.schema import cache_diagnoses, exchanges
from candela_tui.store.sums import LIVE
from candela_tui.store.units import read_money, stored_money

_MOST_WAITING: Final = 1_000
"""Results that wait to be written. Those that don't fit are worked out again later."""
_PREFIX: Final = "cache_result_"
_MICROSECOND: Final = timedelta(microseconds=1)
_of = cache_diagnoses.c
_NAMES: Final = tuple(column.name for column in cache_diagnoses.columns)
_RESULT: Final = tuple(name for name in _NAMES if name not in ("exchange_id", "version"))
OF_THIS_VERSION: Final = and_(_of.exchange_id == exchanges.c.id, _of.version == VERSION)
"""The condition for the result of an exchange that this version can use."""

WITH_DIAGNOSIS: Final = select(
    exchanges, *(column.label(f"{_PREFIX}{column.name}") for column in cache_diagnoses.columns)
).outerjoin_from(exchanges, cache_diagnoses, OF_THIS_VERSION)
"""Selects exchanges with the results of this version, as ``result_of`` reads them."""


def result_of(
    row: Mapping[str, Any], usage: Usage | None, answer_facts: Sequence[tuple[str, str]]
) -> CacheResult | None:
    """Return the result in a row of ``WITH_DIAGNOSIS``, or None if it has none. Raises ValueError or TypeError if it is
    damaged."""
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


def _putting() -> Insert:
    """Return the statement that inserts or replaces a result, unless its exchange was removed meanwhile."""
    # A column's own type keeps SQLAlchemy from guessing that of a parameter.
    values = select(*(bindparam(column.name, type_=column.type) for column in cache_diagnoses.columns))
    there = exists().where(exchanges.c.id == bindparam("exchange_id"))
    statement = insert(cache_diagnoses).from_select(_NAMES, values.where(there))
    changed = {name: statement.excluded[name] for name in _NAMES if name != _of.exchange_id.name}
    return statement.on_conflict_do_update(index_elements=[_of.exchange_id], set_=changed)


_PUT: Final = _putting()


def write_results(connection: Connection, exchanges_with_results: Sequence[Exchange]) -> None:
    """Write the results of these exchanges, in a transaction of the caller."""
    for exchange in exchanges_with_results:
        connection.execute(_PUT, _row_of(exchange))


def lacking(before: str | None, limit: int) -> Select[Any]:
    """Return the statement for the ids of the newest exchanges before an id that have no result of this version, and
    can have one: those that asked for a message and have ended."""
    columns = exchanges.c
    wanted = (
        select(columns.id)
        .outerjoin_from(exchanges, cache_diagnoses, OF_THIS_VERSION)
        .where(
            _of.version.is_(None),
            columns.outcome != LIVE,
            columns.method == "POST",
            columns.kind.not_in([kind.value for kind in NO_MESSAGE]),
        )
    )
    if before is not None:
        wanted = wanted.where(columns.id < stored_text(before))
    return wanted.order_by(columns.id.desc()).limit(limit)


class WaitingResults:
    """Results that the writer has not written yet. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Sequence[Exchange], Callable[[], None]]] = deque(maxlen=_MOST_WAITING)

    def add(self, exchanges_with_results: Sequence[Exchange], then: Callable[[], None]) -> None:
        """Queue the results of exchanges. ``then`` is called from the writer's thread once they are committed."""
        with self._lock:
            self._waiting.append((exchanges_with_results, then))

    def take(self) -> list[tuple[Sequence[Exchange], Callable[[], None]]]:
        """Return what waits, the first first, and forget it."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken
