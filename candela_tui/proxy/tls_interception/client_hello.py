"""Read a TLS ClientHello: which host a client asks for, and which protocols it speaks (RFC 8446, section 4.1.2)."""

from dataclasses import dataclass

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _ALPN = 0, 16
_HOST_NAME = 0
_RECORD_HEADER, _MESSAGE_HEADER = 5, 4
_MOST_RECORD = 2**14 + 256
"""The longest record of TLS 1.2 with its overhead; that of TLS 1.3 is shorter."""
MOST_BYTES = 2**16
"""The longest ClientHello to read. With post-quantum key shares one has about 1,800 bytes."""


class NotTls(ValueError):
    """The bytes are not the beginning of a TLS connection."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client says first."""

    server_name: str | None
    """The host that it asks for (SNI), in lower case; None if it names none."""
    protocols: tuple[str, ...]
    """The protocols that it offers (ALPN), such as h2 and http/1.1; empty if it offers none."""

    @property
    def speaks_http_1(self) -> bool:
        """Whether the client can speak HTTP/1.1: it offers it, or offers nothing at all."""
        return not self.protocols or "http/1.1" in self.protocols


def client_hello(data: bytes) -> ClientHello | None:
    """Return the ClientHello at the beginning of a connection, or None if more bytes are needed.

    It may come in any number of records and packets. Raises NotTls.
    """
    message = bytearray()
    at = 0
    while True:
        if len(data) > at and data[at] != _HANDSHAKE:
            raise NotTls
        if len(data) < at + _RECORD_HEADER:
            return None
        length = int.from_bytes(data[at + 3 : at + _RECORD_HEADER])
        if data[at + 1] != 3 or not 0 < length <= _MOST_RECORD:
            raise NotTls
        message += data[at + _RECORD_HEADER : at + _RECORD_HEADER + length]
        if message and message[0] != _CLIENT_HELLO:
            raise NotTls
        if len(message) >= _MESSAGE_HEADER:
            end = _MESSAGE_HEADER + int.from_bytes(message[1:_MESSAGE_HEADER])
            if end > MOST_BYTES:
                raise NotTls
            if len(message) >= end:
                return _read(bytes(message[_MESSAGE_HEADER:end]))
        at += _RECORD_HEADER + length
        if len(data) < at:
            return None


def _read(body: bytes) -> ClientHello:
    fields = _Fields(body)
    fields.take(2 + 32)  # The version and the random bytes.
    fields.vector(1)
    fields.vector(2)
    fields.vector(1)
    if fields.is_empty:  # TLS 1.2 without extensions.
        return ClientHello(None, ())
    name: str | None = None
    protocols: tuple[str, ...] = ()
    extensions = _Fields(fields.vector(2))
    while not extensions.is_empty:
        kind, content = extensions.number(2), extensions.vector(2)
        if kind == _SERVER_NAME:
            name = _server_name(content)
        elif kind == _ALPN:
            protocols = _protocols(content)
    return ClientHello(name, protocols)


def _server_name(content: bytes) -> str | None:
    names = _Fields(_Fields(content).vector(2))
    while not names.is_empty:
        kind, name = names.number(1), names.vector(2)
        if kind == _HOST_NAME:
            return name.decode("latin-1").lower().rstrip(".")
    return None


def _protocols(content: bytes) -> tuple[str, ...]:
    names = _Fields(_Fields(content).vector(2))
    found = []
    while not names.is_empty:
        found.append(names.vector(1).decode("latin-1"))
    return tuple(found)


class _Fields:
    """Takes fields from the front of bytes. Raises NotTls where there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_empty(self) -> bool:
        return self._at == len(self._data)

    def take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise NotTls
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))
