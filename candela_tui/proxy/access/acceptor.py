"""Accept connections in batches.

uvloop accepts one connection per iteration of its event loop (libuv does since 1.45). While 200 streams are busy an
iteration takes 10 to 15 ms, and the last of 200 new connections waited 1 to 4 seconds for its turn. In batches it is
0.4 s, as long as the bare pass-through takes on asyncio's own loop (two busy cores, medians of three runs).
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

_BATCH = 32
"""Connections accepted before the event loop continues with other work: together they take about 2 ms."""
_PAUSE_S = 0.1
"""Seconds until the next attempt when the system has no room for another connection."""
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

logger = logging.getLogger(__name__)


class Acceptor:
    """Accepts on a listening socket from ``start`` to ``close``, and closes it."""

    def __init__(self, sock: socket.socket, protocol_factory: Callable[[], asyncio.BaseProtocol]) -> None:
        self._sock = sock
        self._protocol_factory = protocol_factory
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._retry: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start accepting connections."""
        self._retry = None
        self._loop.add_reader(self._sock, self._accept)

    async def close(self) -> None:
        """Stop accepting. Connections that were accepted are handed to their protocols first."""
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()
        if self._opening:
            await asyncio.wait(self._opening)

    def _accept(self) -> None:
        for _ in range(_BATCH):
            try:
                connection, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                self._pause(error)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._open(connection), name="open connection")
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def _pause(self, error: OSError) -> None:
        """Pause accepting: connections wait in the kernel's queue. A readable socket would spin the loop."""
        logger.warning("no connection can be accepted for %g s: %s", _PAUSE_S, error.strerror)
        self._loop.remove_reader(self._sock)
        self._retry = self._loop.call_later(_PAUSE_S, self.start)

    async def _open(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol_factory, connection)
        except OSError as error:
            connection.close()
            logger.warning("a connection was lost while it was accepted: %s", error.strerror)
