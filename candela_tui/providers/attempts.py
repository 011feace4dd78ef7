"""Carry out attempts: send each request to its provider and decide what to do with the response.

The relay, the doctor, the sign-in checks and the lists of models all use this module, so they agree on what is an
error: an unreachable provider, a redirect, a response that can't be passed on.
"""

import contextlib
from asyncio import Timeout, get_running_loop, timeout, timeout_at
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from candela_tui.network.errors import Fault, described, fault
from candela_tui.network.head_check import unpassable
from candela_tui.network.header_fields import answer_fields
from candela_tui.network.origins import Origins
from candela_tui.network.provider_client import ProviderClient
from candela_tui.network.provider_response import ProviderResponse
from candela_tui.protocol.encoding import BadEncoding, Decoder, decode_whole, decoder_for
from candela_tui.protocol.errors import (
    REDIRECTS,
    ApiError,
    Untranslatable,
    error_answer,
    error_from_body,
    error_type,
    status_of,
)
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.first_event import FirstEvent
from candela_tui.providers.replies import error_reply, reply
from candela_tui.providers.translations import Untouched
from candela_tui.providers.upstream import Attempt, Failure, ProviderRequest, Reply, Translation, Trial
from candela_tui.text.terminal_safe import is_terminal_safe

_MOST_BYTES = 4 * 2**20
"""The most bytes to read of an error body or a response that is read whole. Lists of models have about 100 KB."""
_ERROR_BODY_S = 10.0
"""How long to wait for an error body. After that, the status alone is more useful to the client than silence."""
_UNTIL_CONTENT_S = 1.0
"""How long a message that has begun is held until its first content, where another provider may be asked instead."""
_LONGEST_HOST = 260
"""The longest host to show: a domain name of up to 253 characters (RFC 1035, section 2.3.4) and a port."""
_ENCODING = "content-encoding"
_PEER = "the provider"


class BrokenOff(Exception):
    """The provider's response ended early, or must not look complete to the client. ``str()`` says what happened."""

    def __init__(self, why: str, error: ApiError | None = None) -> None:
        super().__init__(why)
        self.error = error or ApiError("cut", why)


_BODY_ERRORS = (aiohttp.ClientError, HttpProcessingError, ConnectionError, TimeoutError)
"""What reading the body of a response raises."""


def _broken_off(error: BaseException) -> BrokenOff:
    """Return the BrokenOff for one of _BODY_ERRORS."""
    return BrokenOff(described(error, _PEER))


class Observer(Protocol):
    """Callbacks for each step of carrying out attempts. The methods must neither block nor raise."""

    def connected(self) -> None:
        """Called when a connection to the provider is open."""

    def attempted(self, attempt: Attempt) -> None:
        """Called when an attempt is about to be sent."""

    def sent(self) -> None:
        """Called when the connection has the request's bytes."""

    def provider_answered(self, status: int, headers: HeaderList) -> None:
        """Called with the status and headers of a response that is not passed on to the client unchanged."""

    def received(self, data: bytes) -> None:
        """Called with each chunk of the body of such a response."""

    def failed(self, failure: Failure) -> None:
        """Called when an attempt failed that another provider may take over from."""

    def returned_to(self, attempt: Attempt) -> None:
        """Called when the client gets the failure of an earlier attempt."""


class _Nobody:
    def connected(self) -> None: ...
    def attempted(self, attempt: Attempt) -> None: ...
    def sent(self) -> None: ...
    def provider_answered(self, status: int, headers: HeaderList) -> None: ...
    def received(self, data: bytes) -> None: ...
    def failed(self, failure: Failure) -> None: ...
    def returned_to(self, attempt: Attempt) -> None: ...


_NOBODY = _Nobody()


