"""One request to a URL, without credentials, and how long each step takes."""

import asyncio
import base64
import os
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit

from candela_tui.doctor.run_checks import in_thread

_MOST_HEAD = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class RoundTripError(Exception):
    """There was no answer; ``str()`` says at which step and why. ``fix`` may help."""

    def __init__(self, words: str, fix: str = "Check the network.") -> None:
        super().__init__(words)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Milliseconds of each step, and what came back."""

    dns: float
    tcp: float
    tls: float | None
    """None if the URL is not https."""
    first_byte: float
    """From the request to the first byte of its answer."""
    status: int
    date: datetime | None
    """The server's clock, by its Date field."""
    location: str
    """The Location field, or "" if there is none. It may contain a secret."""
    is_page: bool
    """Whether the answer is a web page."""
    proxy: str | None
    """Host and port of the HTTP proxy in between."""

    @property
    def total(self) -> float:
        """All of it."""
        return self.dns + self.tcp + (self.tls or 0) + self.first_byte


async def round_trip(url: str, proxy: str | None, tls: ssl.SSLContext) -> RoundTrip:
    """Send a HEAD request to a URL as candela connects to it. ``proxy`` is the URL of the HTTP proxy, if any.

    Raises RoundTripError. The caller limits the time."""
    there = urlsplit(url)
    assert there.hostname is not None
    secure = there.scheme == "https"
    port = there.port or _PORTS[there.scheme]
    first = urlsplit(proxy) if proxy is not None else there
    first_host, first_port = first.hostname or "", first.port or _PORTS.get(first.scheme, 80)
    if first.scheme not in _PORTS:
        raise RoundTripError(
            f"{first_host} is a {first.scheme} proxy", "candela supports HTTP proxies only: set HTTPS_PROXY to one."
        )
    clock = _Stopwatch()
    try:
        address = await _resolve(first_host, first_port)
        dns = clock.lap()
        reader, writer = await _connect(address, first_host, first_port)
    except RoundTripError as failed:
        if proxy is None:
            raise
        fix = "Correct HTTPS_PROXY (or HTTP_PROXY), or unset it."
        raise RoundTripError(f"the HTTP proxy can't be reached: {failed}", fix) from None
    tcp = clock.lap()
    try:
        if proxy is not None and first.scheme == "https":
            await _start_tls(writer, tls, first_host)
        if proxy is not None and secure:
            await _tunnel(reader, writer, f"{there.hostname}:{port}", first.username, first.password)
        tls_ms = None
        if secure:
            clock.lap()
            await _start_tls(writer, tls, there.hostname)
            tls_ms = clock.lap()
        path = there.path or "/"
        target = f"{there.scheme}://{there.netloc}{path}" if proxy is not None and not secure else path
        fields = _authorization(first.username, first.password) if proxy is not None and not secure else ""
        writer.write(f"HEAD {target} HTTP/1.1\r\nHost: {there.netloc}\r\n{fields}Connection: close\r\n\r\n".encode())
        head = await _head(reader, "the provider")
        if _status(head) == 407:
            raise RoundTripError("the HTTP proxy requires a user name and password", "Add them to HTTPS_PROXY.")
        shown = f"{first_host}:{first_port}" if proxy is not None else None
        page = _field(head, "content-type").partition(";")[0].strip().lower() == "text/html"
        location = _field(head, "location")
        return RoundTrip(dns, tcp, tls_ms, clock.lap(), _status(head), _date(head), location, page, shown)
    finally:
        writer.transport.abort()


class _Stopwatch:
    def __init__(self) -> None:
        self._at = time.perf_counter()

    def lap(self) -> float:
        """Milliseconds since the last call."""
        before, self._at = self._at, time.perf_counter()
        return (self._at - before) * 1000


async def _resolve(host: str, port: int) -> str:
    try:
        # The loop's own would be waited for when the process ends.
        found = await in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is not a valid host name"
        raise RoundTripError(
            f"the name {host} can't be resolved: {words}", "Check the network, DNS and the VPN."
        ) from None
    return str(found[0][4][0])


async def _connect(address: str, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection(address, port, limit=_MOST_HEAD)
    except OSError as error:
        words = os.strerror(error.errno).lower() if error.errno else "it failed"
        fix = "Check the network, a firewall, and HTTPS_PROXY."
        raise RoundTripError(f"no connection to {host}:{port}: {words}", fix) from None


async def _start_tls(writer: asyncio.StreamWriter, tls: ssl.SSLContext, host: str) -> None:
    try:
        await writer.start_tls(tls, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        words = error.verify_message or "not trusted"
        if "not yet valid" in words or "expired" in words:
            fix = "Check this machine's clock."
        else:
            fix = "A proxy or VPN may have replaced it: set proxy.ca_bundle to a file with its CA certificate (PEM)."
        raise RoundTripError(f"the certificate of {host} is not accepted: {words}", fix) from None
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise RoundTripError(f"no TLS with {host}: {reason}", "Check HTTPS_PROXY, the VPN, and a firewall.") from None


async def _tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str, user: str | None, password: str | None
) -> None:
    fields = _authorization(user, password)
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{fields}\r\n".encode())
    status = _status(await _head(reader, "the HTTP proxy"))
    if status == 407:
        raise RoundTripError("the HTTP proxy requires a user name and password", "Add them to HTTPS_PROXY.")
    if status != 200:
        raise RoundTripError(f"the HTTP proxy refuses connections to {target} (status {status})", "Check HTTPS_PROXY.")


def _authorization(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    given = base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
    return f"Proxy-Authorization: Basic {given}\r\n"


async def _head(reader: asyncio.StreamReader, who: str) -> str:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        raise RoundTripError(f"{who} closed the connection without an answer") from None
    if not head.startswith("HTTP/1.") or not head[9:12].isdigit():
        raise RoundTripError(f"{who} does not respond with HTTP")
    return head


def _status(head: str) -> int:
    return int(head[9:12])


def _date(head: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(_field(head, "date"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _field(head: str, wanted: str) -> str:
    """Return the value of a header field, or "" if there is none."""
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == wanted:
            return value.strip()
    return ""
