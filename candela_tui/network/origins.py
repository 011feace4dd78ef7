"""Origins that requests go to: which HTTP proxy to use, and whether the origin is candela itself."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from candela_tui.network.client_session import proxy_for

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0"})  # noqa: S104 - compared with, not bound to
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a provider."""

    url: str
    proxy: str | None
    """The HTTP proxy that the environment names for it."""
    is_candela: bool
    """It is this proxy: a request would loop forever."""


class Origins:
    """Looks up each origin once and remembers it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._known: dict[str, Origin] = {}

    def of(self, url: str) -> Origin:
        """Return the origin of an absolute URL."""
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        known = self._known.get(place)
        if known is None:
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
            known = Origin(place, proxy_for(place), parts.hostname in _LOOPBACK and port == self._port)
            self._known[place] = known
        return known
