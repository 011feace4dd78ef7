"""Writes responses as they grow: in parts while an exchange is live, and merged into one part at its end, for each
side. The parts of a large response are not merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, func, select

from candela_tui.exchange import Kept
from candela_tui.store.backlog import Entry
from candela_tui.store.bodies import DamagedBody, Part, pack_part, unpack_part
from candela_tui.store.dialects import put
from candela_tui.store.schema import provider_parts, response_parts

_MOST_MERGED: Final = 8 * 2**20
"""Total size in bytes up to which parts are merged at the end. Merging takes several times their memory, so those of
a larger response stay."""

# Built once, and one call for all entries of a batch: a call for each was a fifth of the writer's time.
_PUT: Final = {table: put(table) for table in (response_parts, provider_parts)}


@dataclass(slots=True)
class Progress:
    """How much of a live exchange's response is in the store."""

    parts: int = 0
    provider_parts: int = 0
    chunks: int = 0
    provider_chunks: int = 0
    size: int = 0
    """Bytes of both sides together."""
    dropped: bool = False


def write_responses(connection: Connection, entries: Sequence[Entry], progress: Mapping[str, Progress]) -> None:
    """Add a part for each side of each live response, and merge all parts of an ended one. Updates ``progress``, by the
    ids of the exchanges."""
    rows: dict[Table, list[dict[str, Any]]] = {response_parts: [], provider_parts: []}
    for entry in entries:
        if entry.exchange.kept is Kept.FULL:
            _add_parts(connection, entry, progress[entry.exchange.id], rows)
    for table, new in rows.items():
        if new:
            connection.execute(_PUT[table], new)


def _add_parts(
    connection: Connection, entry: Entry, progress: Progress, rows: Mapping[Table, list[dict[str, Any]]]
) -> None:
    exchange_id = entry.exchange.id
    if progress.dropped:
        if progress.parts or progress.provider_parts:
            for table in (response_parts, provider_parts):
                connection.execute(delete(table).where(table.c.exchange_id == exchange_id))
            progress.parts = progress.provider_parts = 0
        return
    progress.chunks += len(entry.chunks)
    progress.provider_chunks += len(entry.provider_chunks)
    progress.size += sum(map(len, entry.chunks)) + sum(map(len, entry.provider_chunks))
    own, provider = (entry.chunks, entry.times), (entry.provider_chunks, entry.provider_times)
    progress.parts = _add_part(connection, response_parts, entry, own, progress.parts, rows)
    progress.provider_parts = _add_part(connection, provider_parts, entry, provider, progress.provider_parts, rows)


def _add_part(
    connection: Connection,
    table: Table,
    entry: Entry,
    added: tuple[list[bytes], list[float]],
    count: int,
    rows: Mapping[Table, list[dict[str, Any]]],
) -> int:
    """Add the row for the chunks and times of one side's response, of which ``count`` parts are stored. Return the new
    number of parts."""
    chunks, times = added
    parts = table.c
    exchange_id = entry.exchange.id
    if entry.ended and count and _stored_size(connection, table, exchange_id) <= _MOST_MERGED:
        stored = connection.execute(
            select(parts.size, parts.digest, parts.data, parts.chunks)
            # Others may be there if the answer to an earlier commit was lost.
            .where(parts.exchange_id == exchange_id, parts.number < count)
            .order_by(parts.number)
        ).all()
        try:
            earlier = [unpack_part(Part(*row)) for row in stored]
        except DamagedBody:
            # Keep the undamaged ones as they are; a read reports the damage.
            pass
        else:
            chunks = [chunk for each, _ in earlier for chunk in each] + chunks
            times = [time for _, each in earlier for time in each] + times
            connection.execute(delete(table).where(parts.exchange_id == exchange_id))
            count = 0
    if chunks:
        rows[table].append(_part_row(exchange_id, count, pack_part(chunks, times)))
        count += 1
    return count


def _stored_size(connection: Connection, table: Table, exchange_id: str) -> int:
    size = func.coalesce(func.sum(table.c.size), 0)
    return int(connection.execute(select(size).where(table.c.exchange_id == exchange_id)).scalar_one())


def _part_row(exchange_id: str, number: int, part: Part) -> dict[str, Any]:
    return {
        "exchange_id": exchange_id,
        "number": number,
        "size": part.size,
        "digest": part.digest,
        "data": part.data,
        "chunks": part.chunks,
    }
