"""What is known of an exchange as soon as its request has arrived."""

from dataclasses import replace
from itertools import starmap

from candela_tui.exchange.exchange import Exchange, ToolDuration
from candela_tui.protocol.claude_code.hints import hints_of, infers_kind, stated_kind
from candela_tui.protocol.claude_code.request_kinds import inferred_agent
from candela_tui.protocol.headers import beta_flags, header
from candela_tui.protocol.native_calls import is_messages_of_bedrock
from candela_tui.protocol.parsed_request import ParsedRequest, is_chat
from candela_tui.protocol.request import session_in_metadata
from candela_tui.protocol.user_agent import client_of
from candela_tui.providers.identity import Dialect
from candela_tui.providers.upstream import ClientRequest
from candela_tui.redaction import redact_url


def dialect_of(request: ClientRequest) -> Dialect:
    """Return the dialect of a request: clients may speak Messages on two routes of another dialect, too."""
    dialect, resource = request.dialect, request.resource
    if dialect == Dialect.OPENAI and not is_chat(resource):
        return Dialect.MESSAGES
    return Dialect.MESSAGES if dialect == Dialect.BEDROCK and is_messages_of_bedrock(resource) else dialect


def arrived(exchange: Exchange, request: ClientRequest, call: ParsedRequest) -> Exchange:
    """Return the exchange with what its request says: the client, session and agent, and what is requested."""
    body = call.request
    retry = header(request.headers, "x-stainless-retry-count") or ""
    session = header(request.headers, "x-claude-code-session-id")
    agent_id = header(request.headers, "x-claude-code-agent-id")
    hints = hints_of(request.headers)
    kind = stated_kind(call.kind, hints)
    inferred: tuple[str, ...] = ("kind",) if infers_kind(kind, hints) else ()
    if agent_id is None and body is not None:
        agent_id = inferred_agent(body)
        inferred += ("agent_id",) if agent_id is not None else ()
    return replace(
        exchange,
        path=redact_url(request.path),
        kind=kind,
        session_id=session or (session_in_metadata(body) if body else None) or request.session,
        agent_id=agent_id,
        parent_agent_id=header(request.headers, "x-claude-code-parent-agent-id"),
        agent_type=hints.agent_type,
        request_class=hints.request_class,
        prompt_id=hints.prompt_id,
        tool_durations=tuple(starmap(ToolDuration, hints.tool_durations)),
        inferred=inferred,
        client=client_of(request.headers),
        model=call.model,
        streamed=call.streamed,
        retry=int(retry) if retry.isascii() and retry.isdigit() and len(retry) < 6 else 0,
        betas=beta_flags(request.headers),
        key=request.key.name if request.key is not None else None,
    )
