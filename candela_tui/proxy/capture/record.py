"""The record of one live exchange as it grows: the raw exchange, decoded into snapshots."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from candela_tui.analysis.costs import with_client_cost
from candela_tui.analysis.limits import extra_usage
from candela_tui.analysis.served import Asked
from candela_tui.exchange import Delegation, Exchange, Kept, Marks, Outcome, Recording, with_changes
from candela_tui.exchange.arrival import arrived, dialect_of
from candela_tui.pricing import FREE, Pricer
from candela_tui.protocol.answer_decoder import AnswerDecoder, MessageFold
from candela_tui.protocol.cache_control import LIFETIMES, asked_lifetimes
from candela_tui.protocol.claude_code.session_clues import first_user_text, title_in_answer
from candela_tui.protocol.encoding import BadEncoding, Decoder, answer_decoder_for, decode_in_steps
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.gateways import Gateway, from_provider, gateway_of
from candela_tui.protocol.headers import header, rate_limits, request_id
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.message_digests import (
    answered_digest,
    last_turn_digest,
    message_digests,
    said_in,
    sent_back_answer,
)
from candela_tui.protocol.parsed_request import ParsedRequest, parse_request
from candela_tui.protocol.request import MessagesRequest
from candela_tui.protocol.rule_action import chose_model
from candela_tui.protocol.service_tiers import tier_in
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import Dialect, Provider
from candela_tui.providers.upstream import Attempt
from candela_tui.proxy.capture.billing import billed, served_by
from candela_tui.proxy.capture.conversations import Conversations, Origins
from candela_tui.proxy.capture.delegations import called_tools, delegates, delegation_of
from candela_tui.proxy.capture.growth import GrowthCursor
from candela_tui.proxy.capture.outcome import ending, unread
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.capture.retry_forms import RetryForms
from candela_tui.redaction import redact_headers, redact_text, redact_url
from candela_tui.rules.reading import known_parsed
from candela_tui.sinks.sink import Growth

_CHUNKS_A_STEP = 16
_MOST_TEXT = 2**20
"""Characters of an answer that are kept, to read titles and tool calls from."""
_OAUTH_TOKEN = "bearer sk-ant-oat"  # noqa: S105 - the public prefix of Claude's OAuth access tokens


class ExchangeRecord:
    """Follows one raw exchange. ``exchange`` is the newest snapshot."""

    __slots__ = (
        "_answer",
        "_asked",
        "_attempt",
        "_body",
        "_conversation",
        "_delegations",
        "_encoding",
        "_first_token_ms",
        "_folded",
        "_gateway",
        "_growth",
        "_headed",
        "_lifetimes",
        "_oauth",
        "_origins",
        "_shown",
        "_tier",
        "_tier_asked",
        "_told",
        "_trouble",
        "_undecoded",
        "_unread",
        "exchange",
        "failed",
        "grown_at",
        "notice",
        "raw",
        "request",
    )

    def __init__(self, raw: RawExchange, kept: Kept = Kept.FULL) -> None:
        self.raw = raw
        self.exchange = Exchange(
            id=raw.id,
            started_at=raw.started_at,
            method=raw.request.method,
            path=redact_url(raw.request.resource),
            route=raw.request.route.name,
            dialect=dialect_of(raw.request),
            provider=raw.request.route.provider,
            url=redact_url(raw.url),
            request_bytes=raw.spilled.own_size if raw.spilled is not None else len(raw.recording.request),
            kept=kept,
            replayed=raw.replays,
            pid=os.getpid(),
            arrival=raw.request.arrival,
        )
        self.request: MessagesRequest | None = None
        self.failed = False
        """Whether decoding raised an error, so that nothing more is decoded."""
        self.notice: str | None = None
        """A notice for the user about this exchange."""
        self.grown_at = time.monotonic()
        self._body = raw.recording.request
        """The request's body, without its Content-Encoding once ``decode_on`` has finished."""
        self._undecoded = self._decoding()
        self._asked: Asked | None = None
        self._attempt: Attempt | None = None
        """The newest attempt that ``exchange`` includes."""
        self._answer: AnswerDecoder | None = None
        self._conversation = b""
        """The digest of the main agent's messages; empty until they are read, and for other requests."""
        self._origins: Origins | None = None
        self._delegations: dict[int, Delegation | None] = {}
        """Tasks by the index of the block that delegates them: each is read once."""
        self._encoding: Decoder | None = None
        """None before the answer begins, and when it can't be decoded."""
        self._trouble: BadEncoding | None = None
        """The reason why the answer can't be decoded, or not to its end."""
        self._first_token_ms: float | None = None
        self._folded = 0
        self._gateway: Gateway | None = None
        self._headed = False
        self._told = 0
        """Bytes of the client's answer that the sinks have received."""
        self._shown = 0
        """The number of chunks in the newest snapshot."""
        self._oauth = False
        self._tier: str | None = None
        """The service tier by the cloud's header field."""
        self._tier_asked = tier_in(raw.request.headers)
        self._growth = GrowthCursor(raw)
        self._lifetimes: set[str] = set()
        self._unread: Iterator[None] | None = None

    @property
    def undecoded(self) -> bool:
        """Whether a part of the request's Content-Encoding is left for ``decode_on``."""
        return self._undecoded is not None

    def decode_on(self) -> None:
        """Decode the next part of the request."""
        if self._undecoded is not None and next(self._undecoded, self) is self:
            self._undecoded = None

    def _decoding(self) -> Iterator[None] | None:
        encoding = header(self.raw.request.headers, "content-encoding")
        return self._decoded(encoding) if encoding and self._body else None

    def _decoded(self, encoding: str) -> Iterator[None]:
        parts: list[bytes] = []
        try:
            for part in decode_in_steps(encoding, self._body):
                parts.append(part)
                yield
        except BadEncoding:
            # The provider will refuse it; what it requests is not known.
            return
        self._body = b"".join(parts)

    def read_request(self) -> None:
        """Read the request: the client, session and agent, and what is requested."""
        raw = self.raw
        call = known_parsed(raw.request) or parse_request(
            self.exchange.dialect, raw.request.method, raw.request.resource, self._body
        )
        request = self.request = call.request
        authorization = header(raw.request.headers, "authorization") or ""
        self._oauth = authorization.lower().startswith(_OAUTH_TOKEN)
        self.exchange = with_changes(
            arrived(self.exchange, raw.request, call),
            asked=last_turn_digest(request.messages) if request is not None else None,
            request_headers=redact_headers(raw.request.headers),
            response_headers=(),
            provider_request_headers=(),
            provider_response_headers=(),
            subscription=self._oauth and raw.request.route.provider == Provider.ANTHROPIC,
        )
        if request is not None:
            self._asked = self._asks(call)
        self.exchange = self._attempted(self.exchange)
        if request is not None:
            self._unread = chain(asked_lifetimes(self._body, self._lifetimes), self._digest(request))

    def _asks(self, call: ParsedRequest) -> Asked:
        """Return what the served answer is compared with."""
        request = call.request
        if request is None or self.exchange.dialect == Dialect.OPENAI:
            return Asked(call.model)
        return Asked(call.model, request.speed, self._tier_asked or request.service_tier, request.inference_geo)

    def _edited_model(self) -> str | None:
        """Return the model that the user chose instead while the request was held."""
        edited = self.raw.edited
        if edited is None:
            return None
        call = parse_request(self.exchange.dialect, edited.method, edited.resource, edited.body)
        if self._asked is not None:
            self._asked = replace(self._asks(call), cache_ttls=self._asked.cache_ttls)
        return call.model if call.model != self.exchange.model else None

    def join(self, conversations: Conversations) -> None:
        """Set the session of a request whose client names none, by its conversation."""
        exchange = self.exchange
        if exchange.session_id is None and exchange.kind is Kind.MESSAGES and self.request is not None:
            session_id = conversations.join(exchange.client, self.request.messages, exchange.id)
            self.exchange = with_changes(exchange, session_id=session_id, inferred=(*exchange.inferred, "session_id"))

    def seek(self, origins: Origins) -> None:
        """Look for the session that this first request of another one continues, while the request is read on."""
        self._origins = origins

    def _digest(self, request: MessagesRequest) -> Iterator[None]:
        """Digest the conversation of the main agent, one message a step."""
        exchange, before, found = self.exchange, b"", None
        if exchange.kind is not Kind.MESSAGES or exchange.agent_id is not None or exchange.session_id is None:
            return
        for message, digest in zip(request.messages, message_digests(request.messages), strict=True):
            answer = sent_back_answer(message) if self._origins is not None else None
            if self._origins is not None and answer is not None:
                found = self._origins.find(answered_digest(before, answer).hex()) or found
            before = digest
            yield
        self._conversation = before
        if found is not None and found.session_id != exchange.session_id:
            self.exchange = with_changes(self.exchange, continues=found)

    def compare(self, tries: RetryForms) -> None:
        """Set the parts that the request leaves out of an earlier try of the same call."""
        exchange = self.exchange
        if exchange.asked is not None and exchange.session_id is not None and self.request is not None:
            caller = exchange.session_id, exchange.agent_id, exchange.model
            left_out = tries.left_out(caller, exchange.asked, self.raw.request.headers, self.request)
            if left_out:
                self.exchange = with_changes(exchange, left_out=left_out)

    def read_task(self) -> None:
        """Read the task of a sub-agent from its request."""
        if self.request is not None:
            self.exchange = with_changes(self.exchange, task=first_user_text(self.request))

    @property
    def unread(self) -> bool:
        """Whether a part of the request is left for ``read_on``."""
        return self._unread is not None

    def read_on(self) -> None:
        """Read the next part of the request, however long it is."""
        if self._unread is not None and next(self._unread, self) is self:
            self._unread = None
            ttls = tuple(ttl for ttl in LIFETIMES if ttl in self._lifetimes)
            self.exchange = with_changes(self.exchange, cache_ttls=ttls)
            if self._asked is not None:
                self._asked = replace(self._asked, cache_ttls=ttls)

    @property
    def behind(self) -> bool:
        """Whether there are chunks to decode, or some of either side to read back from a file."""
        return self._folded < len(self._decoded_side().chunks) or any(side.spilled for side in self.sides)

    @property
    def sides(self) -> tuple[Recording, ...]:
        """The recordings of the client's side, and of the provider's if it is another."""
        own = self.raw.recording
        other = own.provider
        return (own,) if other is None or other.chunks is own.chunks else (own, other)

    @property
    def changed(self) -> bool:
        """Whether the raw exchange has more than the newest snapshot."""
        raw = self.raw
        return (
            self._shown < len(raw.recording.chunks)
            or raw.attempt is not self._attempt
            or self.exchange.marks != self._marks()
            or self.exchange.held_at_ms != raw.held_at_ms
            or self.exchange.released_at_ms != raw.released_at_ms
        )

    def _decoded_side(self) -> Recording:
        """Return the side whose bytes are decoded: the client's, or the provider's if the client gets OpenAI's form."""
        raw = self.raw
        # An error that the client gets may be candela's own, also where the provider answered with a good status.
        translated = (raw.provider_status or 400) < 400 and (raw.status or 200) < 400
        if self.exchange.dialect == Dialect.OPENAI and raw.recording.provider and translated:
            return raw.recording.provider
        return raw.recording

    def fold(self) -> None:
        """Decode the next few chunks of the answer."""
        recording = self._decoded_side()
        start, self._folded = self._folded, min(self._folded + _CHUNKS_A_STEP, recording.readable)
        chunks = recording.chunks[start : self._folded]
        recording.decode(self._folded)
        self._pass_over_other_side()
        answer = self._started()
        if self._encoding is None:
            return
        try:
            # One by one, to find the chunk that brought the first token.
            alone = 0
            while self._first_token_ms is None and alone < len(chunks):
                answer.feed(self._encoding.feed(chunks[alone]))
                if answer.fold.has_content:
                    self._first_token_ms = recording.times[start + alone]
                alone += 1
            if alone < len(chunks):
                answer.feed(self._encoding.feed(b"".join(chunks[alone:])))
        except BadEncoding as error:
            self._undecodable(error)

    def _pass_over_other_side(self) -> None:
        """Mark the other side as read: it is not decoded."""
        decoded = self._decoded_side()
        for side in self.sides:
            if side is not decoded:
                side.decode(side.readable)

    def _undecodable(self, trouble: BadEncoding) -> None:
        self._encoding, self._trouble = None, trouble
        self.notice = f"The answer to {self.raw.id} can't be decoded for display: {trouble}"

    def _started(self) -> AnswerDecoder:
        if self._answer is None:
            raw = self.raw
            of_client = self._decoded_side() is raw.recording
            headers = raw.response_headers if of_client else raw.provider_headers
            status = raw.status if of_client else raw.provider_status
            self._answer = AnswerDecoder(status or 0, header(headers, "content-type") or "", most_text=_MOST_TEXT)
            try:
                self._encoding = answer_decoder_for(header(headers, "content-encoding") or "")
            except BadEncoding as error:
                self._undecodable(error)
        return self._answer

    def _end_answer(self) -> None:
        """Finish decoding the answer, which has ended."""
        answer = self._started()
        try:
            if self._encoding is not None:
                answer.feed(self._encoding.finish())
        except BadEncoding as error:
            # An answer that broke off is incomplete for a known reason.
            if self.raw.outcome is None:
                self._undecodable(error)
        if self.raw.status is not None:
            answer.finish()

    def snapshot(self, pricer: Pricer) -> None:
        """Update ``exchange`` to everything that is known by now, priced."""
        raw = self.raw
        self._shown = len(raw.recording.chunks)
        exchange = with_changes(
            self.exchange,
            marks=self._marks(),
            rules=tuple(raw.request.noted),
            attempts=raw.attempts,
            held_at_ms=raw.held_at_ms,
            released_at_ms=raw.released_at_ms,
            response_bytes=raw.recording.size,
        )
        exchange = self._attempted(exchange)
        if not self._headed and (raw.status is not None or raw.end_ms is not None):
            self._headed = True
            exchange = self._head(exchange)
        if self._headed and not raw.alike and exchange.provider_status != raw.provider_status:
            headers = redact_headers(raw.provider_headers)
            exchange = with_changes(exchange, provider_status=raw.provider_status, provider_response_headers=headers)
        if raw.end_ms is not None:
            self._end_answer()
            outcome, error = ending(raw, self._answer, self._trouble, of_message=exchange.asks_message)
            exchange = with_changes(exchange, outcome=outcome, error=_without_secrets(error), overhead=raw.overhead)
        if self._answer is not None:
            exchange = self._answered(exchange, self._answer, pricer, ended=raw.end_ms is not None)
        if raw.end_ms is not None and exchange.asks_message:
            counted = exchange.cost is not None or exchange.unpriced_model is not None
            why = unread(raw, self._answer, self._trouble, exchange.outcome, counted=counted)
            exchange = with_changes(exchange, unread=why)
        self.exchange = with_client_cost(exchange)

    def _head(self, exchange: Exchange) -> Exchange:
        """Return the exchange with the status and header fields of its answer."""
        raw = self.raw
        headers, of_provider = raw.response_headers, raw.provider_headers
        passed_on = from_provider(headers)
        self._gateway = gateway_of(of_provider or headers, raw.url)
        self._tier = tier_in(of_provider or headers)
        limits = rate_limits(headers) or rate_limits(of_provider) or rate_limits(passed_on)
        extra = extra_usage(limits)
        return with_changes(
            exchange,
            status=raw.status,
            response_headers=redact_headers(headers),
            rate_limits=limits,
            request_id=request_id(headers) or request_id(of_provider) or request_id(passed_on),
            gateway=self._gateway.name if self._gateway else None,
            # Usage beyond the subscription's windows is billed at the API's price.
            subscription=exchange.subscription and not (extra is not None and extra.in_use),
        )

    def end_as_relayed(self) -> None:
        """Set the outcome by the relay's notes alone, after decoding has failed."""
        raw = self.raw
        outcome = raw.outcome or (Outcome.OK if (raw.status or 0) < 400 else Outcome.ERROR)
        unread = "candela failed to read it" if self.exchange.asks_message and (raw.status or 0) < 400 else None
        self.exchange = with_changes(
            self.exchange,
            status=raw.status,
            outcome=outcome,
            error=_without_secrets(raw.error),
            unread=unread,
            marks=self._marks(),
        )

    @property
    def has_grown(self) -> bool:
        """Whether there are chunks that the sinks have not received yet."""
        return bool(self._growth)

    def take_growth(self, *, rest: bool = False) -> Growth:
        """Return the bytes of both sides since the last call, as far as they are decoded. ``rest``: all of them."""
        self.grown_at = time.monotonic()
        self._pass_over_other_side()
        self._told = self._decoded_size
        return self._growth.take(undecoded=rest or self.failed)

    @property
    def grown_by(self) -> int:
        """Bytes of the client's answer that are decoded, and that the sinks have not received yet."""
        return self._decoded_size - self._told

    @property
    def _decoded_size(self) -> int:
        own = self.raw.recording
        return own.size - own.unread - sum(run.where.size for run in own.spilled)

    def _marks(self) -> Marks:
        raw = self.raw
        return Marks(raw.connected_ms, raw.first_byte_ms, self._first_token_ms, raw.end_ms)

    def _attempted(self, exchange: Exchange) -> Exchange:
        """Return the exchange with the newest attempt: what went to the provider."""
        raw, attempt = self.raw, self.raw.attempt
        if attempt is None or attempt is self._attempt:
            return exchange
        self._attempt = attempt
        if self._asked is not None and attempt.model is not None and chose_model(raw.request.noted):
            self._asked = replace(self._asked, model=attempt.model)
        sent = attempt.request.headers
        return with_changes(
            exchange,
            url=redact_url(raw.url),
            provider=attempt.provider,
            region=attempt.region,
            model_sent=attempt.model or self._edited_model(),
            adaptations=(*raw.changes, *attempt.adaptations),
            provider_request_headers=redact_headers(sent) if sent != raw.request.fields else (),
            subscription=self._oauth and attempt.provider == Provider.ANTHROPIC,
        )

    def _answered(self, exchange: Exchange, answer: AnswerDecoder, pricer: Pricer, *, ended: bool) -> Exchange:
        """Return the exchange with the facts of its answer so far, priced."""
        fold = answer.fold
        model_used, model_stated = served_by(fold, self._gateway)
        exchange = with_changes(
            exchange,
            model_used=model_used,
            model_stated=model_stated,
            message_id=fold.message_id,
            provider_metrics=self.raw.provider_metrics or answer.metrics,
            stop_reason=fold.stop_reason,
            usage=self._with_tier(fold.usage),
            output_characters=fold.output_characters,
            answer_facts=fold.facts.stated,
            tools_called=called_tools(fold.blocks.values()),
            delegations=self._delegated(fold),
        )
        if self.raw.repeats is not None:
            # Nothing was used, and nothing is billed.
            return with_changes(
                exchange, usage=None, cost=FREE if exchange.asks_message else None, saved=self.raw.repeats.saved
            )
        tier = self._tier or self._tier_asked
        exchange = billed(exchange, fold, self._gateway, self._asked, pricer, cloud_tier=tier, ended=ended)
        if ended and self._conversation and fold.stopped and exchange.outcome is Outcome.OK:
            exchange = with_changes(exchange, conversation=answered_digest(self._conversation, said_in(fold)).hex())
        if ended and exchange.kind is Kind.TITLE and fold.stopped:
            text = next((block.text for block in fold.blocks.values() if block.type == "text"), "")
            exchange = with_changes(exchange, session_title=title_in_answer(text))
        return exchange

    def _with_tier(self, usage: Usage | None) -> Usage | None:
        """Return a usage with the tier that the cloud states: the one in the body is the model's own."""
        if usage is None or (self._tier is None and self._tier_asked is None):
            return usage
        return replace(usage, service_tier=self._tier)

    def _delegated(self, fold: MessageFold) -> tuple[Delegation, ...]:
        for index, block in fold.blocks.items():
            if block.done and index not in self._delegations and delegates(block):
                self._delegations[index] = delegation_of(block)
        return tuple(delegation for delegation in self._delegations.values() if delegation is not None)


def _without_secrets(error: ApiError | None) -> ApiError | None:
    """Return an error whose message may be stored: some gateways quote the key that they refuse."""
    return replace(error, message=redact_text(error.message)) if error is not None else None
