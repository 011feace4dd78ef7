"""The hot path: one request to the provider, its answer to the client, chunk for chunk as it arrives."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from candela_tui.exchange import Outcome
from candela_tui.network_errors import Fault, described, fault
from candela_tui.protocol.encoding import BadEncoding, Decoder, decode_whole, decoder_for
from candela_tui.protocol.errors import ApiError, Untranslatable, error_body, error_from_body
from candela_tui.protocol.headers import header
from candela_tui.proxy.capture import Capture
from candela_tui.proxy.client_answer import ProviderAnswer, TranslatedBody, error_reply, error_response
from candela_tui.proxy.fields import answer_fields, decoded_pairs, with_request_id
from candela_tui.proxy.head_check import unpassable
from candela_tui.proxy.origins import Origins
from candela_tui.proxy.outgoing import Asked, Attempt, Outgoing, Pairs, Reply, Translation, Upstream
from candela_tui.proxy.routes import Target
from candela_tui.proxy.tap import Tap

_MOST_ERROR_BYTES = 4 * 2**20
_ERROR_BODY_S = 10.0
"""An error's words are not waited for any longer: its status alone tells a client more than silence."""
_ENCODING = "content-encoding"
_LONGEST_HOST = 260
"""A domain name has up to 253 characters (RFC 1035, section 2.3.4), and a port."""
_PEER = "the provider"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

logger = logging.getLogger(__name__)


class _BrokenOff(Exception):
    """The provider broke off, or its answer must not look like a whole one to the client; ``str()`` says how."""

    def __init__(self, why: str, error: ApiError | None = None) -> None:
        super().__init__(why)
        self.error = error or ApiError("cut", why)


def tap_of(request: web.BaseRequest, target: Target, headers: Pairs, body: bytes) -> Tap:
    """A tap that knows the request, for an exchange that begins now."""
    return Tap(
        method=request.method,
        path=target.path,
        route=target.route.name,
        dialect=target.route.dialect,
        provider=target.route.provider,
        headers=headers,
        body=body,
    )


