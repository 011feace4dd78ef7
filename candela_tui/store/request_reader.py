"""Reads many request bodies one after the other: what one is a patch of is not read again for the next."""

from collections import OrderedDict
from typing import Final

from sqlalchemy import Connection, Row, bindparam, select

from candela_tui.store.bodies import DamagedBody, digest, unpack
from candela_tui.store.lanes import LONGEST_CHAIN, read_request
from candela_tui.store.schema import request_bodies

_BODY: Final = select(request_bodies).where(request_bodies.c.exchange_id == bindparam("id"))
"""Built once: that takes longer than running it."""


class RequestReader:
    """Remembers the last bodies, each of which equals its hash, up to ``most_bytes``. Not for more than one thread."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def forget(self) -> None:
        """Free what is remembered."""
        self._bodies.clear()
        self._bytes = 0

    def read(self, connection: Connection, exchange_id: str) -> bytes | None:
        """Return what ``read_request`` does. Raises StoreError."""
        chain: list[Row[tuple[str, str | None, int | None, int, bytes, bytes]]] = []
        body: bytes | None = None
        wanted: str | None = exchange_id
        while wanted is not None and body is None:
            body = self._held(wanted)
            if body is None:
                row = connection.execute(_BODY, {"id": wanted}).one_or_none()
                if row is None or len(chain) == LONGEST_CHAIN:
                    # It says what is wrong.
                    return read_request(connection, exchange_id)
                chain.append(row)
                wanted = row.base_id
        for row in reversed(chain):
            try:
                body = unpack(row.data, row.size, body)
            except DamagedBody:
                body = None
            if body is None or digest(body) != row.digest:
                return read_request(connection, exchange_id)
            self._remember(row.exchange_id, body)
        return body

    def _held(self, exchange_id: str) -> bytes | None:
        if exchange_id in self._bodies:
            self._bodies.move_to_end(exchange_id)
        return self._bodies.get(exchange_id)

    def _remember(self, exchange_id: str, body: bytes) -> None:
        self._bodies[exchange_id] = body
        self._bytes += len(body)
        while self._bytes > self._most_bytes and len(self._bodies) > 1:
            self._bytes -= len(self._bodies.popitem(last=False)[1])
