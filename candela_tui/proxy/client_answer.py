"""Answers to the client: with the provider's own header fields, or candela's own errors."""

import asyncio

from aiohttp import web
from multidict import CIMultiDict

from candela_tui.protocol.errors import error_body
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.upstream import Translation
from candela_tui.proxy.capture.raw_exchange import RawExchange

_JSON = "application/json"
_REQUEST_ID = "X-Request-ID"
_IDLE_S = 10.0
"""Seconds of silence after which a stream gets a ping, as Anthropic's own streams do."""


class ExactResponse(web.StreamResponse):
    """A response with exactly these header fields and no others."""

    def __init__(self, status: int, reason: str | None, headers: HeaderList) -> None:
        super().__init__(status=status, reason=reason or "", headers=CIMultiDict(headers))
        self._given = frozenset(name.lower() for name, _ in headers)

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        for name in ("Date", "Server", "Content-Type"):
            if name.lower() not in self._given:
                self._headers.pop(name, None)


def with_request_id(fields: HeaderList, raw: RawExchange) -> HeaderList:
    """Add X-Request-ID to the fields of an answer: the provider's, or the client's, or the id of the exchange.

    It is the one field that candela adds to an answer.
    """
    if header(fields, _REQUEST_ID) is not None:
        return fields
    return [*fields, (_REQUEST_ID, header(raw.request.headers, _REQUEST_ID) or raw.id)]


def error_response(status: int, message: str) -> web.Response:
    """Return one of candela's own errors, in the form of the Messages API."""
    return web.Response(status=status, body=error_body(status, message), content_type=_JSON)


class TranslatedBody:
    """Writes translated events, and pings while the provider is silent."""

    def __init__(self, response: web.StreamResponse, translation: Translation, raw: RawExchange) -> None:
        self._response = response
        self._translation = translation
        self._raw = raw
        self._writing = False
        self._wrote_at = 0.0

    async def write(self, data: bytes) -> None:
        """Write whole events. Raises ConnectionResetError if the client has disconnected."""
        self._writing = True
        await self._response.write(data)
        self._raw.chunk(data)
        self._writing = False
        self._wrote_at = asyncio.get_running_loop().time()

    async def ping(self) -> None:
        """Send a ping whenever nothing was written for a while, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(max(0.0, self._wrote_at + _IDLE_S - loop.time()) or _IDLE_S)
            if not self._writing and self._translation.ping and loop.time() - self._wrote_at >= _IDLE_S:
                await self.write(self._translation.ping)
