"""Request bodies in a provider's own form. They differ little from the client's, so they are stored as a patch."""

from typing import Any

from sqlalchemy import Connection, select

from candela_tui.store.bodies import DamagedBody, digest, pack, unpack
from candela_tui.store.errors import StoreError
from candela_tui.store.lanes import read_request
from candela_tui.store.patches import pack_patch
from candela_tui.store.schema import provider_requests


def provider_request_row(exchange_id: str, body: bytes, own: bytes | None, *, untouched: bool) -> dict[str, Any]:
    """Return the row of ``schema.provider_requests``. ``own`` is the client's body if the store has it; ``untouched``
    says that the response passed to the client unchanged."""
    patch = pack_patch(body, own) if own else None
    return {
        "exchange_id": exchange_id,
        "patched": patch is not None,
        "untouched": untouched,
        "size": len(body),
        "digest": digest(body),
        "data": patch if patch is not None else pack(body),
    }


def read_provider_request(connection: Connection, exchange_id: str) -> bytes | None:
    """Return the body that was sent to the provider, or None if it is the client's. Raises StoreError on damage."""
    table = provider_requests
    row = connection.execute(select(table).where(table.c.exchange_id == exchange_id)).one_or_none()
    if row is None:
        return None
    own = read_request(connection, exchange_id) if row.patched else None
    if row.patched and own is None:
        raise StoreError(f"What went to the provider of exchange {exchange_id} can't be read: its base is missing.")
    try:
        body = unpack(row.data, row.size, own)
    except DamagedBody as error:
        raise _damaged(exchange_id, str(error)) from error
    if digest(body) != row.digest:
        raise _damaged(exchange_id, "does not match its hash")
    return body


def answer_passed_untouched(connection: Connection, exchange_id: str) -> bool | None:
    """Return whether the client got the provider's response unchanged; None if no provider request is stored."""
    columns = provider_requests.c
    return connection.execute(select(columns.untouched).where(columns.exchange_id == exchange_id)).scalar()


def _damaged(exchange_id: str, how: str) -> StoreError:
    return StoreError(f"What went to the provider of exchange {exchange_id} is damaged in the store ({how}).")
