"""The client session towards providers: TLS, proxies, time limits, kept-alive connections."""

import os
import ssl
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp

from candela_tui.config import ProxySettings
from candela_tui.network.header_bytes import keep_header_bytes
from candela_tui.network.provider_connection import connector

# Below the 60 s after which common load balancers drop an idle connection, so that a request rarely meets one
# that is being closed.
_KEEPALIVE_S = 50
FIELD_LIMIT = 64 * 1024
"""Bytes. Proxies see longer fields than browsers do: tokens, lists of betas, tracing baggage."""
MOST_FIELDS = 16 * 1024 // 5
"""Node.js reads headers of up to 16 KiB, and a field has at least five bytes, so no client could take more."""


def tls_context(settings: ProxySettings) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates, ``ca_bundle`` and NODE_EXTRA_CA_CERTS.

    SSL_CERT_FILE replaces the system's certificates. Claude Code itself honours NODE_EXTRA_CA_CERTS, and candela now
    makes that connection in its place. Raises OSError, which names the file.
    """
    context = ssl.create_default_context()
    for source, path in (
        ("proxy.ca_bundle", settings.ca_bundle),
        ("NODE_EXTRA_CA_CERTS", os.environ.get("NODE_EXTRA_CA_CERTS")),
    ):
        if not path:
            continue
        try:
            context.load_verify_locations(cafile=Path(path))
        except (OSError, ssl.SSLError) as error:
            if source != "NODE_EXTRA_CA_CERTS":  # Node itself only warns of a file that it can't read.
                why = "it holds none in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
                raise OSError(f"{source}: {path}: no CA certificates could be read: {why}") from error
    return context


def proxy_for(base_url: str) -> str | None:
    """Return the HTTP proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for this URL."""
    parts = urlsplit(base_url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy is None or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def open_session(settings: ProxySettings) -> aiohttp.ClientSession:
    """Open a session that adds nothing to what the client said. The caller closes it. Raises OSError."""
    keep_header_bytes()
    return aiohttp.ClientSession(
        connector=connector(limit=0, keepalive_timeout=_KEEPALIVE_S, ssl=tls_context(settings)),
        timeout=aiohttp.ClientTimeout(
            total=None,
            connect=settings.connect_timeout_s,
            sock_connect=settings.connect_timeout_s,
            sock_read=settings.idle_timeout_s,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        auto_decompress=False,
        max_line_size=FIELD_LIMIT,
        max_field_size=FIELD_LIMIT,
        max_headers=MOST_FIELDS,
        trace_configs=[_connection_trace()],
    )


def _connection_trace() -> aiohttp.TraceConfig:
    """Return a trace that calls ``connected()`` of a request's trace context, if any, once it has a connection."""
    trace = aiohttp.TraceConfig()

    async def connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.connected()

    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(connected)
    return trace
