"""Chooses the earlier request body that a new one is stored against, and reads a body back along its chain.

Claude Code sends the whole conversation again on each turn. The bodies of one session, agent and model form a lane,
numbered from 0. The body at position i is a patch against the one at i minus the largest power of 8 that divides i,
except that every 64th is stored alone: a chain has at most 7 steps of 1, 7 steps of 8 and the one stored alone, 15 in
all, however long the conversation, and a damaged body affects at most the 63 that follow it. Measured on 150 turns
growing to 0.55 MB (48 MB sent): 1.4% of the bytes, 1 ms a turn to write, 1 ms to read the deepest; a damaged byte
affects 27 bodies on average. Patches against the previous turn: 0.5%, depth 150, 83 affected. Powers of 16 without
the one in 64: 0.85%, depth 24, and all later bodies depend on the first, 45 affected.

A body for which a patch saves too little (after the conversation was compacted, or when another conversation has no
agent id) is stored alone and restarts the lane at position 0.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from candela_tui.exchange import Exchange
from candela_tui.store.bodies import DamagedBody, digest, pack, unpack
from candela_tui.store.codecs import stored_text
from candela_tui.store.dialects import same
from candela_tui.store.errors import StoreError
from candela_tui.store.patches import pack_patch
from candela_tui.store.schema import exchanges, request_bodies
from candela_tui.store.units import stored_time

_RADIX: Final = 8
_KEYFRAME: Final = 64
LONGEST_CHAIN: Final = 15
"""The maximum number of bodies in a chain, including the one stored alone."""
_SMALL: Final = 4096
"""Size in bytes below which a patch would save too little to make a body depend on another."""
_PLAINLY_PAYS: Final = 10
"""A patch this many times smaller than its body is used without comparing it with the body compressed alone."""

_TRUSTED: Final = timedelta(hours=12)
"""How long the store is taken to have a body that was stored. Another process may remove bodies after a day (see
``body_retention``), and of those that are older, the store is asked."""

Lane = tuple[str | None, str | None, str | None]


def base_position(position: int) -> int | None:
    """Return the position of the body that this one is a patch against, or None if it is stored alone."""
    if position % _KEYFRAME == 0:
        return None
    step = 1
    while position % (step * _RADIX) == 0:
        step *= _RADIX
    return position - step


@dataclass(frozen=True, slots=True)
class _Link:
    exchange_id: str
    position: int
    started_at_us: int


class Lanes:
    """The writer's memory of the last bodies of each lane: links by lane, and raw bodies up to ``most_bytes``.

    Anything else is read from the store. Call ``forget`` when a transaction was rolled back, or when exchanges were
    removed.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._chains: OrderedDict[Lane, list[_Link]] = OrderedDict()

    def forget(self) -> None:
        """Forget everything, because the store may not have it."""
        self._bodies.clear()
        self._bytes = 0
        self._chains.clear()

    def row_of(self, connection: Connection, exchange: Exchange, body: bytes, *, alone: bool = False) -> dict[str, Any]:
        """Return the row of ``schema.request_bodies`` for a new body, and remember it. Raises the store's errors.

        ``alone``: make no patch, because that takes four times as long as packing the body itself.
        """
        row = {"exchange_id": exchange.id, "base_id": None, "position": None, "size": len(body), "digest": digest(body)}
        if len(body) < _SMALL:
            return {**row, "data": pack(body)}
        lane = (exchange.session_id, exchange.agent_id, exchange.model)
        chain = self._chain(connection, lane, exchange)
        position = chain[-1].position + 1 if chain else 0
        wanted = base_position(position)
        base = None if alone else next((link for link in reversed(chain) if link.position == wanted), None)
        data = self._patch(connection, body, base) if base else None
        if base is None or data is None:
            # Without the base that this position needs, the lane restarts.
            position = position if wanted is None else 0
            base, data = None, pack(body)
        self._remember(lane, chain, _Link(exchange.id, position, stored_time(exchange.started_at)), body)
        return {**row, "base_id": base.exchange_id if base else None, "position": position, "data": data}

    def _patch(self, connection: Connection, body: bytes, base: _Link) -> bytes | None:
        """Return a patch against the base, or None if it saves too little."""
        base_body = self.body(connection, base.exchange_id)
        patch = pack_patch(body, base_body) if base_body is not None else None
        if patch is None or len(patch) * _PLAINLY_PAYS <= len(body):
            return patch
        return patch if len(patch) * 2 <= len(pack(body)) else None

    def body(self, connection: Connection, exchange_id: str) -> bytes | None:
        """Return a request body, remembered or stored, or None if it is missing or damaged."""
        held = self._bodies.get(exchange_id)
        if held is not None:
            self._bodies.move_to_end(exchange_id)
            return held
        try:
            return read_request(connection, exchange_id)
        except StoreError:
            # The damage is reported when that exchange is read; here only another base is needed.
            return None

    def _chain(self, connection: Connection, lane: Lane, exchange: Exchange) -> list[_Link]:
        """Return the last body of a lane and those that it is based on, oldest first."""
        held = self._chains.get(lane)
        trusted_from = stored_time(exchange.started_at - _TRUSTED)
        if held is not None and all(link.started_at_us >= trusted_from for link in held):
            self._chains.move_to_end(lane)
            return held
        session_id, agent_id, model = (stored_text(part) for part in lane)
        last = connection.execute(
            select(exchanges.c.id)
            .join(request_bodies, request_bodies.c.exchange_id == exchanges.c.id)
            .where(
                same(exchanges.c.session_id, session_id),
                same(exchanges.c.agent_id, agent_id),
                same(exchanges.c.model, model),
                exchanges.c.id < exchange.id,
                request_bodies.c.position.is_not(None),
            )
            .order_by(exchanges.c.id.desc())
            .limit(1)
        ).scalar()
        chain: list[_Link] = []
        while last is not None and len(chain) < LONGEST_CHAIN:
            row = connection.execute(
                select(request_bodies.c.position, request_bodies.c.base_id, exchanges.c.started_at_us)
                # Nothing new is built on a removed body that only still takes space.
                .join(exchanges, exchanges.c.id == request_bodies.c.exchange_id)
                .where(request_bodies.c.exchange_id == last)
            ).one_or_none()
            if row is None:
                break
            chain.insert(0, _Link(last, row.position, row.started_at_us))
            last = row.base_id
        return chain

    def _remember(self, lane: Lane, chain: list[_Link], link: _Link, body: bytes) -> None:
        wanted = base_position(link.position)
        self._chains[lane] = [*(each for each in chain if wanted is not None and each.position <= wanted), link]
        self._chains.move_to_end(lane)
        while len(self._chains) > 1000:
            self._chains.popitem(last=False)
        self._bytes += len(body) - len(self._bodies.pop(link.exchange_id, b""))
        self._bodies[link.exchange_id] = body
        while self._bytes > self._most_bytes and len(self._bodies) > 1:
            self._bytes -= len(self._bodies.popitem(last=False)[1])


