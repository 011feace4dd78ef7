"""Turn the answers of a transcript into exchanges."""

from dataclasses import replace
from typing import Any

import msgspec

from candela_tui.analysis.costs import with_client_cost, with_note
from candela_tui.analysis.served import Asked
from candela_tui.claude_code.recorded_requests import RebuiltRequest
from candela_tui.claude_code.transcripts import TranscriptLine, read_at
from candela_tui.exchange import Continued, Exchange, Imported, Marks, Outcome
from candela_tui.exchange.exchange import Delegation
from candela_tui.imports.answers import Answer
from candela_tui.imports.found import FoundExchange
from candela_tui.pricing import Pricer
from candela_tui.protocol.answer_decoder import MessageFold
from candela_tui.protocol.cache_control import LIFETIMES, asked_lifetimes
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.message_digests import answered_digest, message_digests, said_in
from candela_tui.protocol.raw_json import NULL, decode_json, raw_items, raw_members
from candela_tui.providers.identity import PROVIDERS, Provider, RouteName
from candela_tui.proxy.capture.billing import billed
from candela_tui.proxy.capture.delegations import called_tools, delegates, delegation_of

_NO_END = "the transcript does not have the end of this answer"
_PLACEHOLDER_OUTPUT = 1
"""The output tokens that an answer states at its beginning."""


def exchange_of(
    answer: Answer,
    exchange_id: str,
    pricer: Pricer,
    *,
    first_words: str | None,
    title: str | None,
    continues: Continued | None = None,
) -> FoundExchange:
    """Return the exchange of an answer, priced, with its bodies as far as the transcript has them.

    ``first_words`` are those of its session's user, ``title`` the session's title if this exchange is to state it, and
    ``continues`` says where its session goes on from another one. Blocks. Raises OSError.
    """
    document = _message(read_at(answer.file, answer.places))
    fold = MessageFold()
    fold.document(document)
    request = answer.requests.rebuilt(answer.request_ref) if answer.request_ref is not None else None
    end_ms = (answer.last_at - answer.started_at).total_seconds() * 1000
    asked = _asked(answer, request)
    exchange = Exchange(
        id=exchange_id,
        started_at=answer.started_at,
        method="POST",
        path="",
        route=RouteName.DIRECT,
        provider=_provider(answer.message_id),
        kind=Kind.MESSAGES,
        session_id=answer.session_id,
        agent_id=answer.agent_id,
        agent_type=answer.agent_type,
        prompt_id=answer.prompt_id,
        client=answer.client,
        inferred=() if answer.asked_at is not None else ("started_at",),
        model=asked.model,
        model_used=fold.model or answer.model,
        outcome=Outcome.OK,
        stop_reason=fold.stop_reason,
        usage=fold.usage,
        marks=Marks(end=max(0.0, end_ms)),
        request_bytes=len(request.body) if request is not None else 0,
        response_bytes=len(document),
        output_characters=fold.output_characters,
        request_id=answer.request_id,
        message_id=answer.message_id,
        answer_facts=fold.facts.stated,
        betas=request.betas if request is not None else None,
        cache_ttls=asked.cache_ttls,
        tools_called=called_tools(fold.blocks.values()),
        delegations=_delegations(fold),
        task=answer.task if answer.agent_id is not None else None,
        clues=SessionClues(first_words, answer.cwd, answer.branch) if answer.agent_id is None else None,
        session_title=title,
        continues=continues,
        imported=Imported.TRANSCRIPT,
        rebuilt=("request", "response") if request is not None else ("response",),
    )
    whole = answer.stop_reason is not None
    exchange = billed(exchange, fold, None, asked, pricer, cloud_tier=None, ended=whole)
    exchange = with_client_cost(exchange) if whole else _unfinished(exchange, answer)
    if whole and request is not None and answer.agent_id is None:
        exchange = replace(exchange, conversation=_conversation(request.body, fold))
    return FoundExchange(exchange, request.body if request is not None else None, (document,), (max(0.0, end_ms),))


def _message(lines: list[TranscriptLine]) -> bytes:
    """Return the message whose blocks the lines have, as one document. The last line has the final usage."""
    messages = [message for line in lines if isinstance(message := decode_json(line.message), dict)]
    last: dict[str, Any] = messages[-1] if messages else {}
    contents = [message.get("content") for message in messages]
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    return msgspec.json.encode({**last, "type": "message", "content": blocks})


def _conversation(body: bytes, fold: MessageFold) -> str | None:
    """Return the digest by which a session is found that goes on from here; None if the request has no messages."""
    *_, before = (b"", *message_digests(raw_items((raw_members(body) or {}).get("messages", NULL))))
    return answered_digest(before, said_in(fold)).hex() if before else None


def _unfinished(exchange: Exchange, answer: Answer) -> Exchange:
    if answer.aborted:
        return replace(exchange, outcome=Outcome.CANCELLED)
    output = (exchange.usage.output_tokens if exchange.usage else None) or 0
    if output <= _PLACEHOLDER_OUTPUT:
        return replace(exchange, outcome=Outcome.CUT, error=ApiError("cut", _NO_END))
    # Earlier clients wrote no stop reason at all.
    return with_client_cost(with_note(exchange, _NO_END))


def _asked(answer: Answer, request: RebuiltRequest | None) -> Asked:
    if request is None:
        return Asked(answer.requested_model)
    found: set[str] = set()
    for _ in asked_lifetimes(request.body, found):
        pass
    texts = {name: value for name, value in request.params.items() if isinstance(value, str)}
    return Asked(
        texts.get("model") or answer.requested_model,
        texts.get("speed"),
        texts.get("service_tier"),
        texts.get("inference_geo"),
        tuple(ttl for ttl in LIFETIMES if ttl in found),
    )


def _delegations(fold: MessageFold) -> tuple[Delegation, ...]:
    found = (delegation_of(block) for block in fold.blocks.values() if delegates(block))
    return tuple(delegation for delegation in found if delegation is not None)


def _provider(message_id: str) -> Provider:
    """Return the provider that answered, as its message ids say."""
    known = (each for each in PROVIDERS.values() if each.message_prefix and message_id.startswith(each.message_prefix))
    return next((each.provider for each in known), Provider.ANTHROPIC)
