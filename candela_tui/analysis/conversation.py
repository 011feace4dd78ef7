"""Finds the requests that follow one another in a conversation."""

from collections.abc import Iterable

from candela_tui.analysis.retries import calls
from candela_tui.exchange import Exchange


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
    )
    return [exchange if any(each.id == exchange.id for each in call.tries) else call.last for call in calls(alike)]
