"""The proxy's port: taken before anything else starts, and explained where it can't be."""

import errno
import http.client
import json
import socket
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from candela_tui.feed import Storing
from candela_tui.peer import listener

HOST = "127.0.0.1"
_HEALTH_TIMEOUT_S = 2.0
_MOST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class RunningCandela:
    """Another candela, as its /healthz describes it."""

    pid: int
    version: str
    port: int
    started_at: str
    data_dir: str | None
    route: str | None = None
    """Where requests to its bare base URL go."""
    storing: Storing = field(default_factory=Storing)

    @property
    def since(self) -> str:
        """When it started, as the user's clock shows it, to the second."""
        try:
            return f"{datetime.fromisoformat(self.started_at).astimezone():%Y-%m-%d %H:%M:%S}"
        except (ValueError, OverflowError):
            return self.started_at


class PortTaken(Exception):
    """Somebody listens there: ``candela`` where it is another candela, ``owner`` in words where that is known."""

    def __init__(self, port: int, owner: str, candela: RunningCandela | None) -> None:
        super().__init__(f"port {port} on {HOST} is taken by {owner}")
        self.port = port
        self.owner = owner
        self.candela = candela


def bind(port: int) -> socket.socket:
    """A bound socket for the proxy; 0 picks a free port. Raises PortTaken, or OSError where binding is forbidden."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise _taken(port) from None
    sock.setblocking(False)
    return sock


def _taken(port: int) -> PortTaken:
    candela = running_candela(port)
    if candela is not None:
        return PortTaken(port, f"another candela {candela.version} (pid {candela.pid})", candela)
    return PortTaken(port, other_owner(port) or "another program", None)


def other_owner(port: int) -> str | None:
    """Return who listens on a port, in words; None: nobody does."""
    process = listener(port)
    if process is not None:
        return f"pid {process[0]}: {process[1][:200]}"
    try:
        socket.create_connection((HOST, port), _HEALTH_TIMEOUT_S).close()
    except OSError:
        return None
    return "another program"


def running_candela(port: int) -> RunningCandela | None:
    """Ask whoever listens on the port whether it is candela. What it says of itself is safe to print."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        document: Any = json.loads(connection.getresponse().read(65536))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    if not isinstance(document, dict) or document.get("name") != "candela" or not isinstance(document.get("pid"), int):
        return None
    data_dir, route = document.get("data_dir"), document.get("route")
    return RunningCandela(
        document["pid"],
        _printable(document.get("version")),
        port,
        _printable(document.get("started_at")),
        data_dir if isinstance(data_dir, str) and data_dir.isprintable() else None,
        _printable(route) if isinstance(route, str) else None,
        _storing(document.get("storing")),
    )


def _storing(said: object) -> Storing:
    if not isinstance(said, dict):
        return Storing()
    trouble, waiting, lost = said.get("trouble"), said.get("waiting"), said.get("lost")
    return Storing(
        _printable(trouble, _MOST_WORDS) if isinstance(trouble, str) else None,
        waiting if isinstance(waiting, int) else 0,
        lost if isinstance(lost, int) else 0,
    )


def _printable(value: object, most: int = 100) -> str:
    return "".join(filter(str.isprintable, str(value)))[:most]
