"""The context of each exchange in its session: its agent, its branch, and the call that it is a try of."""

from collections.abc import Iterable, Sequence

from candela_tui.analysis.retries import Call, calls
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.ledger.sessions import SessionSummary, by_session


def contexts(exchanges: Iterable[Exchange]) -> dict[str, Context]:
    """Return the context of each exchange by its id. Pass all exchanges of a session together."""
    listed = list(exchanges)
    return contexts_in(listed, by_session(listed))


def contexts_in(exchanges: Sequence[Exchange], summaries: Iterable[SessionSummary]) -> dict[str, Context]:
    """Return the context of each exchange by its id. ``summaries`` are those of the exchanges' sessions."""
    sessions = {session.session_id: session for session in summaries}
    return {
        exchange.id: context_of(exchange, sessions[exchange.session_id], call)
        for call in calls(exchanges)
        for exchange in call.tries
    }


def context_of(exchange: Exchange, session: SessionSummary, call: Call) -> Context:
    """Return the context of one exchange in its session and call."""
    agent = session.agents.get(exchange.agent_id or "")
    ids = [each.id for each in call.tries]
    return Context(
        agent_type=agent.agent_type if agent else None,
        agent_description=agent.description if agent else None,
        branch=session.git_branch,
        call=ids[0],
        earlier_tries=ids.index(exchange.id),
    )
