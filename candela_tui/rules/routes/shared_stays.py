"""Where sessions stay, as all replicas on one PostgreSQL database know it a second later."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.providers.identity import DEFAULT_ROUTES, RouteName
from candela_tui.rules.routes.stays import Stays
from candela_tui.store.errors import StoreError, of_server
from candela_tui.store.indexed_text import indexed_text

logger = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 1.0
_MARGIN_S: Final = 3.0
"""How much earlier than its commit a change may say that it was made."""

_FORGET: Final = text("DELETE FROM session_stays WHERE until_at < clock_timestamp()")
_KEEP: Final = text("""
INSERT INTO session_stays (session, route, until_at, changed_at)
SELECT w.session, w.route, clock_timestamp() + make_interval(secs => w.lasts_s), clock_timestamp()
FROM jsonb_to_recordset(CAST(:stays AS jsonb)) AS w(session text, route text, lasts_s float)
ORDER BY w.session
ON CONFLICT (session) DO UPDATE
SET route = excluded.route, until_at = excluded.until_at, changed_at = excluded.changed_at
""")
_CHANGED: Final = text("""
SELECT session, route, CAST(extract(epoch FROM until_at - clock_timestamp()) AS float) AS lasts_s,
  CAST(extract(epoch FROM clock_timestamp()) AS float) AS now_s
FROM session_stays WHERE changed_at >= to_timestamp(:since_s) AND until_at > clock_timestamp() LIMIT 10000
""")


@dataclass(frozen=True, slots=True)
class _Stay:
    session: str
    route: str
    """"" for the session's own route."""
    lasts_s: float


class SharedStays(Stays):
    """Tells other replicas where a session stays, and hears of theirs, once a fallback is in use. No request waits."""

    def __init__(self, engine: Callable[[], Engine], clock: Callable[[], float] = time.monotonic) -> None:
        """``engine`` makes connections that fail rather than hang."""
        super().__init__(clock)
        self._engine = engine
        self._untold: dict[str, _Stay] = {}
        self._used = asyncio.Event()
        self._since_s = 0.0
        self._away = False
        self._following: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to tell and hear."""
        self._following = asyncio.create_task(self._follow(), name="stays")

    async def close(self) -> None:
        """Hear no more."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    def route(self, session: str | None) -> RouteName | None:
        """Return where a session stays, or None if it is at its own route or its cache has expired."""
        self._used.set()
        return super().route(_kept_as(session))

    def answered(self, session: str | None, route: RouteName, cache_s: float) -> None:
        """Note that another route than its own answered a request of a session."""
        kept = _kept_as(session)
        super().answered(kept, route, cache_s)
        if kept is not None:
            self._untold[kept] = _Stay(kept, route, cache_s)

    def returned(self, session: str | None) -> bool:
        """Note that its own route answered a request of a session. Return whether it stayed elsewhere."""
        kept = _kept_as(session)
        stayed = super().returned(kept)
        if stayed and kept is not None:
            # As long as another replica may think that it stays.
            self._untold[kept] = _Stay(kept, "", 3600.0)
        return stayed

    async def _follow(self) -> None:
        await self._used.wait()
        while True:
            await self._exchange()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _exchange(self) -> None:
        told, self._untold = self._untold, {}
        try:
            found, self._since_s = await asyncio.to_thread(self._asked, list(told.values()), self._since_s)
            self._away = False
        except (SQLAlchemyError, StoreError, OSError) as error:
            self._untold = told | self._untold
            if not self._away:
                why = of_server(error)
                logger.warning("fallback: sessions stay where this candela knows of for now (%s)", why)
            self._away = True
            return
        for stay in found:
            if stay.session in self._untold:
                continue
            if stay.route in DEFAULT_ROUTES:
                super().answered(stay.session, RouteName(stay.route), stay.lasts_s)
            else:
                super().returned(stay.session)

    def _asked(self, told: list[_Stay], since_s: float) -> tuple[list[_Stay], float]:
        """Tell stays, and return those that changed, with the time to ask from next. Blocks."""
        with self._engine().begin() as connection:
            if told:
                stays = [{"session": each.session, "route": each.route, "lasts_s": each.lasts_s} for each in told]
                connection.execute(_FORGET)
                connection.execute(_KEEP, {"stays": json.dumps(stays)})
            rows = connection.execute(_CHANGED, {"since_s": since_s}).all()
        found = [_Stay(row.session, row.route, row.lasts_s) for row in rows]
        return found, max((row.now_s for row in rows), default=since_s + _MARGIN_S) - _MARGIN_S


def _kept_as(session: str | None) -> str | None:
    """Return how a session is named in the database: a client may name it by any text."""
    return indexed_text(session) if session is not None else None
