"""Pass on plain HTTP requests that name their whole URL, as to an HTTP proxy. They are not recorded.

Claude Code sends such requests, for example to an MCP server without TLS, if candela is its HTTPS_PROXY and there is no
HTTP_PROXY.
"""

from aiohttp import web

from candela_tui.network.header_fields import answer_fields, request_fields
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.attempts import Attempts, BrokenOff
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply
from candela_tui.proxy.access.guard import loopback
from candela_tui.proxy.access.request_target import authority, origin_form
from candela_tui.proxy.answer_writer import AnswerWriter, UntouchedBody, WrittenResponse
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.client_answer import refused
from candela_tui.proxy.request_body import BodyTooLarge, read_body

_PLAIN = "http://"


def is_forwarded(raw_path: str) -> bool:
    """Return whether a request target is a URL of another machine."""
    named = authority(raw_path)
    return named is not None and not loopback(named)


class Forwarding:
    """Sends requests on to the URL that they name."""

    def __init__(self, attempts: Attempts, limit: int) -> None:
        """``limit`` is the largest body, in bytes."""
        self._attempts = attempts
        self._limit = limit

    async def answer(self, request: web.BaseRequest, headers: HeaderList) -> web.StreamResponse:
        """Return the answer of the host in the request's URL."""
        url = request.raw_path
        if not url.lower().startswith(_PLAIN):
            return refused(request, 501, "candela passes on URLs with http:// only; for https:// it takes CONNECT")
        try:
            body = await read_body(request, self._limit)
        except BodyTooLarge:
            return refused(request, 413, "the request body is larger than [proxy] max_body_mb allows")
        url = f"{_PLAIN}{authority(url)}{origin_form(url)}"
        sent = Attempt(request=ProviderRequest(request.method, url, request_fields(headers), body))
        try:
            answer = await self._attempts.carry_out(sent)
            if isinstance(answer, Reply):
                return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))
            # It notes the bytes as for any answer, and nobody reads it.
            unread = RawExchange(ClientRequest(request.method, request.path, headers, body))
            try:
                fields = answer_fields(answer.headers)
                return await AnswerWriter(request, answer, fields, UntouchedBody(answer), unread).written()
            except ConnectionResetError:
                return WrittenResponse(answer.status, keep_alive=False)
            finally:
                answer.close()
        except BrokenOff:
            request.protocol.force_close()
            if request.transport is not None:
                request.transport.close()
            return web.Response()
