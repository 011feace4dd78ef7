"""Where sessions stay after another provider than their own has answered."""

import time
from collections import OrderedDict
from collections.abc import Callable

from candela_tui.config import Settings
from candela_tui.database_url import database_url
from candela_tui.providers.identity import RouteName

_MOST = 10_000
"""Sessions that are remembered."""


class Stays:
    """Remembers the route that has a session's prompt cache, for as long as the cache lives."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._routes: OrderedDict[str, tuple[RouteName, float]] = OrderedDict()

    def route(self, session: str | None) -> RouteName | None:
        """Return where a session stays, or None if it is at its own route or its cache has expired."""
        if session is None or (found := self._routes.get(session)) is None:
            return None
        route, until = found
        if self._clock() >= until:
            del self._routes[session]
            return None
        return route

    def answered(self, session: str | None, route: RouteName, cache_s: float) -> None:
        """Note that another route than its own answered a request of a session."""
        if session is None:
            return
        self._routes.pop(session, None)
        self._routes[session] = route, self._clock() + cache_s
        if len(self._routes) > _MOST:
            self._routes.popitem(last=False)

    def returned(self, session: str | None) -> bool:
        """Note that its own route answered a request of a session. Return whether it stayed elsewhere."""
        return session is not None and self._routes.pop(session, None) is not None

    def open(self) -> None:
        """Begin to know of other replicas, if there are any."""

    async def close(self) -> None:
        """Stop that."""


def open_stays(settings: Settings) -> Stays:
    """Return where sessions stay: as this candela knows it, or, with ``[store] url``, as all replicas do."""
    if settings.store.url is None:
        return Stays()
    # Import it here: most users have no database server.
    from candela_tui.rules.routes.shared_stays import SharedStays
    from candela_tui.store.impatient_engine import impatient_engine

    url = database_url(settings.store.url)
    return SharedStays(lambda: impatient_engine(url))
