"""The hot path: send a request to the provider, and its answer to the client chunk by chunk as it arrives."""

import asyncio
import logging

from aiohttp import web
from multidict import CIMultiDict

from candela_tui.exchange import Outcome
from candela_tui.network.header_fields import answer_fields
from candela_tui.protocol.errors import ApiError, error_from_body
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.attempts import Attempts, BrokenOff, OpenAnswer
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.proxy.answer_writer import AnswerWriter, Body, TranslatedBody, UntouchedBody, WrittenResponse
from candela_tui.proxy.capture.capture import Capture
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.client_answer import with_own_fields
from candela_tui.proxy.intercept.intercepts import Intercepts
from candela_tui.proxy.trace_context import in_own_span

logger = logging.getLogger(__name__)


class Relay:
    """Relays requests to providers and records them."""

    def __init__(self, attempts: Attempts, capture: Capture, intercepts: Intercepts, *, traces: bool = False) -> None:
        """``traces`` is whether candela sends spans of its own."""
        self._traces = traces
        self._attempts = attempts
        self._capture = capture
        self._intercepts = intercepts
        self.stopping = False
        """Whether candela is shutting down: requests cancelled from then on are interrupted, not cancelled by the
        client."""

    async def relay(
        self, request: web.BaseRequest, client_request: ClientRequest, upstream: Upstream
    ) -> web.StreamResponse:
        """Relay a request and return the provider's answer. ``client_request`` is the same request, read to its end."""
        raw = RawExchange(client_request)
        self._capture.begin(raw)
        try:
            # In front of the rules, which judge what was edited.
            if self._intercepts:
                client_request = await self._intercepts.passed(client_request, raw)
            if self._traces:
                client_request = in_own_span(client_request, raw)
            step = await upstream.attempt(client_request)
            return await self._exchange(request, step, raw)
        except BrokenOff as broken:
            return self._broken_off(request, raw, broken)
        except asyncio.CancelledError:
            raw.ended(Outcome.INTERRUPTED if self.stopping else Outcome.CANCELLED)
            raise
        finally:
            raw.ended(Outcome.CUT, ApiError("cut", "the request could not be relayed"))

    async def _exchange(self, request: web.BaseRequest, step: Attempt | Reply, raw: RawExchange) -> web.StreamResponse:
        answer = await self._attempts.carry_out(step, raw)
        if isinstance(answer, Reply):
            return self._reply(answer, raw)
        try:
            return await self._pass_on(request, answer, raw)
        finally:
            # A complete body has already returned its connection; this closes the connection of an incomplete one.
            answer.close()

    def _reply(self, reply: Reply, raw: RawExchange) -> web.Response:
        headers = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
        raw.answered(reply.status, headers)
        raw.chunk(reply.body)
        raw.repeats = reply.repeats
        if reply.refused_by is not None:
            raw.ended(Outcome.BLOCKED, error_from_body(reply.status, reply.body))
        raw.ended()
        return web.Response(status=reply.status, headers=CIMultiDict(with_own_fields(headers, raw)), body=reply.body)

    async def _pass_on(self, request: web.BaseRequest, answer: OpenAnswer, raw: RawExchange) -> web.StreamResponse:
        translate = answer.attempt.translate
        if translate is None:
            raw.passes_untouched()
            raw.answered(answer.status, answer.headers)
            return await self._written(request, answer, answer_fields(answer.headers), UntouchedBody(answer), raw)
        raw.provider_answered(answer.status, answer.headers)
        translation = translate(answer.status, answer.headers)
        body = TranslatedBody(answer, translation, raw)
        raw.answered(answer.status, translation.headers)
        try:
            return await self._written(request, answer, translation.headers, body, raw)
        finally:
            raw.provider_metrics = translation.metrics

    async def _written(
        self, request: web.BaseRequest, answer: OpenAnswer, fields: HeaderList, body: Body, raw: RawExchange
    ) -> web.StreamResponse:
        try:
            response = await AnswerWriter(request, answer, with_own_fields(fields, raw), body, raw).written()
        except ConnectionResetError:
            raw.ended(Outcome.CANCELLED)
            return WrittenResponse(answer.status, keep_alive=False)
        raw.ended()
        return response

    def _broken_off(self, request: web.BaseRequest, raw: RawExchange, broken: BrokenOff) -> web.StreamResponse:
        """Break off towards the client as the provider did: send the bytes that arrived, but no end."""
        raw.ended(Outcome.CUT if broken.error.type == "cut" else Outcome.ERROR, broken.error)
        logger.warning("%s %s: %s", request.method, raw.url, broken)
        request.protocol.force_close()
        if request.transport is not None:
            request.transport.close()
        return web.Response()
