"""Writes what happened to exchanges, in a transaction of the caller."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from candela_tui.exchange import Exchange, Kept
from candela_tui.store.backlog import Entry
from candela_tui.store.dialects import put, put_records
from candela_tui.store.lanes import Lanes
from candela_tui.store.processes import own_process
from candela_tui.store.provider_requests import provider_request_row
from candela_tui.store.responses import Progress, write_responses
from candela_tui.store.rows import headers_row, row_of
from candela_tui.store.schema import (
    exchanges,
    headers,
    provider_parts,
    provider_requests,
    request_bodies,
    response_parts,
)

# Built once: for each batch it took a quarter of the writer's time, and left 900 objects to the garbage collector.
PUT_EXCHANGES: Final = put(exchanges)
_PUT_HEADERS: Final = put(headers)
_ADD_REQUESTS: Final = insert(request_bodies).on_conflict_do_nothing()
_ADD_PROVIDER_REQUESTS: Final = insert(provider_requests).on_conflict_do_nothing()


def write_entries(
    connection: Connection,
    entries: Sequence[Entry],
    progress: Mapping[str, Progress],
    lanes: Lanes,
    *,
    alone: bool = False,
    in_doubt: Collection[str] = (),
) -> dict[str, Progress]:
    """Write entries. Return how much of each exchange is in the store once the transaction is committed.

    ``progress`` says how much was. ``alone``: make no patches of request bodies. ``in_doubt`` are ids of exchanges that
    may have been written already: the server was lost before it said so.
    """
    after: dict[str, Progress] = {}
    for entry in entries:
        before = progress.get(entry.exchange.id, Progress())
        after[entry.exchange.id] = replace(before, dropped=before.dropped or entry.dropped)
    whole = _stored_whole(
        connection, [entry.exchange for entry in entries if entry.ended and entry.exchange.id in in_doubt]
    )
    _write_rows(connection, entries, {each for each, known in after.items() if known.dropped})
    requests = [
        lanes.row_of(connection, entry.exchange, entry.request, alone=alone)
        for entry in entries
        if entry.request is not None and entry.exchange.kept is Kept.FULL
    ]
    if requests:
        connection.execute(_ADD_REQUESTS, requests)
    for entry in entries:
        _write_provider_request(connection, entry, lanes)
    write_responses(connection, [entry for entry in entries if entry.exchange.id not in whole], after)
    return after


def stored_progress(connection: Connection, exchange_id: str) -> Progress:
    """Return how many parts of an exchange's response are stored."""
    own, provider = (
        connection.execute(select(func.count()).where(table.c.exchange_id == exchange_id)).scalar_one()
        for table in (response_parts, provider_parts)
    )
    return Progress(parts=own, provider_parts=provider)


def _stored_whole(connection: Connection, ended: Sequence[Exchange]) -> frozenset[str]:
    """Return the ids of those of the exchanges that the store has as they ended."""
    if not ended:
        return frozenset()
    of = exchanges.c
    wanted = select(of.id, of.outcome, of.end_ms, of.response_bytes).where(of.id.in_([each.id for each in ended]))
    stored = {row.id: tuple(row)[1:] for row in connection.execute(wanted)}
    return frozenset(
        each.id for each in ended if stored.get(each.id) == (each.outcome, each.marks.end, each.response_bytes)
    )


def _write_rows(connection: Connection, entries: Sequence[Entry], dropped: set[str]) -> None:
    rows = [
        row_of(entry.exchange, _process_of(entry.exchange), response_dropped=entry.exchange.id in dropped)
        for entry in entries
    ]
    put_records(connection, exchanges, rows, PUT_EXCHANGES)
    header_rows = [
        headers_row(entry.exchange)
        for entry in entries
        if entry.exchange.request_headers is not None and entry.exchange.kept is not Kept.NONE
    ]
    if header_rows:
        connection.execute(_PUT_HEADERS, header_rows)


def _process_of(exchange: Exchange) -> str | None:
    return own_process() if exchange.pid == os.getpid() else None


def _write_provider_request(connection: Connection, entry: Entry, lanes: Lanes) -> None:
    if entry.provider_request is None or entry.exchange.kept is not Kept.FULL:
        return
    own = lanes.body(connection, entry.exchange.id)
    row = provider_request_row(entry.exchange.id, entry.provider_request, own, untouched=entry.provider_untouched)
    connection.execute(_ADD_PROVIDER_REQUESTS, row)
