"""Requests for a provider: find the route, check the key, read the body, and relay or refuse."""

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web
from multidict import CIMultiDict

from candela_tui.config import Settings
from candela_tui.exchange import Outcome
from candela_tui.network.head_check import coded
from candela_tui.protocol.errors import ApiError, error_type
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.identity import RouteName
from candela_tui.providers.replies import error_for
from candela_tui.providers.upstream import ClientRequest, Named, Upstream
from candela_tui.proxy.access.client_connection import NamedHost
from candela_tui.proxy.access.key_gate import KeyGate, KeyRefusal
from candela_tui.proxy.access.parallel import ParallelRequests, parallel_words
from candela_tui.proxy.access.refusal_notices import RefusalNotices
from candela_tui.proxy.capture.capture import Capture
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.client_answer import error_response, reply_response, with_own_fields
from candela_tui.proxy.named_session import named_session
from candela_tui.proxy.relay import Relay
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.proxy.routes import BELOW_V1, Routes


class ModelRequests:
    """Answers requests for a provider, which passed the guard."""

    def __init__(
        self,
        settings: Settings,
        routes: Routes,
        gate: KeyGate,
        upstreams: Mapping[RouteName, Upstream],
        relay: Relay,
        capture: Capture,
        refused_notices: RefusalNotices,
        parallel: ParallelRequests,
    ) -> None:
        """``upstreams`` has what a new request on each route gets."""
        self._most_mb = settings.proxy.max_body_mb
        self._session_header = settings.sessions.header
        self._routes = routes
        self._gate = gate
        self._upstreams = upstreams
        self._relay = relay
        self._capture = capture
        self._refused_notices = refused_notices
        self._parallel = parallel

    async def answer(
        self, request: web.BaseRequest, target: str, headers: HeaderList, *, from_beyond: bool
    ) -> web.StreamResponse:
        """Answer by the route of a target. ``from_beyond``: the connection is not from this machine."""
        found = self._routes.resolve(target)
        if found is None:
            words = f"candela has no route for {request.path}; there is {', '.join(self._routes.names)}"
            if target.startswith(BELOW_V1):
                words += ". A client that adds no /v1 needs a base URL that ends in /v1"
            return error_response(404, words)
        route, path = found
        asked = ClientRequest(request.method, path, headers, b"", route)
        return await self._admitted(request, asked, from_beyond=from_beyond)

    async def answer_named(
        self, request: web.BaseRequest, target: str, headers: HeaderList, named: NamedHost
    ) -> web.StreamResponse:
        """Answer a request to a host that candela stands in for."""
        host = named.host
        asked = ClientRequest(
            request.method,
            host.path(target),
            headers,
            b"",
            host.route,
            arrival=named.arrival,
            named=Named(host.name, target),
        )
        return await self._admitted(request, asked, from_beyond=False)

    async def _admitted(
        self, request: web.BaseRequest, asked: ClientRequest, *, from_beyond: bool
    ) -> web.StreamResponse:
        key = await self._gate.admit(asked, from_beyond=from_beyond)
        if isinstance(key, KeyRefusal):
            return self._refused(replace(asked, key=key.key), key)
        if key is None:
            return await self._relayed(request, asked)
        asked = replace(asked, key=key)
        async with self._parallel.one(key) as free:
            if not free:
                return self._blocked(asked, 429, parallel_words(key), "parallel_limit_exceeded", [("retry-after", "1")])
            return await self._relayed(request, asked)

    async def _relayed(self, request: web.BaseRequest, asked: ClientRequest) -> web.StreamResponse:
        if coded(asked.headers):
            words = "the request has a transfer coding other than chunked, which candela does not undo"
            return self._blocked(asked, 501, words)
        try:
            body = await read_body(request, self._most_mb * 1024 * 1024)
        except BodyTooLarge:
            words = f"the request body is larger than the {self._most_mb} MiB that [proxy] max_body_mb allows"
            return self._blocked(asked, 413, words)
        session = named_session(asked.headers, self._session_header)
        asked = replace(asked, body=body, session=session)
        return await self._relay.relay(request, asked, self._upstreams[asked.route.name])

    def _refused(self, asked: ClientRequest, refusal: KeyRefusal) -> web.Response:
        """Refuse a request by its key. It is recorded if the key is known: others could fill the store."""
        if refusal.key is not None:
            return self._blocked(asked, refusal.status, refusal.words, refusal.code)
        self._refused_notices.tell(refusal.words)
        response = reply_response(error_for(asked, refusal.status, refusal.words, code=refusal.code))
        response.force_close()
        return response

    def _blocked(
        self,
        asked: ClientRequest,
        status: int,
        words: str,
        code: str | None = None,
        fields: HeaderList | None = None,
    ) -> web.Response:
        """Refuse a request without reading its body, or what is left of it. ``fields`` are header fields beside the
        usual ones."""
        raw = RawExchange(asked)
        raw.answered(status, [])
        raw.ended(Outcome.BLOCKED, ApiError(error_type(status), words))
        self._capture.begin(raw)
        reply = error_for(asked, status, words, code=code)
        headers = CIMultiDict(with_own_fields([*reply.headers, *(fields or ())], raw))
        response = web.Response(status=reply.status, headers=headers, body=reply.body)
        response.force_close()
        return response