class OpenAnswer:
    """A provider's response that will be passed on to the client. The caller reads its body and closes it."""

    __slots__ = ("_beginning", "_response", "attempt", "headers", "reason", "status")

    def __init__(self, attempt: Attempt, response: ProviderResponse) -> None:
        self._beginning = b""
        self.attempt = attempt
        self._response = response
        self.status = response.status
        self.reason = response.reason
        self.headers = response.fields

    async def next_chunk(self) -> bytes:
        """Return the next bytes of the body, still encoded, or empty bytes at its end. Raises BrokenOff."""
        if self._beginning:
            return self.take()
        try:
            return await self._response.read()
        except _BODY_ERRORS as error:
            raise _broken_off(error) from error

    @property
    def headed_at(self) -> float:
        """When the head arrived, by ``perf_counter``."""
        return self._response.headed_at

    @property
    def arrived_at(self) -> float | None:
        """When the oldest bytes arrived that ``take`` would return, by ``perf_counter``. None if they waited for
        something else than this read, as those of an error that was judged first."""
        return None if self._beginning else self._response.arrived_at

    def take(self) -> bytes:
        """Return the bytes of the body that have arrived since the last call."""
        beginning, self._beginning = self._beginning, b""
        return beginning + self._response.read_nowait() if beginning else self._response.read_nowait()

    def put_back(self, beginning: bytes) -> None:
        """Let the body begin with bytes that were already read."""
        self._beginning = beginning

    @property
    def has_arrived(self) -> bool:
        """Whether all of the body was returned."""
        return not self._beginning and self._response.has_arrived

    @property
    def broken_off(self) -> BrokenOff | None:
        """Why no more of the body will come."""
        return _broken_off(self._response.failure) if self._response.failure is not None else None

    def on_progress(self, call: Callable[[], None]) -> None:
        """Call back in each step in which more of the body arrived, or it broke off."""
        self._response.on_progress = call

    def decoder(self) -> Decoder:
        """Return a decoder for the body's Content-Encoding. Raises BrokenOff."""
        try:
            return decoder_for(header(self.headers, _ENCODING) or "")
        except BadEncoding as error:
            raise BrokenOff(not_encoded_so(error)) from error

    def close(self) -> None:
        """Close the connection if the body was not read to its end. Otherwise the connection was already released."""
        self._response.close()


