"""Which upstream a request path means."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from candela_tui.config import Settings

ROUTE_PREFIX = "/proxy/"
_BARE = ("/v1/", "/api/")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0"})  # noqa: S104 - compared with, not bound to
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Route:
    """A name below /proxy/, and the provider's base URL that it stands for."""

    name: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where one request goes: ``path`` is path and query below the route, as the client wrote them."""

    route: Route
    path: str

    @property
    def url(self) -> str:
        """The provider's URL, with the query."""
        return self.route.base_url + self.path

    def leads_back_to(self, port: int) -> bool:
        """Whether this is the proxy itself, listening on that loopback port: a request would go round for ever."""
        parts = urlsplit(self.route.base_url)
        return parts.hostname in _LOOPBACK and (parts.port or _DEFAULT_PORTS.get(parts.scheme)) == port


class Routes:
    """The table of routes that the settings give."""

    def __init__(self, settings: Settings) -> None:
        self._by_name = {"anthropic-direct": Route("anthropic-direct", settings.anthropic.base_url)}
        self._default = self._by_name[settings.proxy.default_route]

    @property
    def names(self) -> list[str]:
        """The routes there are, in the form of a path."""
        return [f"{ROUTE_PREFIX}{name}" for name in self._by_name]

    @property
    def all(self) -> list[Route]:
        """The routes there are."""
        return list(self._by_name.values())

    def resolve(self, raw_path: str) -> Target | None:
        """Find the target of a request target (path and query as they came); None: no such route."""
        if raw_path.startswith(ROUTE_PREFIX):
            rest = raw_path[len(ROUTE_PREFIX) :]
            end = min((i for i in (rest.find("/"), rest.find("?")) if i >= 0), default=len(rest))
            route = self._by_name.get(rest[:end])
            below = rest[end:]
            return Target(route, below if below.startswith("/") else "/" + below) if route else None
        if raw_path.startswith(_BARE) or raw_path.partition("?")[0] == "/":
            return Target(self._default, raw_path)
        return None
