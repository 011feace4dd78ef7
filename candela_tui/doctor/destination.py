"""Where a base URL of Claude Code leads, and whether anything answers there."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from candela_tui.config import Settings
from candela_tui.doctor.client_settings import ClientEnvironment
from candela_tui.doctor.context import DoctorContext
from candela_tui.providers.identity import RouteName
from candela_tui.proxy.listen import HOST
from candela_tui.proxy.routes import Routes

LOOPBACK = frozenset({HOST, "localhost", "::1"})
REACHES_NOTHING = "Claude Code started here reaches nothing"
"""The consequence of a base URL at which nothing answers."""
HTTP_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY")
ALL_PROXIES = ("all_proxy", "ALL_PROXY")
_CONNECT_S = 3.0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads."""

    place: str
    """Scheme, host and port: the rest may be secret."""
    host: str
    port: int
    to_candela: bool
    """Whether it names candela's port on this machine."""
    route: RouteName | None = None
    """The route of candela, if it has one by this path."""
    ends_in_v1: bool = False
    """Whether the path ends in /v1, which Claude Code appends, too."""

    @property
    def is_local(self) -> bool:
        """Whether it leads to this machine."""
        return self.host in LOOPBACK


def destination_of(url: str, settings: Settings) -> Destination | None:
    """Return where a base URL leads, or None if it is not an http or https URL."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if port is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}"
    if parts.hostname not in LOOPBACK or port != settings.proxy.port:
        return Destination(place, parts.hostname, port, False)
    path = parts.path.rstrip("/")
    found = Routes(settings).resolve(f"{path}/")
    route = found[0].name if found is not None else None
    return Destination(place, parts.hostname, port, True, route, path.endswith("/v1"))


def no_answer(where: Destination, client: ClientEnvironment, context: DoctorContext) -> str:
    """Return why Claude Code can't connect there, as a relative clause, or an empty string. Blocks.

    Another machine is not asked with ``--offline``, nor where an HTTP proxy would connect in place of Claude Code."""
    if where.is_local:
        return "" if is_listening(where.port, where.host) else "where nothing listens"
    if not context.online or any(client.get(name) for name in HTTP_PROXIES + ALL_PROXIES):
        return ""
    try:
        socket.create_connection((where.host, where.port), _CONNECT_S).close()
    except socket.gaierror:
        return "a name that can't be resolved"
    except UnicodeError:
        return "which is not a host name"
    except TimeoutError:
        return f"which takes no connection within {_CONNECT_S:g} s"
    except OSError:
        return "which takes no connection"
    return ""


def is_listening(port: int, host: str = HOST) -> bool:
    """Return whether a port of this machine takes connections. Blocks."""
    try:
        socket.create_connection((host, port), _CONNECT_S).close()
    except TimeoutError:
        return True
    except OSError:
        return False
    return True


def asks_through_candela(client: ClientEnvironment, port: int) -> bool:
    """Return whether candela's port is Claude Code's HTTPS proxy, as with ``--intercept``."""
    proxy = client.get("HTTPS_PROXY") or client.get("https_proxy")
    if proxy is None:
        return False
    try:
        host, given = urlsplit(proxy.value).hostname, urlsplit(proxy.value).port
    except ValueError:
        return False
    return host in LOOPBACK and given == port