@dataclass(frozen=True, slots=True)
class _Stored:
    exchange_id: str
    size: int
    digest: bytes
    data: bytes


def read_request(connection: Connection, exchange_id: str) -> bytes | None:
    """Return a request body, or None if there is none. Raises StoreError naming the exchange with the damaged bytes."""
    chain: list[_Stored] = []
    wanted: str | None = exchange_id
    while wanted is not None:
        row = connection.execute(select(request_bodies).where(request_bodies.c.exchange_id == wanted)).one_or_none()
        if row is None:
            if not chain:
                return None
            raise StoreError(f"The request of exchange {exchange_id} can't be read: {wanted}, its base, is missing.")
        if len(chain) == LONGEST_CHAIN:
            raise StoreError(f"The request of exchange {exchange_id} is damaged: it is built on itself.")
        chain.insert(0, _Stored(wanted, row.size, row.digest, row.data))
        wanted = row.base_id
    # A body is right if its hash is. The others of the chain are hashed only to name the damaged one.
    body = _followed(chain, exchange_id, every=False)
    return body if digest(body) == chain[-1].digest else _followed(chain, exchange_id, every=True)


def _followed(chain: list[_Stored], exchange_id: str, *, every: bool) -> bytes:
    """Return the body at the end of a chain, with ``every`` link checked against its hash. Raises StoreError."""
    body: bytes | None = None
    for link in chain:
        try:
            body = unpack(link.data, link.size, body)
        except DamagedBody as error:
            raise _damaged(exchange_id, link.exchange_id, str(error)) from error
        if every and digest(body) != link.digest:
            raise _damaged(exchange_id, link.exchange_id, "does not match its hash")
    assert body is not None
    return body


def _damaged(exchange_id: str, link_id: str, how: str) -> StoreError:
    built = "" if link_id == exchange_id else f" It is built on the request of exchange {link_id}, which is damaged."
    return StoreError(f"The stored request of exchange {exchange_id} is damaged ({how}).{built}")
