"""What is known of an exchange as soon as its request has arrived."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import starmap
from typing import Any

from candela_tui.exchange.exchange import Exchange, ToolDuration
from candela_tui.protocol.claude_code.hints import ClientHints, hints_in, infers_kind, stated_kind
from candela_tui.protocol.claude_code.request_kinds import inferred_agent
from candela_tui.protocol.headers import beta_flags, first_values
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.native_calls import is_messages_of_bedrock
from candela_tui.protocol.parsed_request import ParsedRequest, is_chat
from candela_tui.protocol.request import session_in_metadata
from candela_tui.protocol.user_agent import client_named
from candela_tui.providers.identity import Dialect
from candela_tui.providers.upstream import ClientRequest
from candela_tui.redaction import redact_url
from candela_tui.text.times import utc_now


def dialect_of(request: ClientRequest) -> Dialect:
    """Return the dialect of a request: clients may speak Messages on two routes of another dialect, too."""
    dialect, resource = request.dialect, request.resource
    if dialect == Dialect.OPENAI and not is_chat(resource):
        return Dialect.MESSAGES
    return Dialect.MESSAGES if dialect == Dialect.BEDROCK and is_messages_of_bedrock(resource) else dialect


def arrived(exchange: Exchange, request: ClientRequest, call: ParsedRequest) -> Exchange:
    """Return the exchange with what its request says: the client, session and agent, and what is requested."""
    fields = first_values(request.headers)
    hints = hints_in(fields)
    return replace(exchange, **_said(request, fields, call, hints, stated_kind(call.kind, hints)))


def beginning(request: ClientRequest, fields: Mapping[str, str], call: ParsedRequest, hints: ClientHints) -> Exchange:
    """Return the exchange of a request that has just come. ``fields`` are the first values of its header fields, by
    their names in lower case. Its kind is the one that the path says: ``with_kind`` reads
    the form of the body, which takes longer."""
    return Exchange(
        id=request.id,
        started_at=utc_now(),
        method=request.method,
        route=request.route.name,
        dialect=dialect_of(request),
        provider=request.route.provider,
        request_bytes=len(request.body),
        arrival=request.arrival,
        **_said(request, fields, call, hints, call.operation),
    )


def with_kind(exchange: Exchange, call: ParsedRequest, hints: ClientHints) -> Exchange:
    """Return the exchange with the kind that the form of its request and the client's hints say."""
    kind = stated_kind(call.kind, hints)
    inferred = ("kind", *exchange.inferred) if infers_kind(kind, hints) else exchange.inferred
    return exchange if kind is exchange.kind else replace(exchange, kind=kind, inferred=inferred)


def is_any_of(call: ParsedRequest, hints: ClientHints, kinds: AbstractSet[Kind]) -> bool:
    """Return whether the kind of a request is one of these, without reading more than that takes."""
    return stated_kind(call.kind, hints) in kinds if hints.states_kind else call.is_any_of(kinds)


def _said(
    request: ClientRequest, fields: Mapping[str, str], call: ParsedRequest, hints: ClientHints, kind: Kind
) -> dict[str, Any]:
    """Return the fields of an exchange that its request says."""
    body = call.request
    session = fields.get("x-claude-code-session-id")
    if not session and body is not None:
        session = session_in_metadata(body)
    inferred: tuple[str, ...] = ("kind",) if infers_kind(kind, hints) else ()
    agent_id = fields.get("x-claude-code-agent-id")
    if agent_id is None and body is not None:
        agent_id = inferred_agent(body)
        inferred += ("agent_id",) if agent_id is not None else ()
    retry = fields.get("x-stainless-retry-count", "")
    return {
        "path": redact_url(request.path),
        "kind": kind,
        "session_id": session or request.session,
        "agent_id": agent_id,
        "parent_agent_id": fields.get("x-claude-code-parent-agent-id"),
        "agent_type": hints.agent_type,
        "request_class": hints.request_class,
        "prompt_id": hints.prompt_id,
        "tool_durations": tuple(starmap(ToolDuration, hints.tool_durations)),
        "inferred": inferred,
        "client": client_named(fields.get("x-title"), fields.get("user-agent")),
        "model": call.model,
        "streamed": call.streamed,
        "retry": int(retry) if retry.isascii() and retry.isdigit() and len(retry) < 6 else 0,
        "betas": beta_flags(request.headers) if "anthropic-beta" in fields else (),
        "key": request.key.name if request.key is not None else None,
    }
