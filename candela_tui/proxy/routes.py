"""Find the route that a request path belongs to."""

from candela_tui.config import Settings
from candela_tui.providers.identity import ROUTES, Provider, Route, provider_named, route_of

_BARE = ("/v1/", "/api/")
BELOW_V1 = ("/messages", "/models", "/complete", "/chat/completions", "/responses")
"""The beginnings of paths without /v1, sent by clients that expect it in their base URL."""


class Routes:
    """Finds routes. The settings define where the bare base URL leads."""

    def __init__(self, settings: Settings) -> None:
        providers = set(map(provider_named, settings.proxy.providers)) or set(Provider)
        self._open = tuple(route for route in ROUTES if route.provider in providers)
        default = route_of(settings.proxy.default_route)
        self._default = default if default in self._open else None

    @property
    def names(self) -> list[str]:
        """The prefixes of all open routes."""
        return [route.prefix for route in self._open]

    def resolve(self, raw_path: str) -> tuple[Route, str] | None:
        """Return the route of a request target (path and query as received), and the part of it after the route, or
        None if there is no such route."""
        for route in self._open:
            below = raw_path.removeprefix(route.prefix)
            if below != raw_path and (not below or below[0] in "/?"):
                return route, below if below.startswith("/") else f"/{below}"
        if self._default is not None and (raw_path.startswith(_BARE) or raw_path.partition("?")[0] == "/"):
            return self._default, raw_path
        return None
