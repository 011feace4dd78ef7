"""Where a running candela is reached, and with which token: here, the one of this machine."""

import http.client
import os
from pathlib import Path
from typing import Final, Protocol

from candela_tui.attach.errors import NoLocalApi, why
from candela_tui.network.peer import listening_uid

TIMEOUT_S: Final = 15.0
"""Seconds without a byte; the event stream sends a comment every 5 s."""
_HOST: Final = "127.0.0.1"


class Server(Protocol):
    """Opens connections to one candela. Its methods block, and may be called from any thread."""

    where: str
    """Its host and port, or its URL, for the user."""
    origin: str
    """The beginning of its URLs."""

    def connected(self) -> http.client.HTTPConnection:
        """Return an open connection. Raises OSError, and StoreError if it must not get the token."""

    def token(self) -> str:
        """Return the token. Raises StoreError."""

    def refused(self, words: str) -> NoLocalApi:
        """Return an error for a token that is not taken. ``words`` are the server's."""


class LocalServer:
    """A candela on this machine, whose token is in a file that its user can read."""

    def __init__(self, port: int, token_file: Path) -> None:
        self.where = f"{_HOST}:{port}"
        self.origin = f"http://{self.where}"
        self._port = port
        self._token_file = token_file

    def connected(self) -> http.client.HTTPConnection:
        """Return an open connection. Raises OSError, and NoLocalApi if the port belongs to another user, who would get
        the token."""
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=TIMEOUT_S)
        connection.connect()
        # Check each connection: the candela may have exited since, and another program may use its port.
        user = listening_uid(self._port)
        if user is not None and user != os.getuid():
            connection.close()
            raise NoLocalApi(f"{self.where} belongs to another user of this machine (uid {user}).")
        return connection

    def token(self) -> str:
        """Return what the file has. Raises NoLocalApi."""
        try:
            return self._token_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NoLocalApi(
                f"{self._token_file} can't be read ({why(error)}): the candela on {self.where} is older than this "
                f"one, or another user's."
            ) from error

    def refused(self, words: str) -> NoLocalApi:
        """Return an error for a token that is not taken."""
        return NoLocalApi(f"The candela on {self.where} does not take the token in {self._token_file}.")
