"""Which route a request path means."""

from dataclasses import dataclass

from candela_tui.config import Settings

_BARE = ("/v1/", "/api/")
BELOW_V1 = ("/messages", "/models", "/complete", "/chat/completions", "/responses")
"""How paths begin that lack their /v1: the client expects it in its base URL."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way in, and what is spoken there."""

    name: str
    prefix: str
    """Of the paths; without a slash at its end."""
    dialect: str = "messages"
    """messages, vertex (rawPredict), bedrock (invoke), or openai (chat completions beside Messages)."""
    provider: str = "anthropic"
    """Who runs the models there: anthropic, vertex or bedrock."""


ROUTES = (
    Route("anthropic-direct", "/proxy/anthropic-direct"),
    Route("anthropic-vertex", "/proxy/anthropic-vertex", provider="vertex"),
    Route("anthropic-bedrock", "/proxy/anthropic-bedrock", provider="bedrock"),
    Route("anthropic", "/proxy/anthropic", "openai", "vertex"),
    Route("vertex", "/vertex/v1", "vertex", "vertex"),
    Route("bedrock", "/bedrock", "bedrock", "bedrock"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A route, and path and query below it as the client wrote them."""

    route: Route
    path: str


class Routes:
    """Finds routes; the settings say where the bare base URL leads."""

    def __init__(self, settings: Settings) -> None:
        self._default = next(route for route in ROUTES if route.name == settings.proxy.default_route)

    @property
    def names(self) -> list[str]:
        """The routes there are, in the form of a path."""
        return [route.prefix for route in ROUTES]

    def resolve(self, raw_path: str) -> Target | None:
        """Find the target of a request target (path and query as they came); None: no such route."""
        for route in ROUTES:
            below = raw_path.removeprefix(route.prefix)
            if below != raw_path and (not below or below[0] in "/?"):
                return Target(route, below if below.startswith("/") else "/" + below)
        if raw_path.startswith(_BARE) or raw_path.partition("?")[0] == "/":
            return Target(self._default, raw_path)
        return None
