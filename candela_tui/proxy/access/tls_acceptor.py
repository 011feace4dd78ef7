"""Accept connections from other machines with TLS, on a socket that may take those of this machine, too."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

from candela_tui.network.server_certificate import ServerCertificate
from candela_tui.proxy.access.acceptor import Acceptor
from candela_tui.proxy.access.guard import GuardedServer
from candela_tui.proxy.access.server_tls import HANDSHAKE_S, Decrypted
from candela_tui.proxy.listen import is_loopback

_WITHOUT_TLS = "HTTP_REQUEST"
_NO_HTTPS = (
    "a program on another machine spoke HTTP without TLS, which [proxy] tls_cert demands: its base URL must begin with"
    " https://"
)

logger = logging.getLogger(__name__)


class TlsAcceptor(Acceptor):
    """Accepts connections of TLS. Those to a loopback address are of this machine, and are not encrypted."""

    def __init__(
        self, sock: socket.socket, server: GuardedServer, certificate: ServerCertificate, tell: Callable[[str], None]
    ) -> None:
        """``tell`` is called with the mistakes of clients."""
        super().__init__(sock, server)
        self._server = server
        self._certificate = certificate
        self._tell = tell
        self._handshakes: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop accepting. What has not ended its handshake yet is not waited for."""
        for task in self._handshakes:
            task.cancel()
        await super().close()

    async def _open(self, connection: socket.socket) -> None:
        if is_loopback(connection.getsockname()[0]):
            await super()._open(connection)
            return
        task = asyncio.current_task()
        assert task is not None
        self._handshakes.add(task)
        try:
            await self._shake_hands(connection)
        finally:
            self._handshakes.discard(task)

    async def _shake_hands(self, connection: socket.socket) -> None:
        try:
            context = await self._certificate.context()
            await self._loop.connect_accepted_socket(
                self._protocol, connection, ssl=context, ssl_handshake_timeout=HANDSHAKE_S
            )
        except ssl.SSLError as error:
            connection.close()
            logger.info("TLS with a client on another machine: %s", error.reason)
            if error.reason == _WITHOUT_TLS:
                self._tell(_NO_HTTPS)
        except OSError as error:
            connection.close()
            logger.info("a client on another machine ended the connection: %s", error.strerror or "no TLS in time")

    def _protocol(self) -> Decrypted:
        return Decrypted(self._server.accepted())