class Relay:
    """Relays requests over one client session, which its owner closes."""

    def __init__(
        self, session: aiohttp.ClientSession, capture: Capture, origins: Origins, notify: Callable[[str], None]
    ) -> None:
        self._session = session
        self._capture = capture
        self._origins = origins
        self._notify = notify
        self.stopping = False
        """candela is leaving: what is cancelled now is interrupted, not cancelled by its client."""

    async def relay(
        self, request: web.BaseRequest, target: Target, upstream: Upstream, headers: Pairs, body: bytes
    ) -> web.StreamResponse:
        """Answer one request with the provider's answer."""
        tap = tap_of(request, target, headers, body)
        self._capture.begin(tap)
        try:
            step = await upstream.attempt(Asked(request.method, target.path, headers, body))
            return await self._exchange(request, step, tap)
        except _BrokenOff as broken:
            return self._broken_off(request, tap, broken)
        except asyncio.CancelledError:
            tap.ended(Outcome.INTERRUPTED if self.stopping else Outcome.CANCELLED)
            raise
        finally:
            tap.ended(Outcome.CUT, ApiError("cut", "the request could not be relayed"))

    async def _exchange(self, request: web.BaseRequest, step: Attempt | Reply, tap: Tap) -> web.StreamResponse:
        while isinstance(step, Attempt):
            origin = self._origins.of(step.request.url)
            if origin.is_candela:
                words = f"{origin.url} is candela's own address: set base_url to the provider's"
                step = error_reply(502, words)
                self._notify(words)
                break
            tap.attempted(step)
            try:
                answer = await self._send(step.request, origin.proxy, tap)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                return self._failed(tap, *self._unreachable(step.request, error))
            try:
                why = unpassable(answer)
                if why is not None:
                    return self._failed(tap, 502, f"{origin.url} answered, but {why}")
                if step.on_error is not None and answer.status in _REDIRECTS:
                    step = self._redirected(step, answer, tap)
                    break
                if answer.status < 400 or step.on_error is None:
                    return await self._pass_on(request, step, answer, tap)
                step = await self._after_error(step, answer, tap)
            finally:
                # A whole body has given its connection back by now; this ends one that was not read to its end.
                answer.close()
        return self._reply(step, tap)

    def _reply(self, reply: Reply, tap: Tap) -> web.Response:
        headers = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
        tap.answered(reply.status, headers)
        tap.chunk(reply.body)
        tap.ended()
        return web.Response(status=reply.status, headers=CIMultiDict(with_request_id(headers, tap)), body=reply.body)

    async def _send(self, outgoing: Outgoing, proxy: str | None, tap: Tap) -> aiohttp.ClientResponse:
        """The answer's head. Raises _BrokenOff, and what aiohttp raises where there is no connection."""
        try:
            return await self._session.request(
                outgoing.method,
                URL(outgoing.url, encoded=True),
                headers=CIMultiDict(outgoing.headers),
                data=outgoing.body or None,
                allow_redirects=False,
                proxy=proxy,
                trace_request_ctx=tap,
            )
        except (aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
            raise _BrokenOff(described(error, _PEER)) from error
        except aiohttp.ClientOSError as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise
            raise _BrokenOff(described(error, _PEER)) from error

    async def _after_error(self, step: Attempt, answer: aiohttp.ClientResponse, tap: Tap) -> Attempt | Reply:
        assert step.on_error is not None
        headers = decoded_pairs(answer.raw_headers)
        tap.provider_answered(answer.status, headers)
        body = await _error_body(answer, tap)
        next_step = await step.on_error(answer.status, *_decoded(headers, body))
        return next_step or Reply(answer.status, answer_fields(headers), body)

    def _redirected(self, step: Attempt, answer: aiohttp.ClientResponse, tap: Tap) -> Reply:
        """The client would follow with its own key, which is for Anthropic, and without candela's credentials."""
        headers = decoded_pairs(answer.raw_headers)
        tap.provider_answered(answer.status, headers)
        words = (
            f"{self._origins.of(step.request.url).url} answered with a redirect{_place(headers)}, which candela"
            " does not follow with your credentials. Check base_url in config.toml, and whether this network wants a"
            " login first."
        )
        logger.warning("%s", words)
        return error_reply(502, words)

    async def _pass_on(
        self, request: web.BaseRequest, step: Attempt, answer: aiohttp.ClientResponse, tap: Tap
    ) -> web.StreamResponse:
        headers = decoded_pairs(answer.raw_headers)
        if step.translate is not None:
            tap.provider_answered(answer.status, headers)
            decoder = _decoder(headers)
            return await self._translated(request, answer, decoder, step.translate(answer.status, headers), tap)
        tap.passes_untouched()
        tap.answered(answer.status, headers)
        response = ProviderAnswer(answer.status, answer.reason, with_request_id(answer_fields(headers), tap))
        try:
            await response.prepare(request)
            while chunk := await _next_chunk(answer):
                await response.write(chunk)
                tap.chunk(chunk)
            await response.write_eof()
        except ConnectionResetError:
            tap.ended(Outcome.CANCELLED)
        else:
            tap.ended()
        return response

    async def _translated(
        self,
        request: web.BaseRequest,
        answer: aiohttp.ClientResponse,
        decoder: Decoder,
        translation: Translation,
        tap: Tap,
    ) -> web.StreamResponse:
        tap.answered(answer.status, translation.headers)
        response = ProviderAnswer(answer.status, answer.reason, with_request_id(translation.headers, tap))
        body = TranslatedBody(response, translation, tap)
        pinging: asyncio.Task[None] | None = None
        try:
            await response.prepare(request)
            pinging = asyncio.create_task(body.ping(), name="ping")
            while chunk := await _next_chunk(answer):
                tap.received(chunk)
                if out := translation.feed(decoder.feed(chunk)):
                    await body.write(out)
                if translation.over:
                    break
            else:
                if out := translation.feed(decoder.finish()):
                    await body.write(out)
            if out := translation.finish():
                await body.write(out)
            await response.write_eof()
        except ConnectionResetError:
            tap.ended(Outcome.CANCELLED)
        except BadEncoding as error:
            raise _BrokenOff(_not_encoded_so(error)) from error
        except Untranslatable as error:
            raise _BrokenOff(str(error), error.error) from error
        else:
            tap.ended()
        finally:
            tap.provider_metrics = translation.metrics
            if pinging is not None:
                pinging.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await pinging
        return response

    def _broken_off(self, request: web.BaseRequest, tap: Tap, broken: _BrokenOff) -> web.StreamResponse:
        """Break off towards the client as the provider did: what has come is sent, and no end follows it."""
        tap.ended(Outcome.CUT if broken.error.type == "cut" else Outcome.ERROR, broken.error)
        logger.warning("%s %s: %s", request.method, tap.url, broken)
        request.protocol.force_close()
        if request.transport is not None:
            request.transport.close()
        return web.Response()

    def _unreachable(self, outgoing: Outgoing, error: Exception) -> tuple[int, str]:
        """Status and words for a provider that gave no answer."""
        place, why = self._origins.of(outgoing.url).url, described(error)
        match fault(error):
            case Fault.ANSWER:
                return 502, f"{place} answered, but {why}. Check base_url in config.toml."
            case Fault.CERTIFICATE | Fault.DESCRIPTORS as found:
                return 502 if found is Fault.CERTIFICATE else 503, f"candela could not reach {place}: {why}."
            case found:
                status = 504 if found is Fault.TIME_LIMIT else 502
                advice = "Check the network, base_url in config.toml, and proxies."
                return status, f"candela could not reach {place}: {why}. {advice}"

    def _failed(self, tap: Tap, status: int, words: str) -> web.Response:
        """An error in the place of the provider's answer."""
        response = error_response(status, words)
        response.headers.update(with_request_id([], tap))
        body = error_body(status, words)
        tap.answered(status, [("Content-Type", "application/json")])
        tap.chunk(body)
        tap.ended(Outcome.ERROR, error_from_body(status, body))
        logger.warning("%s", words)
        return response


async def _next_chunk(answer: aiohttp.ClientResponse) -> bytes:
    """The next bytes of the body; empty at its end. Raises _BrokenOff."""
    try:
        return await answer.content.readany()
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        raise _BrokenOff(described(error, _PEER)) from error


async def _error_body(answer: aiohttp.ClientResponse, tap: Tap) -> bytes:
    """What comes of it within limits of size and time."""
    body = bytearray()
    with contextlib.suppress(_BrokenOff, TimeoutError):
        async with asyncio.timeout(_ERROR_BODY_S):
            while len(body) < _MOST_ERROR_BYTES and (part := await _next_chunk(answer)):
                tap.received(part)
                body += part
    return bytes(body)


def _place(headers: Pairs) -> str:
    """Where a redirect leads: scheme and host alone, as user, path, query and fragment may hold a secret."""
    try:
        place = urlsplit(header(headers, "location") or "")
    except ValueError:
        return ""
    host = place.netloc.rpartition("@")[2]
    known = place.scheme in ("http", "https") and host.isprintable() and 0 < len(host) <= _LONGEST_HOST
    return f" to {place.scheme}://{host}" if known else ""


def _decoded(headers: Pairs, body: bytes) -> tuple[Pairs, bytes]:
    """Without its Content-Encoding, which some gateways use unasked; as it is where that does not fit."""
    try:
        body = decode_whole(header(headers, _ENCODING) or "", body)
    except BadEncoding:
        return headers, body
    return [(name, value) for name, value in headers if name.lower() != _ENCODING], body


def _decoder(headers: Pairs) -> Decoder:
    """Raises _BrokenOff."""
    try:
        return decoder_for(header(headers, _ENCODING) or "")
    except BadEncoding as error:
        raise _BrokenOff(_not_encoded_so(error)) from error


def _not_encoded_so(error: BadEncoding) -> str:
    return f"the Content-Encoding of the provider's answer does not fit: {error}"