class Attempts:
    """Sends attempts with one client, which the caller closes."""

    def __init__(
        self,
        client: ProviderClient,
        origins: Origins,
        *,
        notify: Callable[[str], None] = lambda _: None,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``log`` receives a message for each failure. ``notify`` receives those that the user must fix before any
        request can work: base_url is candela's own address."""
        self._client = client
        self._origins = origins
        self._notify = notify
        self._log = log

    async def carry_out(self, step: Attempt | Reply, observer: Observer = _NOBODY) -> OpenAnswer | Reply:
        """Send attempts until there is a response for the client, from the provider or from candela, and return it.

        A failure is a Reply that names the URL and what to do. Raises BrokenOff if the provider accepted the request
        and closed the connection before responding.
        """
        following: Attempt | Reply | OpenAnswer = step
        while isinstance(following, Attempt):
            trial = following.trial
            if trial is None:
                following = await self._carried_out(following, observer)
            else:
                following = await self._tried(following, trial, observer)
        return following

    async def _carried_out(self, step: Attempt, observer: Observer) -> Attempt | Reply | OpenAnswer:
        """Send one attempt, and return what comes of it. Raises BrokenOff."""
        origin = self._origins.of(step.request.url)
        if origin.is_candela:
            words = f"{origin.url} is candela's own address: set base_url to the provider's"
            self._notify(words)
            return _for_client(step, error_reply(502, words))
        observer.attempted(step)
        try:
            response = await self._send(step.request, origin.proxy, observer)
        except (aiohttp.ClientError, HttpProcessingError, TimeoutError, ValueError) as error:
            return _for_client(step, self._failed(*_unreachable(origin.url, error)))
        answer = OpenAnswer(step, response)
        try:
            following = await self._judged(answer, origin.url, observer)
        except BaseException:
            answer.close()
            raise
        if following is None:
            return answer
        answer.close()
        return following

    async def _tried(self, step: Attempt, trial: Trial, observer: Observer) -> Attempt | Reply | OpenAnswer:
        """Carry out an attempt that another provider may take over from. Raises BrokenOff."""
        result: Attempt | Reply | OpenAnswer | None = None
        try:
            async with timeout(trial.timeout_s) as limit:
                result = await self._carried_out(step, observer)
                if isinstance(result, Attempt):
                    return result
                failure = await _failure(step, result, trial, limit)
        except TimeoutError:
            _close(result)
            words = f"the answer did not begin within {trial.timeout_s:g} s"
            failure = _own_failure(step, 504, words, self._failed(504, words))
        except BrokenOff as broken:
            _close(result)
            failure = _own_failure(step, 502, str(broken), broken)
        except BaseException:
            _close(result)
            raise
        if failure is None:
            assert result is not None
            trial.passed()
            return result
        observer.failed(failure)
        following = await trial.after(failure)
        if following is failure and isinstance(result, OpenAnswer) and not isinstance(failure.answer, BrokenOff):
            return result
        _close(result)
        if not isinstance(following, Failure):
            return following
        observer.returned_to(following.attempt)
        if isinstance(following.answer, Exception):
            raise following.answer
        return following.answer

    async def fetch(self, step: Attempt | Reply) -> Reply:
        """Carry out attempts and return the whole response that a client would get, with the body up to a size limit.

        If the provider breaks off, that is an error Reply too."""
        try:
            answer = await self.carry_out(step)
            if isinstance(answer, Reply):
                return answer
            try:
                return await _whole(answer)
            finally:
                answer.close()
        except BrokenOff as broken:
            return error_reply(502, str(broken))

    async def _send(self, request: ProviderRequest, proxy: str | None, observer: Observer) -> ProviderResponse:
        """Send a request and return the response once its headers arrive. Raises BrokenOff, and the client's own errors
        if there is no connection."""
        try:
            return await self._client.send(
                request.method,
                request.url,
                request.headers,
                request.body,
                proxy=proxy,
                on_connected=observer.connected,
                on_sent=observer.sent,
            )
        except (aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
            raise _broken_off(error) from error
        except aiohttp.ClientOSError as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise
            raise _broken_off(error) from error

    async def _judged(self, answer: OpenAnswer, place: str, observer: Observer) -> Attempt | Reply | None:
        """Return what replaces a response, or None if the client gets the response itself."""
        why = unpassable(answer.status, answer.reason, answer.headers)
        if why is not None:
            return _for_client(answer.attempt, self._failed(502, f"{place} answered, but {why}"))
        if answer.attempt.own_credentials and answer.status in REDIRECTS:
            observer.provider_answered(answer.status, answer.headers)
            return _for_client(answer.attempt, self._failed(502, _redirect_words(place, answer.headers)))
        if answer.status < 300 and answer.attempt.on_accepted is not None:
            answer.attempt.on_accepted()
        if answer.status < 400 and answer.attempt.translate is not None:
            try:
                answer.decoder()
            except BrokenOff as broken:
                observer.provider_answered(answer.status, answer.headers)
                return _for_client(answer.attempt, self._failed(502, f"{place} answered, but {broken}"))
        if answer.status < 400 or answer.attempt.on_error is None:
            return None
        observer.provider_answered(answer.status, answer.headers)
        body = await _error_body(answer, observer)
        following = await answer.attempt.on_error(answer.status, *_decoded(answer.headers, body))
        if following is None and answer.attempt.translate is None:
            answer.put_back(body)
            return None
        return following or Reply(answer.status, answer_fields(answer.headers), body)

    def _failed(self, status: int, words: str) -> Reply:
        self._log(words)
        return error_reply(status, words)


async def _failure(step: Attempt, result: Reply | OpenAnswer, trial: Trial, limit: Timeout) -> Failure | None:
    """Return why another provider is asked instead, or None if the client gets the result. Raises BrokenOff.

    The beginning of the body that is read for this is put back. ``limit`` is the trial's time."""
    if isinstance(result, Reply):
        if result.status < 400 or not trial.concerns(result.status):
            return None
        return Failure(step, result.status, error_from_body(result.status, result.body), result)
    if result.status < 400:
        return await _failure_in_stream(step, result, trial, limit) if trial.holds else None
    if not trial.concerns(result.status):
        return None
    body = await _error_body(result, _NOBODY)
    result.put_back(body)
    _, decoded = _decoded(result.headers, body)
    reply = Reply(result.status, answer_fields(result.headers), body)
    return Failure(step, result.status, error_from_body(result.status, decoded), reply)


async def _failure_in_stream(step: Attempt, answer: OpenAnswer, trial: Trial, limit: Timeout) -> Failure | None:
    """Return the failure that a stream states in place of content, or None. Raises BrokenOff if it ends before."""
    first = FirstEvent(answer.status, answer.headers)
    beginning = b""
    until: float | None = None
    while not first.known:
        try:
            async with timeout_at(until):
                chunk = await answer.next_chunk()
        except TimeoutError:
            break
        if not chunk:
            raise BrokenOff("the provider ended its answer before any content")
        beginning += chunk
        first.feed(chunk)
        if first.message_began and until is None:
            # It has answered in time. What it answers may take longer.
            limit.reschedule(None)
            until = get_running_loop().time() + _UNTIL_CONTENT_S
    answer.put_back(beginning)
    error = first.error
    if error is None or not trial.concerns(status := status_of(error)):
        return None
    return Failure(step, status, error, _for_client(step, reply(error_answer(status, error.message))))


def _own_failure(step: Attempt, status: int, words: str, answer: Reply | Exception) -> Failure:
    """Return a failure that the provider did not state. A reply gets the client's format."""
    reply = _for_client(step, answer) if isinstance(answer, Reply) else answer
    return Failure(step, status, ApiError(error_type(status), words), reply)


def _close(result: Attempt | Reply | OpenAnswer | None) -> None:
    if isinstance(result, OpenAnswer):
        result.close()


def _for_client(attempt: Attempt, failure: Reply) -> Reply:
    """Return candela's own error in the client's format."""
    return attempt.on_failure(failure) if attempt.on_failure is not None else failure


def not_encoded_so(error: BadEncoding) -> str:
    """Return the message for a response whose Content-Encoding is wrong."""
    return f"the Content-Encoding of the provider's answer does not fit: {error}"


def _unreachable(place: str, error: Exception) -> tuple[int, str]:
    """Return the status and message for a provider that gave no usable response."""
    why = described(error)
    match fault(error):
        case Fault.ANSWER:
            return 502, f"{place} answered, but {why}. Check base_url in config.toml."
        case Fault.CERTIFICATE | Fault.DESCRIPTORS as found:
            return 502 if found is Fault.CERTIFICATE else 503, f"candela could not reach {place}: {why}."
        case found:
            status = 504 if found is Fault.TIME_LIMIT else 502
            advice = "Check the network, base_url in config.toml, and proxies."
            return status, f"candela could not reach {place}: {why}. {advice}"


def _redirect_words(place: str, headers: HeaderList) -> str:
    """Return the message for a redirect. It is not passed on: the client would follow it with its own Anthropic key and
    without candela's credentials."""
    target = redirect_target(header(headers, "location") or "")
    to = f" to {target}" if target else ""
    return (
        f"{place} answered with a redirect{to}, which candela does not follow with your credentials."
        " Check base_url in config.toml, and whether this network wants a login first."
    )


def redirect_target(location: str) -> str | None:
    """Return the target of a redirect as scheme and host only: user, path, query and fragment may contain a secret.

    None if the ``Location`` names no host, or one that can't be shown.
    """
    try:
        place = urlsplit(location)
    except ValueError:
        return None
    host = place.netloc.rpartition("@")[2]
    known = place.scheme in ("http", "https") and is_terminal_safe(host) and 0 < len(host) <= _LONGEST_HOST
    return f"{place.scheme}://{host}" if known else None


async def _error_body(answer: OpenAnswer, observer: Observer) -> bytes:
    """Return as much of an error body as arrives within the limits of size and time."""
    body = bytearray()
    with contextlib.suppress(BrokenOff, TimeoutError):
        async with timeout(_ERROR_BODY_S):
            while len(body) < _MOST_BYTES and (part := await answer.next_chunk()):
                observer.received(part)
                body += part
    return bytes(body)


def _decoded(headers: HeaderList, body: bytes) -> tuple[HeaderList, bytes]:
    """Decode the Content-Encoding, which some gateways use without being asked. A body that can't be decoded is
    returned unchanged."""
    try:
        body = decode_whole(header(headers, _ENCODING) or "", body)
    except BadEncoding:
        return headers, body
    return [(name, value) for name, value in headers if name.lower() != _ENCODING], body


async def _whole(answer: OpenAnswer) -> Reply:
    """Read a response as the client would get it, translated and decoded. Raises BrokenOff."""
    decoder, translate = answer.decoder(), answer.attempt.translate
    translation: Translation = translate(answer.status, answer.headers) if translate else Untouched(answer.headers)
    body = bytearray()
    try:
        while len(body) < _MOST_BYTES and not translation.over and (chunk := await answer.next_chunk()):
            body += translation.feed(decoder.feed(chunk))
        body += translation.feed(decoder.finish()) + translation.finish()
    except BadEncoding as error:
        raise BrokenOff(not_encoded_so(error)) from error
    except Untranslatable as error:
        raise BrokenOff(str(error), error.error) from error
    return Reply(answer.status, translation.headers, bytes(body))
