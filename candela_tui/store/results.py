"""What was worked out of exchanges once they ended: what became of their caches, and what filled their contexts."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, or_, select

from candela_tui.analysis.context_parts import ContextPart
from candela_tui.exchange import Exchange
from candela_tui.protocol.kind import NO_MESSAGE
from candela_tui.store import contexts, diagnoses
from candela_tui.store.codecs import stored_text
from candela_tui.store.schema import cache_diagnoses, context_sums, exchanges
from candela_tui.store.sums import LIVE

_MOST_WAITING: Final = 1_000
"""Results that wait to be written. Those that don't fit are worked out again later."""
_JOINED: Final = exchanges.outerjoin(cache_diagnoses, diagnoses.OF_THIS_VERSION).outerjoin(
    context_sums, contexts.OF_THIS_VERSION
)

WITH_RESULTS: Final = select(exchanges, *diagnoses.LABELLED, *contexts.LABELLED).select_from(_JOINED)
"""Selects exchanges with the results of this version, as ``rows.exchange_of`` reads them."""

Parts = Mapping[str, Sequence[ContextPart]]
"""What fills the context window at exchanges, by their ids."""


def write_results(connection: Connection, exchanges_with_results: Sequence[Exchange], parts: Parts) -> None:
    """Write the results that these exchanges have, in a transaction of the caller."""
    for exchange in exchanges_with_results:
        if exchange.cache is not None:
            diagnoses.write_diagnosis(connection, exchange)
        if exchange.context is not None:
            contexts.write_context(connection, exchange.id, exchange.context, parts.get(exchange.id))


def lacking(before: str | None, limit: int) -> Select[Any]:
    """Return the statement for the ids of the newest exchanges before an id that lack a result of this version, and
    can have one: those that asked for a message and have ended."""
    columns = exchanges.c
    wanted = (
        select(columns.id)
        .select_from(_JOINED)
        .where(
            or_(cache_diagnoses.c.version.is_(None), context_sums.c.version.is_(None)),
            columns.outcome != LIVE,
            columns.method == "POST",
            columns.kind.not_in([kind.value for kind in NO_MESSAGE]),
        )
    )
    if before is not None:
        wanted = wanted.where(columns.id < stored_text(before))
    return wanted.order_by(columns.id.desc()).limit(limit)


class Waiting(NamedTuple):
    """Results that are not written yet, and what is called once they are."""

    exchanges: Sequence[Exchange]
    parts: Parts
    then: Callable[[], None]


class WaitingResults:
    """Results that the writer has not written yet. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Waiting] = deque(maxlen=_MOST_WAITING)

    def add(self, waiting: Waiting) -> None:
        """Queue results."""
        with self._lock:
            self._waiting.append(waiting)

    def take(self) -> list[Waiting]:
        """Return what waits, the oldest first, and forget it."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken
