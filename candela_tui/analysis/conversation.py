"""Which requests follow one another in a conversation."""

from collections.abc import Iterable

from candela_tui.analysis.retries import calls
from candela_tui.exchange import Exchange


def same_agent(one: Exchange, other: Exchange) -> bool:
    """Whether two requests are of the same agent of the same session."""
    return (one.session_id, one.agent_id) == (other.session_id, other.agent_id)


def same_conversation(exchanges: Iterable[Exchange], exchange: Exchange) -> list[Exchange]:
    """The calls of a session that are of the same agent and kind as one of its exchanges, each as its last try (or as
    that exchange, where it is a try), the earliest first.

    The conversation marks what the cache is to keep; the client's side requests, such as one that sums up a page of
    the web, do not.
    """
    marked = bool(exchange.cache_ttls)
    alike = (
        other
        for other in exchanges
        if (other.session_id, other.agent_id, other.kind) == (exchange.session_id, exchange.agent_id, exchange.kind)
        and bool(other.cache_ttls) == marked
    )
    return [exchange if any(each.id == exchange.id for each in call.tries) else call.last for call in calls(alike)]
