"""Bind the proxy's port before anything else starts, and explain why it can't be bound."""

import errno
import json
import socket
import time
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from candela_tui.network.peer import listener
from candela_tui.providers.identity import RouteName
from candela_tui.storing import Storing
from candela_tui.telemetry_state import TelemetryState
from candela_tui.text.terminal_safe import is_terminal_safe, terminal_safe

HOST = "127.0.0.1"
_ALL = "0.0.0.0"  # noqa: S104 - only where the user sets it, and there are keys
_ALL_V6 = "::"
_HEALTH_TIMEOUT_S = 5.0
"""Seconds. A candela that has just drawn its dashboard answers once its proxy has started."""
_MOST_BYTES = 65_536
_MOST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class RunningCandela:
    """Another candela, as its /healthz describes it."""

    pid: int
    version: str
    port: int
    started_at: str
    data_dir: str | None
    route: RouteName | None = None
    """The route of its bare base URL; None if it is not stated, or unknown to this version."""
    storing: Storing = field(default_factory=Storing)
    telemetry: tuple[TelemetryState, ...] = ()
    database: str | None = None
    """Where its history is, if that is in PostgreSQL."""

    @property
    def since(self) -> str:
        """The time at which it started, in local time, to the second."""
        try:
            return f"{datetime.fromisoformat(self.started_at).astimezone():%Y-%m-%d %H:%M:%S}"
        except (ValueError, OverflowError):
            return self.started_at


class PortTaken(Exception):
    """Another program listens on the port: ``owner`` describes it; ``candela`` is set if it is another candela."""

    def __init__(self, port: int, owner: str, candela: RunningCandela | None) -> None:
        super().__init__(f"port {port} on {HOST} is taken by {owner}")
        self.port = port
        self.owner = owner
        self.candela = candela


def bind(port: int, listen: str | None = None) -> socket.socket:
    """Return a bound socket on which this machine reaches candela; port 0 picks a free one. It takes connections from
    elsewhere, too, if ``listen`` ([proxy] listen) is all addresses. Raises PortTaken, or OSError if binding is
    forbidden."""
    try:
        return _bound(socket.AF_INET, _ALL if listen in (_ALL, _ALL_V6) else HOST, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise _taken(port) from None


def bind_beyond(port: int, listen: str | None) -> socket.socket | None:
    """Return another bound socket for ``listen`` ([proxy] listen), or None if the one of ``bind`` takes what it names.
    Raises OSError."""
    if listen is None or listen in (HOST, _ALL):
        return None
    return _bound(socket.AF_INET6 if ":" in listen else socket.AF_INET, listen, port)


def is_loopback(address: str) -> bool:
    """Return whether only this machine can use an address that a socket is bound to."""
    return ip_address(address).is_loopback


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(1024)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _taken(port: int) -> PortTaken:
    candela = running_candela(port)
    if candela is not None:
        return PortTaken(port, f"another candela {candela.version} (pid {candela.pid})", candela)
    return PortTaken(port, other_owner(port) or "another program", None)


def other_owner(port: int) -> str | None:
    """Describe the program that listens on a port, or return None if there is none."""
    process = listener(port)
    if process is not None:
        return f"pid {process[0]}: {terminal_safe(process[1])[:200]}"
    try:
        socket.create_connection((HOST, port), _HEALTH_TIMEOUT_S).close()
    except OSError:
        return None
    return "another program"


def running_candela(port: int) -> RunningCandela | None:
    """Ask the program on a port whether it is candela. The fields of the result are safe to print."""
    try:
        document: Any = json.loads(_health(port))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("name") != "candela" or not isinstance(document.get("pid"), int):
        return None
    data_dir, route, database = (document.get(name) for name in ("data_dir", "route", "database"))
    return RunningCandela(
        document["pid"],
        _safe(document.get("version")),
        port,
        _safe(document.get("started_at")),
        data_dir if isinstance(data_dir, str) and is_terminal_safe(data_dir) else None,
        RouteName(route) if route in list(RouteName) else None,
        _storing(document.get("storing")),
        _telemetry(document.get("telemetry")),
        database if isinstance(database, str) and is_terminal_safe(database) else None,
    )


def _health(port: int) -> bytes:
    """Return the body of the answer to GET /healthz. Raises OSError, and ValueError for an answer that is not HTTP."""
    until = time.monotonic() + _HEALTH_TIMEOUT_S
    answer = _Answer()
    # http.client would take longer to import than all else here.
    parser = HttpResponseParser(answer)
    with socket.create_connection((HOST, port), _HEALTH_TIMEOUT_S) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n" % (HOST.encode(), port))
        try:
            while not answer.is_whole and len(answer.body) < _MOST_BYTES and (part := connection.recv(_MOST_BYTES)):
                parser.feed_data(part)
                connection.settimeout(max(0.001, until - time.monotonic()))
        except (HttpParserError, HttpParserUpgrade):
            raise ValueError("not an answer of HTTP") from None
    return bytes(answer.body)


class _Answer:
    """What httptools finds in an answer. One without a length is whole when the connection ends."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.is_whole = False

    def on_body(self, data: bytes) -> None:
        """Take bytes of the body."""
        self.body += data

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        self.is_whole = True


def _storing(said: object) -> Storing:
    if not isinstance(said, dict):
        return Storing()
    trouble, waiting, lost = said.get("trouble"), said.get("waiting"), said.get("lost")
    return Storing(
        _safe(trouble, _MOST_WORDS) if isinstance(trouble, str) else None,
        waiting if isinstance(waiting, int) else 0,
        lost if isinstance(lost, int) else 0,
    )


def _telemetry(said: object) -> tuple[TelemetryState, ...]:
    states = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
    return tuple(
        TelemetryState(
            _safe(each.get("name")),
            _safe(each.get("endpoint"), _MOST_WORDS),
            _safe(trouble, _MOST_WORDS) if isinstance(trouble := each.get("trouble"), str) else None,
            waiting if isinstance(waiting := each.get("waiting"), int) else 0,
            dropped if isinstance(dropped := each.get("dropped"), int) else 0,
            _safe(unit) if isinstance(unit := each.get("unit"), str) else "spans",
        )
        for each in states
    )


def _safe(value: object, most: int = 100) -> str:
    return terminal_safe(str(value))[:most]
