"""Answers to the client: with the provider's own header fields, or candela's own errors."""

import asyncio

from aiohttp import web
from multidict import CIMultiDict

from candela_tui.protocol.errors import ErrorAnswer, error_answer, error_body
from candela_tui.proxy.outgoing import Pairs, Reply, Translation
from candela_tui.proxy.tap import Tap

_JSON = "application/json"
_IDLE_S = 10.0
"""A stream that is silent for so long gets a ping, as Anthropic's own streams do."""


class ProviderAnswer(web.StreamResponse):
    """A response with exactly these header fields and no others."""

    def __init__(self, status: int, reason: str | None, headers: Pairs) -> None:
        super().__init__(status=status, reason=reason or "", headers=CIMultiDict(headers))
        self._given = frozenset(name.lower() for name, _ in headers)

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        for name in ("Date", "Server", "Content-Type"):
            if name.lower() not in self._given:
                self._headers.pop(name, None)


def error_reply(status: int, message: str) -> Reply:
    """An error of candela's own, in the form of the Messages API."""
    return reply(error_answer(status, message))


def reply(answer: ErrorAnswer) -> Reply:
    """An error in the form of the Messages API, as the relay takes it."""
    return Reply(answer.status, answer.headers, answer.body)


def error_response(status: int, message: str) -> web.Response:
    """The same, ready to be returned."""
    return web.Response(status=status, body=error_body(status, message), content_type=_JSON)


class TranslatedBody:
    """Writes what a translation gives, and pings while the provider is silent."""

    def __init__(self, response: web.StreamResponse, translation: Translation, tap: Tap) -> None:
        self._response = response
        self._translation = translation
        self._tap = tap
        self._writing = False
        self._wrote_at = 0.0

    async def write(self, data: bytes) -> None:
        """Write whole events. Raises ConnectionResetError where the client is gone."""
        self._writing = True
        await self._response.write(data)
        self._tap.chunk(data)
        self._writing = False
        self._wrote_at = asyncio.get_running_loop().time()

    async def ping(self) -> None:
        """Ping whenever nothing was written for a while, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(max(0.0, self._wrote_at + _IDLE_S - loop.time()) or _IDLE_S)
            if not self._writing and self._translation.ping and loop.time() - self._wrote_at >= _IDLE_S:
                await self.write(self._translation.ping)
