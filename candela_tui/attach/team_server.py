"""A candela on another machine: reached over TLS, with the tokens of a person who signed in."""

import http.client
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

from candela_tui.attach.errors import NoLocalApi, NotSignedIn
from candela_tui.attach.server import TIMEOUT_S

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class BadAddress(ValueError):
    """An address that no token is sent to; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, url: str) -> "Address":
        """Read a URL such as ``https://candela.example``. Raises BadAddress."""
        if "@" in url:
            # Not repeated: it may have a password.
            raise BadAddress("leave out what is in front of the host: people sign in with `candela login`")
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme not in ("http", "https") or not host:
            raise BadAddress(f"{url} is not the address of a server: it has the form https://candela.example")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise BadAddress(f"{url}: leave out what is behind the host, as in https://candela.example")
        if parts.scheme == "http" and host not in _LOOPBACK:
            raise BadAddress(
                f"{url} is not encrypted, so anyone on the way could read the token and what you see: use https://"
            )
        return cls(parts.scheme, host.lower(), None if port == _USUAL_PORTS[parts.scheme] else port)

    @property
    def origin(self) -> str:
        """The URL, in one form."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port is not None else "")

    def connection(self, context: Callable[[], ssl.SSLContext]) -> http.client.HTTPConnection:
        """Return a connection that is not open yet. Redirects are not followed on it. ``context`` has the certificates
        that are trusted."""
        if self.scheme == "http":
            return http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
        return http.client.HTTPSConnection(self.host, self.port, timeout=TIMEOUT_S, context=context())


_USUAL_PORTS: Final = {"http": 80, "https": 443}


class AccessTokens(Protocol):
    """Gives out the token of a person. Its methods may be called from any thread."""

    def token(self) -> str:
        """Return a token that has not expired. Blocks. Raises StoreError."""

    def forget(self) -> None:
        """Look for another sign-in when a token is asked for next."""


class TeamServer:
    """The server at an address, for a person who signed in."""

    def __init__(self, address: Address, context: Callable[[], ssl.SSLContext], tokens: AccessTokens) -> None:
        self.where = address.origin
        self.origin = address.origin
        self._address = address
        self._context = context
        self._tokens = tokens

    def connected(self) -> http.client.HTTPConnection:
        """Return an open connection whose certificate was verified. Raises OSError."""
        connection = self._address.connection(self._context)
        connection.connect()
        return connection

    def token(self) -> str:
        """Return the token. Raises StoreError."""
        return self._tokens.token()

    def refused(self, words: str) -> NoLocalApi:
        """Return an error for a token that is not taken, and forget the token."""
        self._tokens.forget()
        return NotSignedIn(f"{self.where} asks you to sign in again: `candela login {self.where}`. It said: {words}")
