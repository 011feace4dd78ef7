"""Finds the requests that follow one another in a conversation."""

from collections.abc import Iterable
from dataclasses import dataclass

from candela_tui.analysis.retries import Call, calls
from candela_tui.exchange import Exchange
from candela_tui.protocol.kind import Kind

CONTINUING = frozenset({Kind.MESSAGES, Kind.COMPACTION})
"""The kinds of requests that continue a conversation."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The calls of one agent that follow one another, or one call outside any conversation."""

    session_id: str | None
    agent_id: str | None
    calls: tuple[Call, ...]
    """In the order of their first tries."""


def same_agent(one: Exchange, other: Exchange) -> bool:
    """Return whether two requests are of the same agent of the same session."""
    return (one.session_id, one.agent_id) == (other.session_id, other.agent_id)


def same_conversation(exchanges: Iterable[Exchange], exchange: Exchange) -> list[Exchange]:
    """Return the calls of a session that are of the same agent and kind as one of its exchanges, earliest first. Each
    is represented by its last try, or by the given exchange if that is one of its tries.

    Requests of the conversation set cache breakpoints; the client's side requests, such as one that summarises a web
    page, do not.
    """
    marked = bool(exchange.cache_ttls)
    alike = (
        other
        for other in exchanges
        if (other.session_id, other.agent_id, other.kind) == (exchange.session_id, exchange.agent_id, exchange.kind)
        and bool(other.cache_ttls) == marked
        and (other.replayed is None or other.id == exchange.id)
    )
    return [exchange if any(each.id == exchange.id for each in call.tries) else call.last for call in calls(alike)]


def conversations(exchanges: Iterable[Exchange]) -> tuple[list[Conversation], list[Call]]:
    """Split the exchanges of a session into the conversation of each agent, in the order of their first requests, and
    the calls outside them.

    If an agent sets cache breakpoints, its requests without any are side requests. A compaction continues the
    conversation that it summarises.
    """
    agents: dict[tuple[str | None, str | None], list[Call]] = {}
    outside: list[Call] = []
    for call in calls(exchanges):
        if call.last.kind in CONTINUING and call.last.replayed is None:
            agents.setdefault((call.last.session_id, call.last.agent_id), []).append(call)
        else:
            outside.append(call)
    found: list[Conversation] = []
    for (session_id, agent_id), its_calls in agents.items():
        marked = [call for call in its_calls if call.last.cache_ttls]
        turns = marked or its_calls
        found.append(Conversation(session_id, agent_id, tuple(turns)))
        outside += [call for call in its_calls if not call.last.cache_ttls] if marked else []
    return found, sorted(outside, key=lambda call: call.tries[0].id)
