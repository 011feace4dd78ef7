"""Counts the requests that are under way with each key at all replicas on one PostgreSQL database."""

import asyncio
import contextlib
import json
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.proxy.access.parallel import ParallelRequests
from candela_tui.store.errors import StoreError, of_server

logger = logging.getLogger(__name__)

_LEASE_S: Final = 15.0
"""Seconds after which the requests of a replica no longer count that says nothing."""
_BEAT_S: Final = 4.0
"""Seconds between two times that a replica says what it has under way."""
_PATIENCE_S: Final = 1.0
"""Seconds that a request waits for the database, and then counts here alone."""

_COUNT: Final = text("""
WITH wanted AS (
  SELECT w.*, extract(epoch FROM clock_timestamp()) AS now_s
  FROM jsonb_to_recordset(CAST(:wanted AS jsonb)) AS w(key text, own int, more int, most int)
  ORDER BY w.key
)
INSERT INTO parallel_requests AS p (key, live)
SELECT w.key, jsonb_build_object(CAST(:replica AS text), jsonb_build_array(
  greatest(w.own, least(w.own + w.more, w.most)), w.now_s))
FROM wanted w
ON CONFLICT (key) DO UPDATE SET live = (
  SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}') FROM jsonb_each(p.live) e
  WHERE e.key != :replica AND CAST(e.value ->> 1 AS float) > extract(epoch FROM clock_timestamp()) - :lease_s
) || (
  SELECT jsonb_build_object(CAST(:replica AS text), jsonb_build_array(
    greatest(w.own, least(w.own + w.more, w.most - coalesce(sum(CAST(e.value ->> 0 AS int)), 0))), w.now_s))
  FROM wanted w LEFT JOIN jsonb_each(p.live) e
    ON e.key != :replica AND CAST(e.value ->> 1 AS float) > w.now_s - :lease_s
  WHERE w.key = p.key GROUP BY w.own, w.more, w.most, w.now_s
)
RETURNING key, CAST(live -> :replica ->> 0 AS int) AS own
""")
"""The rows are locked one after the other, and judged as they are then. What this replica had said before is replaced
by what it has, so that nothing wrong stays."""


@dataclass(slots=True)
class _Want:
    key_id: str
    most: int
    answer: "asyncio.Future[bool]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class SharedParallelRequests(ParallelRequests):
    """Asks for each request of a limited key whether all replicas together have fewer; those that wait ask together.

    A replica that was killed counts no longer after ``_LEASE_S``. While the database is away, each counts by itself.
    """

    def __init__(self, engine: Callable[[], Engine], notify: Callable[[str], None]) -> None:
        """``engine`` makes connections that fail rather than hang. ``notify`` gets a message for the user."""
        super().__init__()
        self._engine = engine
        self._notify = notify
        self._replica = uuid.uuid4().hex
        self._wants: list[_Want] = []
        self._most: dict[str, int] = {}
        """The limits of the keys that the database has to know of."""
        self._said: dict[str, int] = {}
        """What the database has of this replica."""
        self._woken = asyncio.Event()
        self._beat_at = 0.0
        self._away = False
        self._closing = False
        self._running: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to count together with the others."""
        self._running = asyncio.create_task(self._run(), name="parallel requests")

    async def close(self) -> None:
        """Tell the others that nothing is under way here, unless the database is away."""
        if self._running is not None:
            self._closing = True
            self._woken.set()
            await self._running

    async def _take(self, key_id: str, most: int) -> bool:
        if self._live[key_id] >= most:
            return False
        if self._away:
            self._most[key_id] = most
            return self._take_here(key_id, most)
        want = _Want(key_id, most)
        self._wants.append(want)
        self._woken.set()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await want.answer
        except BaseException as error:
            if want.answer.done() and not want.answer.cancelled() and want.answer.result():
                self._give_back(key_id)
            if not isinstance(error, TimeoutError):
                raise
        self._is_away(f"no answer within {_PATIENCE_S:g} s")
        return await self._take(key_id, most)

    def _give_back(self, key_id: str) -> None:
        super()._give_back(key_id)
        self._woken.set()

    async def _run(self) -> None:
        while not self._closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BEAT_S):
                    await self._woken.wait()
            self._woken.clear()
            await self._count()
        await self._count()

    async def _count(self) -> None:
        """Say what is under way here, and answer those who wait."""
        beat = time.monotonic() - self._beat_at >= _BEAT_S
        if beat:
            self._beat_at = time.monotonic()
        wants, self._wants = [want for want in self._wants if not want.answer.done()], []
        self._most.update((want.key_id, want.most) for want in wants)
        asked = {want.key_id for want in wants}
        due = [key for key in self._most if key in asked or beat or self._live[key] != self._said.get(key, 0)]
        if not due:
            return
        wanted: list[dict[str, str | int]] = [
            {
                "key": key,
                "own": self._live[key],
                "more": sum(want.key_id == key for want in wants),
                "most": self._most[key],
            }
            for key in due
        ]
        before = {key: self._live[key] for key in due}
        try:
            own = await asyncio.to_thread(self._written, wanted)
        except (SQLAlchemyError, StoreError, OSError) as error:
            self._is_away(of_server(error))
            for want in wants:
                if not want.answer.done():
                    want.answer.set_result(self._take_here(want.key_id, want.most))
            return
        self._away = False
        self._said.update(own)
        free = {key: own[key] - before[key] for key in due}
        for want in wants:
            if want.answer.done():
                # It waits no longer.
                self._woken.set()
                continue
            passes = free[want.key_id] > 0
            if passes:
                free[want.key_id] -= 1
                self._live[want.key_id] += 1
            want.answer.set_result(passes)
        for key in due:
            # An entry of none needs no more beats.
            if not self._live[key] and not self._said[key]:
                del self._most[key], self._said[key]

    def _written(self, wanted: Sequence[dict[str, str | int]]) -> dict[str, int]:
        """Tell the database, and return what it counts for this replica. Blocks."""
        with self._engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            asked = {"wanted": json.dumps(wanted), "replica": self._replica, "lease_s": _LEASE_S}
            return {row.key: row.own for row in connection.execute(_COUNT, asked)}

    def _is_away(self, why: str) -> None:
        if not self._away:
            self._away = True
            logger.warning("parallel requests: they can't be counted together (%s)", why)
            self._notify(
                f"PostgreSQL can't be asked ({why}), so each candela counts the parallel requests of a key by itself."
            )
