"""What the store has of each answer, for an import to leave out those that it has already."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, select

from candela_tui.store.codecs import read_text
from candela_tui.store.schema import exchanges
from candela_tui.store.units import read_money, read_time


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """An answer that the store has, with the ids that the provider gave it."""

    exchange_id: str
    session_id: str | None
    request_id: str | None
    message_id: str | None
    started_at: datetime
    ended_at: datetime | None
    """None while it is live."""
    imported: bool
    usd: Decimal | None
    client_usd: Decimal | None
    """What the client calculates, if that is another amount."""


def recorded_answers(connection: Connection) -> Iterator[RecordedAnswer]:
    """Yield the answers that have an id, and all that were imported.

    Raises ValueError or TypeError if a row is damaged.
    """
    of = exchanges.c
    cost = (of.cost_input, of.cost_cache_read, of.cost_cache_write, of.cost_output, of.cost_web_searches)
    wanted = select(
        of.id,
        of.session_id,
        of.request_id,
        of.message_id,
        of.started_at_us,
        of.end_ms,
        of.imported,
        of.client_cost,
        *cost,
    ).where(of.request_id.is_not(None) | of.message_id.is_not(None) | of.imported.is_not(None))
    for row in connection.execute(wanted):
        exchange_id, session, request, message, started_us, end_ms, imported, client_cost, *parts = row
        started_at = read_time(started_us)
        yield RecordedAnswer(
            exchange_id,
            read_text(session),
            read_text(request),
            read_text(message),
            started_at,
            None if end_ms is None else started_at + timedelta(milliseconds=end_ms),
            imported is not None,
            None if parts[0] is None else read_money(sum(parts)),
            None if client_cost is None else read_money(client_cost),
        )
