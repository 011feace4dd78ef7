"""The record of one live exchange as it grows: what the relay noted, decoded into snapshots."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import starmap
from typing import Any

from candela_tui.analysis.limits import extra_usage
from candela_tui.analysis.served import Asked
from candela_tui.exchange import Delegation, Exchange, Marks, Outcome, ProviderSide, Recording, ToolDuration
from candela_tui.pricing import Pricer
from candela_tui.protocol.cache_control import LIFETIMES, asked_lifetimes
from candela_tui.protocol.call import call_of, is_chat
from candela_tui.protocol.client_hints import hints_of, infers_kind, stated_kind
from candela_tui.protocol.client_requests import inferred_agent
from candela_tui.protocol.encoding import BadEncoding, Decoder, answer_decoder_for, decode_in_steps
from candela_tui.protocol.gateways import Gateway, from_provider, gateway_of
from candela_tui.protocol.headers import header, rate_limits, redacted, request_id
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.message_digests import last_turn_digest
from candela_tui.protocol.messages import AnswerDecoder, MessageFold
from candela_tui.protocol.request import MessagesRequest, session_in_metadata
from candela_tui.protocol.session_clues import first_user_text, title_in_answer
from candela_tui.protocol.user_agent import client_of
from candela_tui.proxy.billing import billed, served_by
from candela_tui.proxy.client_cost import client_cost
from candela_tui.proxy.conversations import Conversations
from candela_tui.proxy.delegations import called_tools, delegates, delegation_of
from candela_tui.proxy.ending import ending, unread
from candela_tui.proxy.fields import request_fields
from candela_tui.proxy.outgoing import Attempt
from candela_tui.proxy.shown_path import shown_path
from candela_tui.proxy.tap import Tap
from candela_tui.proxy.tries import Tries
from candela_tui.proxy.unstored import Unstored

_CHUNKS_A_STEP = 16
_MOST_TEXT = 2**20
"""Characters of an answer that are kept: titles and tool calls are read from them."""
_OAUTH_TOKEN = "bearer sk-ant-oat"  # noqa: S105 - the public prefix of Claude's OAuth access tokens


class ExchangeRecord:
    """Follows one tap. ``exchange`` is the newest snapshot."""

    __slots__ = (
        "_answer",
        "_asked",
        "_attempt",
        "_body",
        "_counted",
        "_delegations",
        "_encoding",
        "_first_token_ms",
        "_folded",
        "_gateway",
        "_headed",
        "_lifetimes",
        "_oauth",
        "_received",
        "_received_stored",
        "_shown",
        "_trouble",
        "_undecoded",
        "_unread",
        "_unstored",
        "exchange",
        "failed",
        "notice",
        "request",
        "stored_at",
        "tap",
    )

    def __init__(self, tap: Tap) -> None:
        self.tap = tap
        self.exchange = Exchange(
            id=tap.id,
            started_at=tap.started_at,
            method=tap.method,
            path=tap.path.partition("?")[0],
            route=tap.route,
            dialect=_dialect(tap),
            provider=tap.provider,
            url=tap.url,
            request_bytes=len(tap.recording.request),
            pid=os.getpid(),
        )
        self.request: MessagesRequest | None = None
        self.failed = False
        """Something in here raised: nothing more is decoded."""
        self.notice: str | None = None
        """What the user should know of the capture of this exchange."""
        self.stored_at = time.monotonic()
        self._body = tap.recording.request
        """The request's, its Content-Encoding undone once ``decode_on`` has done it."""
        self._undecoded = self._decoding()
        self._asked: Asked | None = None
        self._attempt: Attempt | None = None
        """The newest that ``exchange`` tells of."""
        self._answer: AnswerDecoder | None = None
        self._delegations: dict[int, Delegation | None] = {}
        """By the index of the block that makes it: each is read once."""
        self._encoding: Decoder | None = None
        """None before the answer's beginning, and once it can't be decoded."""
        self._trouble: BadEncoding | None = None
        """Why the answer can't be decoded, or not to its end."""
        self._first_token_ms: float | None = None
        self._folded = 0
        self._gateway: Gateway | None = None
        self._headed = False
        self._counted = 0
        self._received = 0
        self._received_stored = 0
        self._shown = 0
        """Chunks that the newest snapshot counts."""
        self._oauth = False
        self._unstored = Unstored(tap)
        self._lifetimes: set[str] = set()
        self._unread: Iterator[None] | None = None

    @property
    def undecoded(self) -> bool:
        """Whether ``decode_on`` has more to undo of the request's Content-Encoding."""
        return self._undecoded is not None

    def decode_on(self) -> None:
        """Undo the next part of it."""
        if self._undecoded is not None and next(self._undecoded, self) is self:
            self._undecoded = None

    def _decoding(self) -> Iterator[None] | None:
        encoding = header(self.tap.headers, "content-encoding")
        return self._decoded(encoding) if encoding and self._body else None

    def _decoded(self, encoding: str) -> Iterator[None]:
        parts: list[bytes] = []
        try:
            for part in decode_in_steps(encoding, self._body):
                parts.append(part)
                yield
        except BadEncoding:
            # It is the provider's to refuse; what is asked for is not known.
            return
        self._body = b"".join(parts)

    def read_request(self) -> None:
        """Read from the request who asks for what."""
        tap = self.tap
        call = call_of(self.exchange.dialect, tap.method, tap.path.partition("?")[0], self._body)
        request = self.request = call.request
        retry = header(tap.headers, "x-stainless-retry-count") or ""
        authorization = header(tap.headers, "authorization") or ""
        session = header(tap.headers, "x-claude-code-session-id")
        agent_id = header(tap.headers, "x-claude-code-agent-id")
        hints = hints_of(tap.headers)
        kind = stated_kind(call.kind, hints)
        inferred: tuple[str, ...] = ("kind",) if infers_kind(kind, hints) else ()
        if agent_id is None and request is not None:
            agent_id = inferred_agent(request)
            inferred += ("agent_id",) if agent_id is not None else ()
        self._oauth = authorization.lower().startswith(_OAUTH_TOKEN)
        self.exchange = replace(
            self.exchange,
            path=shown_path(tap.path),
            kind=kind,
            session_id=session or (session_in_metadata(request) if request else None),
            agent_id=agent_id,
            parent_agent_id=header(tap.headers, "x-claude-code-parent-agent-id"),
            agent_type=hints.agent_type,
            request_class=hints.request_class,
            prompt_id=hints.prompt_id,
            tool_durations=tuple(starmap(ToolDuration, hints.tool_durations)),
            inferred=inferred,
            client=client_of(tap.headers),
            model=call.model,
            asked=last_turn_digest(request.messages) if request is not None else None,
            streamed=call.streamed,
            request_headers=redacted(tap.headers),
            retry=int(retry) if retry.isascii() and retry.isdigit() and len(retry) < 6 else 0,
            **{"subscription": self._oauth and tap.provider == "anthropic", **self._attempted()},
        )
        if request is not None:
            self._asked = Asked(call.model)
            if self.exchange.dialect != "openai":
                self._asked = Asked(call.model, request.speed, request.service_tier, request.inference_geo)
            self._unread = asked_lifetimes(self._body, self._lifetimes)

    def join(self, conversations: Conversations) -> None:
        """Give a request of a conversation a session where its client names none."""
        exchange = self.exchange
        if exchange.session_id is None and exchange.kind is Kind.MESSAGES and self.request is not None:
            session_id = conversations.join(exchange.client, self.request.messages, exchange.id)
            self.exchange = replace(exchange, session_id=session_id, inferred=(*exchange.inferred, "session_id"))

    def compare(self, tries: Tries) -> None:
        """Note what the request leaves out of an earlier try of the same call."""
        exchange = self.exchange
        if exchange.asked is not None and exchange.session_id is not None and self.request is not None:
            caller = exchange.session_id, exchange.agent_id, exchange.model
            left_out = tries.left_out(caller, exchange.asked, self.tap.headers, self.request)
            if left_out:
                self.exchange = replace(exchange, left_out=left_out)

    def read_task(self) -> None:
        """Read from a sub-agent's request what it was given to do."""
        if self.request is not None:
            self.exchange = replace(self.exchange, task=first_user_text(self.request))

    @property
    def unread(self) -> bool:
        """Whether ``read_on`` has more to read of the request."""
        return self._unread is not None

    def read_on(self) -> None:
        """Read the next part of the request, however long it is."""
        if self._unread is not None and next(self._unread, self) is self:
            self._unread = None
            ttls = tuple(ttl for ttl in LIFETIMES if ttl in self._lifetimes)
            self.exchange = replace(self.exchange, cache_ttls=ttls)
            if self._asked is not None:
                self._asked = replace(self._asked, cache_ttls=ttls)

    @property
    def behind(self) -> bool:
        """Whether chunks wait to be folded."""
        return self._folded < len(self._decoded_side().chunks)

    @property
    def changed(self) -> bool:
        """Whether the tap knows more than the newest snapshot shows."""
        tap = self.tap
        return (
            self._shown < len(tap.recording.chunks)
            or tap.attempt is not self._attempt
            or self.exchange.marks != self._marks()
        )

    def _decoded_side(self) -> Recording:
        """Whose bytes tell what was answered: the client's, or where those are OpenAI's form of it the provider's."""
        tap = self.tap
        if self.exchange.dialect == "openai" and tap.recording.provider and (tap.provider_status or 400) < 400:
            return tap.recording.provider
        return tap.recording

    def fold(self) -> None:
        """Decode the next few chunks of the answer."""
        recording = self._decoded_side()
        start, self._folded = self._folded, min(self._folded + _CHUNKS_A_STEP, len(recording.chunks))
        chunks = recording.chunks[start : self._folded]
        recording.decoded = self._folded
        self._let_go_of_other_side(recording)
        answer = self._started()
        if self._encoding is None:
            return
        try:
            # One by one until it is known which of them brought the first token.
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

    def _let_go_of_other_side(self, decoded: Recording) -> None:
        """Nobody decodes the other side."""
        own = self.tap.recording
        other = own.provider if decoded is own else own
        if other is not None and other.chunks is not decoded.chunks:
            other.decoded = len(other.chunks)

    def _undecodable(self, trouble: BadEncoding) -> None:
        self._encoding, self._trouble = None, trouble
        self.notice = f"The answer to {self.tap.id} can't be decoded for display: {trouble}"

    def _started(self) -> AnswerDecoder:
        if self._answer is None:
            tap = self.tap
            of_client = self._decoded_side() is tap.recording
            headers = tap.response_headers if of_client else tap.provider_headers
            status = tap.status if of_client else tap.provider_status
            self._answer = AnswerDecoder(status or 0, header(headers, "content-type") or "", most_text=_MOST_TEXT)
            try:
                self._encoding = answer_decoder_for(header(headers, "content-encoding") or "")
            except BadEncoding as error:
                self._undecodable(error)
        return self._answer

    def _end_answer(self) -> None:
        """Nothing more comes of the answer."""
        answer = self._started()
        try:
            if self._encoding is not None:
                answer.feed(self._encoding.finish())
        except BadEncoding as error:
            # What broke off is cut short for a reason that is known.
            if self.tap.outcome is None:
                self._undecodable(error)
        if self.tap.status is not None:
            answer.finish()

    def snapshot(self, pricer: Pricer) -> None:
        """Make ``exchange`` say what is known by now, priced."""
        tap = self.tap
        self._count()
        self._shown = self._counted
        known: dict[str, Any] = {"marks": self._marks(), "response_bytes": self._received} | self._attempted()
        if not self._headed and (tap.status is not None or tap.end_ms is not None):
            self._headed = True
            headers, of_provider = tap.response_headers, tap.provider_headers
            passed_on = from_provider(headers)
            self._gateway = gateway_of(of_provider or headers, tap.url)
            known |= {
                "status": tap.status,
                "response_headers": redacted(headers),
                "rate_limits": rate_limits(headers) or rate_limits(of_provider) or rate_limits(passed_on),
                "request_id": request_id(headers) or request_id(of_provider) or request_id(passed_on),
                "gateway": self._gateway.name if self._gateway else None,
                "provider_status": tap.provider_status,
                "provider_response_headers": redacted(of_provider),
            }
            extra = extra_usage(known["rate_limits"])
            if extra is not None and extra.in_use:
                # Beyond the subscription's windows the API's price is paid.
                known["subscription"] = False
        if tap.end_ms is not None:
            self._end_answer()
            of_message = self.exchange.asks_message
            known["outcome"], known["error"] = ending(tap, self._answer, self._trouble, of_message=of_message)
        if self._answer is not None:
            known |= self._answered(self._answer, pricer, known, ended=tap.end_ms is not None)
        if tap.end_ms is not None and self.exchange.asks_message:
            counted = known.get("cost") is not None or known.get("unpriced_model") is not None
            known["unread"] = unread(tap, self._answer, self._trouble, known["outcome"], counted=counted)
        self.exchange = replace(self.exchange, **known)
        if self.exchange.outcome is Outcome.OK:
            self.exchange = replace(self.exchange, client_cost=client_cost(self.exchange))

    def end_as_relayed(self) -> None:
        """Say how the exchange ended from the relay's own notes: what the capture makes of it has failed."""
        tap = self.tap
        outcome = tap.outcome or (Outcome.OK if (tap.status or 0) < 400 else Outcome.ERROR)
        unread = "candela failed to read it" if self.exchange.asks_message and (tap.status or 0) < 400 else None
        self.exchange = replace(
            self.exchange, status=tap.status, outcome=outcome, error=tap.error, unread=unread, marks=self._marks()
        )

    @property
    def has_unstored(self) -> bool:
        """Whether there are chunks that the store has not got yet."""
        return bool(self._unstored)

    def unstored(self) -> tuple[list[bytes], list[float], ProviderSide | None]:
        """The chunks that the store has not got yet, with their times, and what it has not of the provider's side."""
        self._count()
        self._received_stored = self._received
        return self._unstored.take()

    @property
    def unstored_bytes(self) -> int:
        """Bytes of the client's answer that the store has not got yet."""
        self._count()
        return self._received - self._received_stored

    def _count(self) -> None:
        chunks = self.tap.recording.chunks
        self._received += sum(map(len, chunks[self._counted :]))
        self._counted = len(chunks)

    def _marks(self) -> Marks:
        tap = self.tap
        return Marks(tap.connected_ms, tap.first_byte_ms, self._first_token_ms, tap.end_ms)

    def _attempted(self) -> dict[str, Any]:
        """What went to the provider: that of the newest attempt."""
        tap, attempt = self.tap, self.tap.attempt
        if attempt is None or attempt is self._attempt:
            return {}
        self._attempt = attempt
        sent = attempt.request.headers
        return {
            "url": tap.url,
            "provider": attempt.provider,
            "region": attempt.region,
            "model_sent": attempt.model,
            "adaptations": attempt.adaptations,
            "provider_request_headers": redacted(sent) if sent != request_fields(list(tap.headers)) else (),
            "subscription": self._oauth and attempt.provider == "anthropic",
        }

    def _answered(
        self, answer: AnswerDecoder, pricer: Pricer, so_far: dict[str, Any], *, ended: bool
    ) -> dict[str, Any]:
        fold = answer.fold
        known: dict[str, Any] = {
            **served_by(fold, self._gateway),
            "provider_metrics": self.tap.provider_metrics or answer.metrics,
            "stop_reason": fold.stop_reason,
            "usage": fold.usage,
            "output_characters": fold.output_characters,
            "answer_facts": fold.facts.stated,
            "tools_called": called_tools(fold.blocks.values()),
            "delegations": self._delegated(fold),
        }
        exchange = replace(self.exchange, **so_far, **known)
        known |= billed(exchange, fold, self._gateway, self._asked, pricer, ended=ended)
        if ended and self.exchange.kind is Kind.TITLE and fold.stopped:
            text = next((block.text for block in fold.blocks.values() if block.type == "text"), "")
            known["session_title"] = title_in_answer(text)
        return known

    def _delegated(self, fold: MessageFold) -> tuple[Delegation, ...]:
        for index, block in fold.blocks.items():
            if block.done and index not in self._delegations and delegates(block):
                self._delegations[index] = delegation_of(block)
        return tuple(delegation for delegation in self._delegations.values() if delegation is not None)


def _dialect(tap: Tap) -> str:
    """What is spoken: on the route of chat completions Messages are, too."""
    if tap.dialect == "openai" and not is_chat(tap.path.partition("?")[0]):
        return "messages"
    return tap.dialect
