"""Marks the exchanges of candelas that were killed as interrupted."""

from sqlalchemy import Connection, and_, case, null, or_, select, true, update

from candela_tui.exchange import ENDED_EARLY, Outcome
from candela_tui.protocol.kind import NO_MESSAGE
from candela_tui.store.dialects import writing
from candela_tui.store.interruption import FIRST_REFUSAL
from candela_tui.store.process_locks import running_processes
from candela_tui.store.schema import exchanges


def mark_interrupted(connection: Connection) -> None:
    """Mark the live rows of processes that no longer run as interrupted."""
    columns = exchanges.c
    live = select(columns.id, columns.pid, columns.process).where(columns.outcome == Outcome.LIVE.value)
    with connection.begin():
        runs = running_processes(connection)
        gone = [row.id for row in connection.execute(live) if not runs(row.pid, row.process)]
    if not gone:
        return
    at_least = case((columns.cost_at_least.is_(None), null()), else_=true())
    # As rows.interrupted says of one that is read.
    unknown = and_(
        columns.cost_at_least.is_(None),
        columns.unpriced_model.is_(None),
        columns.connected_ms.is_not(None),
        or_(columns.status.is_(None), columns.status < FIRST_REFUSAL),
        columns.method == "POST",
        columns.kind.not_in([kind.value for kind in NO_MESSAGE]),
    )
    ended = update(exchanges).values(
        outcome=Outcome.INTERRUPTED.value,
        cost_at_least=at_least,
        unread=case((unknown, ENDED_EARLY), else_=columns.unread),
    )
    with writing(connection):
        for exchange_id in gone:
            connection.execute(ended.where(columns.id == exchange_id, columns.outcome == Outcome.LIVE.value))
