"""The hot path: one request to the provider, its answer to the client, chunk for chunk as it arrives."""

import asyncio
import logging
from collections.abc import Iterable
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from candela_tui.exchange import Outcome
from candela_tui.protocol.errors import ApiError, error_body, error_from_body
from candela_tui.protocol.headers import HOP_BY_HOP
from candela_tui.proxy.capture import Capture
from candela_tui.proxy.guard import without_bytes
from candela_tui.proxy.routes import Target
from candela_tui.proxy.tap import Tap

# Framed anew on each connection; a 100-continue was answered when the body was read.
_REQUEST_DROPPED = HOP_BY_HOP | {"host", "content-length", "expect"}
_OURS = "x-candela-"

logger = logging.getLogger(__name__)

Pairs = list[tuple[str, str]]


class BodyTooLarge(Exception):
    """A request body beyond the limit."""


class ProviderAnswer(web.StreamResponse):
    """A response with the provider's own header fields and no others."""

    def __init__(self, status: int, reason: str | None, headers: Pairs) -> None:
        super().__init__(status=status, reason=reason or "", headers=CIMultiDict(headers))
        self._given = frozenset(name.lower() for name, _ in headers)

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        for name in ("Date", "Server", "Content-Type"):
            if name.lower() not in self._given:
                self._headers.pop(name, None)


def decoded_pairs(raw: Iterable[tuple[bytes, bytes]]) -> Pairs:
    """Header fields as text that gives the same bytes again."""
    return [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in raw]


def forwarded(headers: Pairs, dropped: frozenset[str]) -> Pairs:
    """The fields that go on: without hop-by-hop ones (also those that Connection names), and candela's own."""
    named = {
        token.strip().lower() for name, value in headers if name.lower() == "connection" for token in value.split(",")
    }
    return [
        (name, value)
        for name, value in headers
        if (key := name.lower()) not in dropped and key not in named and not key.startswith(_OURS)
    ]


async def read_body(request: web.BaseRequest, limit: int) -> bytes:
    """The whole request body as it crossed. Raises BodyTooLarge beyond ``limit`` bytes."""
    if (request.content_length or 0) > limit:
        raise BodyTooLarge
    if not request.can_read_body:
        return b""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    parts: list[bytes] = []
    size = 0
    while True:
        part = await request.content.readany()
        if not part:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        size += len(part)
        if size > limit:
            raise BodyTooLarge
        parts.append(part)


def error_response(status: int, message: str) -> web.Response:
    """An error of candela's own, in the form of the Messages API."""
    return web.Response(status=status, body=error_body(status, message), content_type="application/json")


def tap_of(request: web.BaseRequest, target: Target, headers: Pairs, body: bytes) -> Tap:
    """A tap that knows the request, for an exchange that begins now."""
    return Tap(
        method=request.method,
        path=target.path,
        route=target.route.name,
        url=target.url.partition("?")[0],
        headers=headers,
        body=body,
    )


class Relay:
    """Relays requests over one client session, which its owner closes."""

    def __init__(self, session: aiohttp.ClientSession, capture: Capture) -> None:
        self._session = session
        self._capture = capture
        self.stopping = False
        """candela is leaving: what is cancelled now is interrupted, not cancelled by its client."""

    async def relay(
        self, request: web.BaseRequest, target: Target, headers: Pairs, body: bytes, proxy: str | None
    ) -> web.StreamResponse:
        """Answer one request with the provider's answer."""
        tap = tap_of(request, target, headers, body)
        self._capture.begin(tap)
        try:
            return await self._exchange(request, target, headers, body, proxy, tap)
        except asyncio.CancelledError:
            tap.ended(Outcome.INTERRUPTED if self.stopping else Outcome.CANCELLED)
            raise
        finally:
            tap.ended(Outcome.CUT, ApiError("cut", "the request could not be relayed"))

    async def _exchange(
        self,
        request: web.BaseRequest,
        target: Target,
        headers: Pairs,
        body: bytes,
        proxy: str | None,
        tap: Tap,
    ) -> web.StreamResponse:
        try:
            answer = await self._session.request(
                request.method,
                URL(target.url, encoded=True),
                headers=CIMultiDict(forwarded(headers, _REQUEST_DROPPED)),
                data=body or None,
                allow_redirects=False,
                proxy=proxy,
                trace_request_ctx=tap,
            )
        except (aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
            return self._broken_off(request, tap, f"the provider closed the connection without an answer: {error}")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            if isinstance(error, aiohttp.ClientOSError) and not isinstance(error, aiohttp.ClientConnectorError):
                return self._broken_off(request, tap, f"the provider broke the connection: {_why(error)}")
            return self._unreachable(target, tap, error)
        try:
            return await self._pass_on(request, answer, tap)
        finally:
            # A whole body has given its connection back by now; this ends one that was not read to its end.
            answer.close()

    async def _pass_on(self, request: web.BaseRequest, answer: aiohttp.ClientResponse, tap: Tap) -> web.StreamResponse:
        headers = decoded_pairs(answer.raw_headers)
        tap.answered(answer.status, headers)
        response = ProviderAnswer(answer.status, answer.reason, forwarded(headers, HOP_BY_HOP))
        try:
            await response.prepare(request)
            while True:
                try:
                    chunk = await answer.content.readany()
                except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
                    return self._broken_off(request, tap, f"the provider broke off: {_why(error)}", response)
                if not chunk:
                    break
                await response.write(chunk)
                tap.chunk(chunk)
            await response.write_eof()
        except ConnectionResetError:
            tap.ended(Outcome.CANCELLED)
        else:
            tap.ended()
        return response

    def _broken_off(
        self, request: web.BaseRequest, tap: Tap, why: str, response: web.StreamResponse | None = None
    ) -> web.StreamResponse:
        """Break off towards the client as the provider did: what has come is sent, and no end follows it."""
        tap.ended(Outcome.CUT, ApiError("cut", why))
        logger.warning("%s %s: %s", request.method, tap.url, why)
        request.protocol.force_close()
        if request.transport is not None:
            request.transport.close()
        return response or web.Response()

    def _unreachable(self, target: Target, tap: Tap, error: Exception) -> web.Response:
        timed_out = isinstance(error, aiohttp.SocketTimeoutError)
        status = 504 if timed_out else 502
        origin = urlsplit(target.route.base_url)
        place = f"{origin.scheme}://{origin.netloc.rpartition('@')[2]}{origin.path}"
        words = f"candela could not reach {place}: {_why(error)}. Check the network, [anthropic] base_url and proxies."
        response = error_response(status, words)
        body = error_body(status, words)
        tap.answered(status, [("Content-Type", "application/json")])
        tap.chunk(body)
        tap.ended(Outcome.ERROR, error_from_body(status, body))
        logger.warning("%s", words)
        return response


def _why(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        # Its text quotes the URL with the query, and header fields.
        return f"its answer is not valid HTTP: {without_bytes(error.message)}"
    text = str(error) or type(error).__name__
    cause = error.__cause__
    return f"{text} ({cause})" if cause is not None and str(cause) and str(cause) not in text else text
