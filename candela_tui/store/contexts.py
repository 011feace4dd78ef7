"""What fills the context window at each request: its sums by source beside the exchanges, its parts in a table that no
list reads."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, select

from candela_tui.analysis.context_items import Source
from candela_tui.analysis.context_parts import VERSION, ContextPart
from candela_tui.exchange.context_sums import ContextSums
from candela_tui.store.bodies import DamagedBody, pack_with, unpack_short
from candela_tui.store.codecs import stored_list, stored_text
from candela_tui.store.dictionaries import Dictionary
from candela_tui.store.schema import context_parts, context_sums, exchanges
from candela_tui.store.upsert import putting

_PREFIX: Final = "context_"
_SUMS: Final = ("system_tokens", "tools_tokens", "messages_tokens")
_MOST_PARTS: Final = 16 * 2**20
"""Bytes of the parts of one request."""
OF_THIS_VERSION: Final = and_(context_sums.c.exchange_id == exchanges.c.id, context_sums.c.version == VERSION)
"""The condition for the sums of an exchange that this version can use."""
LABELLED: Final = tuple(context_sums.c[name].label(f"{_PREFIX}{name}") for name in ("version", *_SUMS))
"""The columns as ``sums_of_row`` reads them."""
_PUT_SUMS: Final = putting(context_sums)
_PUT_PARTS: Final = putting(context_parts)


def sums_of_row(row: Mapping[str, Any]) -> ContextSums | None:
    """Return the sums in a row with the columns ``LABELLED``, or None if it has none. Raises ValueError if they are
    damaged."""
    if row.get(f"{_PREFIX}version") is None:
        return None
    sums = [row[f"{_PREFIX}{name}"] for name in _SUMS]
    if not all(isinstance(each, int | None) for each in sums):
        raise ValueError(f"{context_sums.name} has a value of another type")
    return ContextSums(*sums)


def write_context(
    connection: Connection, exchange_id: str, sums: ContextSums, parts: Sequence[ContextPart] | None
) -> None:
    """Write what fills the context window at a request, in a transaction of the caller."""
    key = {"exchange_id": stored_text(exchange_id), "version": VERSION}
    connection.execute(_PUT_SUMS, key | {name: getattr(sums, name) for name in _SUMS})
    if parts is not None:
        connection.execute(_PUT_PARTS, key | {"data": _packed(parts)})


def read_context_parts(connection: Connection, exchange_id: str) -> tuple[ContextPart, ...] | None:
    """Return the parts of a request without their pieces; None if this version has not worked them out. Raises
    ValueError or TypeError if they are damaged."""
    columns = context_parts.c
    of = and_(columns.exchange_id == stored_text(exchange_id), columns.version == VERSION)
    data = connection.execute(select(columns.data).where(of)).scalar_one_or_none()
    return None if data is None else tuple(_unpacked(data))


def _packed(parts: Sequence[ContextPart]) -> bytes:
    rows = [(part.source, part.kind, part.name, part.tokens, part.size) for part in parts]
    return pack_with(Dictionary.HEADERS, stored_list(rows).encode())


def _unpacked(data: bytes) -> Iterator[ContextPart]:
    try:
        rows = json.loads(unpack_short(data, _MOST_PARTS))
    except DamagedBody as error:
        raise ValueError(str(error)) from error
    for source, kind, name, tokens, size in rows:
        yield ContextPart(Source(source), kind, name, tokens, size)
