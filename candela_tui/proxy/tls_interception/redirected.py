"""Connections that the system redirected to candela, as nftables and iptables do (Linux).

Sources: linux/include/uapi/linux/netfilter_ipv4.h and netfilter_ipv6/ip6_tables.h, SO_ORIGINAL_DST.
"""

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import cast

from candela_tui.proxy.access.guard import GuardedServer
from candela_tui.proxy.tls_interception.interception import Interception
from candela_tui.proxy.tls_interception.place import Place
from candela_tui.proxy.tls_interception.tunnel import EarlyBytes

_SO_ORIGINAL_DST = 80
_SOL_IPV6 = 41
_V4 = struct.Struct("!HH4s8x")
_V6 = struct.Struct("!HHI16sI")
_STRANGER = (
    'a redirected connection of another user of this machine; set [proxy] allow = "any-local" in config.toml to serve'
    " every user of this machine"
)
_NOT_REDIRECTED = "a connection to the transparent port that was not redirected to it: it leads nowhere"

logger = logging.getLogger(__name__)


def original_destination(connection: socket.socket) -> Place:
    """Return where a redirected connection was to lead. Raises OSError if it was not redirected."""
    if connection.family == socket.AF_INET6:
        # The family is the host's own number, not one of the network's order, and is not needed.
        _, port, _, address, _ = _V6.unpack(connection.getsockopt(_SOL_IPV6, _SO_ORIGINAL_DST, _V6.size))
        place = Place(socket.inet_ntop(socket.AF_INET6, address), port)
    else:
        _, port, address = _V4.unpack(connection.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, _V4.size))
        place = Place(socket.inet_ntoa(address), port)
    if (place.host, place.port) == connection.getsockname()[:2]:
        raise OSError(errno.ENOENT, "not redirected")
    return place


class RedirectedConnections:
    """Makes the protocols of redirected connections, and serves each in a task until ``close``."""

    def __init__(self, interception: Interception, server: GuardedServer, tell: Callable[[str], None]) -> None:
        """``tell`` is called with the reason of each refusal."""
        self._interception = interception
        self._server = server
        self._tell = tell
        self._serving: dict[asyncio.Task[None], asyncio.Transport] = {}

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        return _Redirected(self._start)

    async def close(self) -> None:
        """End all connections."""
        for task, transport in list(self._serving.items()):
            task.cancel()
            transport.abort()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _start(self, transport: asyncio.Transport, early: EarlyBytes) -> None:
        place = self._admitted(transport)
        if place is None:
            transport.abort()
            return
        task = asyncio.ensure_future(self._interception.redirected(transport, early, place))
        self._serving[task] = transport
        task.add_done_callback(partial(self._ended, transport))

    def _admitted(self, transport: asyncio.Transport) -> Place | None:
        """Return where a connection leads, or None if it is refused."""
        connection = transport.get_extra_info("socket")
        try:
            place = original_destination(connection)
        except OSError:
            self._tell(_NOT_REDIRECTED)
            return None
        try:
            admitted = self._server.admits(transport, (place.host, place.port))
        except OSError as error:
            logger.warning("refused a redirected connection, whose user can't be found out: %s", error.strerror)
            return None
        if not admitted:
            self._tell(_STRANGER)
            return None
        return place

    def _ended(self, transport: asyncio.Transport, task: asyncio.Task[None]) -> None:
        self._serving.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            transport.abort()
            if not isinstance(error, ConnectionError):
                logger.error("a redirected connection ended", exc_info=error)


class _Redirected(EarlyBytes):
    """Keeps what a client says first, and reports the connection."""

    def __init__(self, on_made: Callable[[asyncio.Transport, EarlyBytes], None]) -> None:
        super().__init__()
        self._on_made = on_made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's hook: the connection is there."""
        self._on_made(cast("asyncio.Transport", transport), self)  # uvloop's own is not a subclass of it.
