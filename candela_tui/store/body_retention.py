"""Removes the bodies of older exchanges, and leaves their facts and header fields, as far as the settings say so."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, or_, select

from candela_tui.exchange import Outcome
from candela_tui.store.removal import remove_bodies
from candela_tui.store.schema import HAS_BODIES, exchanges
from candela_tui.store.units import stored_time
from candela_tui.text import amounts
from candela_tui.text.times import Clock

_AT_ONCE: Final = 10
"""Exchanges whose bodies are removed in one transaction."""
_PAGE: Final = 1_000
"""Exchanges that are looked at in one step: a few milliseconds."""

_Place = tuple[int, str]
"""When an exchange began, and its id."""
_FIRST: Final[_Place] = (0, "")


class BodyRetention:
    """Goes through what is older than the limit in small steps: at the start, and once a day after that. Used only by
    the writer's thread."""

    def __init__(self, days: int, clock: Clock, on_removed: Callable[[str], None]) -> None:
        """``days`` are whole days of the user's time zone, in addition to the current one; 0 keeps everything.
        ``on_removed`` gets a sentence for the user that says what was removed."""
        self._days = days
        self._clock = clock
        self._on_removed = on_removed
        self._kept_from: datetime | None = None
        self._looked_to: _Place | None = None
        """The last exchange that was looked at; None: all of them were."""
        self._found: list[str] = []
        """Exchanges whose bodies are to be removed, in the order in which they began."""
        self._removed = 0

    def step(self, connection: Connection) -> bool:
        """Remove the bodies of a few exchanges, or look for some. Return whether there may be more to do."""
        if not self._days:
            return False
        first = self._clock.day(self._days)
        if first != self._kept_from:
            self._kept_from, self._looked_to, self._found = first, _FIRST, []
        if self._found:
            # The latest first: usually, no body that stays is a patch against it.
            self._removed += remove_bodies(connection, self._found[-_AT_ONCE:])
            del self._found[-_AT_ONCE:]
            return True
        if self._looked_to is not None:
            self._look(connection, self._looked_to, first)
            return True
        if self._removed:
            self._on_removed(
                f"Removed the bodies of {amounts.requests(self._removed)} from before {first:%Y-%m-%d}: [history] "
                f"body_days is {self._days}."
            )
            self._removed = 0
        return False

    def _look(self, connection: Connection, after: _Place, until: datetime) -> None:
        columns = exchanges.c
        at, exchange_id = after
        later = or_(columns.started_at_us > at, and_(columns.started_at_us == at, columns.id > exchange_id))
        wanted = (
            select(columns.started_at_us, columns.id, HAS_BODIES.label("has_bodies"), columns.outcome)
            .where(columns.started_at_us >= at, columns.started_at_us < stored_time(until), later)
            .order_by(columns.started_at_us, columns.id)
            .limit(_PAGE)
        )
        with connection.begin():
            page = connection.execute(wanted).all()
        self._found = [row.id for row in page if row.has_bodies and row.outcome != Outcome.LIVE.value]
        self._looked_to = (page[-1].started_at_us, page[-1].id) if len(page) == _PAGE else None
