"""Origins that requests go to: which HTTP proxy to use, and whether the origin is candela itself."""

import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

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
        place = split_target(url)[0]
        known = self._known.get(place)
        if known is None:
            parts = urlsplit(place)
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
            known = Origin(place, self.proxy_for(place), parts.hostname in _LOOPBACK and port == self._port)
            self._known[place] = known
        return known

    def proxy_for(self, base_url: str) -> str | None:
        """Return the HTTP proxy for a URL, unless that is candela itself, as in a shell with its environment."""
        proxy = proxy_for(base_url)
        if proxy is None:
            return None
        parts = urlsplit(proxy)
        return None if parts.hostname in _LOOPBACK and parts.port == self._port else proxy


def split_target(url: str) -> tuple[str, str]:
    """Split an absolute URL into its origin and the request target (path and query, RFC 9112, section 3.2.1)."""
    start = url.find("/", url.find("://") + 3)
    return (url, "/") if start < 0 else (url[:start], url[start:])


def proxy_for(base_url: str) -> str | None:
    """Return the HTTP proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for this URL."""
    parts = urlsplit(base_url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy is None or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
