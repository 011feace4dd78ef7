"""Reads many request bodies one after the other: what one is a patch of is not read again for the next."""

from collections import OrderedDict
from hashlib import blake2b
from typing import Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select

from candela_tui.store.bodies import DamagedBody, digesting, unpack
from candela_tui.store.lanes import LONGEST_CHAIN, read_request
from candela_tui.store.patches import shared_beginning
from candela_tui.store.schema import request_bodies

_BODY: Final = select(request_bodies).where(request_bodies.c.exchange_id == bindparam("id"))
"""Built once: that takes longer than running it."""


class _Read(NamedTuple):
    """A body that was read, and the digest of what it shares with its base: later ones share that, too, and more."""

    body: bytes
    shared: int
    """Bytes at the beginning."""
    digest: blake2b
    """Of these bytes."""


class RequestReader:
    """Remembers the last bodies, each of which equals its hash, up to ``most_bytes``. Not for more than one thread."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bodies: OrderedDict[str, _Read] = OrderedDict()
        self._bytes = 0

    def forget(self) -> None:
        """Free what is remembered."""
        self._bodies.clear()
        self._bytes = 0

    def read(self, connection: Connection, exchange_id: str) -> bytes | None:
        """Return what ``read_request`` does. Raises StoreError."""
        chain: list[Row[tuple[str, str | None, int | None, int, bytes, bytes]]] = []
        known: _Read | None = None
        wanted: str | None = exchange_id
        while wanted is not None and known is None:
            known = self._held(wanted)
            if known is None:
                row = connection.execute(_BODY, {"id": wanted}).one_or_none()
                if row is None or len(chain) == LONGEST_CHAIN:
                    # It says what is wrong.
                    return read_request(connection, exchange_id)
                chain.append(row)
                wanted = row.base_id
        for row in reversed(chain):
            known = _unpacked(row, known)
            if known is None:
                return read_request(connection, exchange_id)
            self._remember(row.exchange_id, known)
        return known.body if known is not None else None

    def _held(self, exchange_id: str) -> _Read | None:
        if exchange_id in self._bodies:
            self._bodies.move_to_end(exchange_id)
        return self._bodies.get(exchange_id)

    def _remember(self, exchange_id: str, read: _Read) -> None:
        self._bodies[exchange_id] = read
        self._bytes += len(read.body)
        while self._bytes > self._most_bytes and len(self._bodies) > 1:
            self._bytes -= len(self._bodies.popitem(last=False)[1].body)


def _unpacked(row: Row[tuple[str, str | None, int | None, int, bytes, bytes]], base: _Read | None) -> _Read | None:
    """Return the body in a row; None if it is damaged. Of what it shares with its base, only what that did not share
    with its own is digested again."""
    try:
        body = unpack(row.data, row.size, base.body if base is not None else None)
    except DamagedBody:
        return None
    shared = shared_beginning(row.data) if base is not None else 0
    view = memoryview(body)
    if base is not None and base.shared <= shared:
        beginning = base.digest.copy()
        beginning.update(view[base.shared : shared])
    else:
        beginning = digesting(view[:shared])
    whole = beginning.copy()
    whole.update(view[shared:])
    return _Read(body, shared, beginning) if whole.digest() == row.digest else None
