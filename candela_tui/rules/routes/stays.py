"""Where sessions stay after another provider than their own has answered."""

import time
from collections import OrderedDict
from collections.abc import Callable

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

    def returned(self, session: str | None) -> None:
        """Note that its own route answered a request of a session."""
        if session is not None:
            self._routes.pop(session, None)
