"""The requests that a rule is about: the dashboard's filter language, for requests that have only just arrived."""

from candela_tui.analysis.filter import parse_for_arrivals
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.exchange import Exchange
from candela_tui.ledger.running import Spending
from candela_tui.protocol.claude_code.session_clues import first_user_text, session_clues
from candela_tui.providers.upstream import ClientRequest
from candela_tui.rules.reading import arrival, beside_the_loop, parsed
from candela_tui.text.times import utc_now

_OF_AGENTS = frozenset({"agent", "type"})
_OF_SESSIONS = frozenset({"session", "project"})


class RequestFilter:
    """Matches requests by a filter. The empty one matches every request."""

    def __init__(self, text: str, spending: Spending) -> None:
        """Parse the filter. ``spending`` knows sessions and agents. Raises FilterError."""
        self._filter = parse_for_arrivals(text)
        self._spending = spending

    @property
    def matches_all(self) -> bool:
        """Whether every request matches, unread."""
        return not self._filter

    async def matches(self, request: ClientRequest) -> bool:
        """Return whether a request matches. Where the name of a sub-agent is asked for, and only the call that started
        it says it, this waits for what is recorded of that call."""
        if self.matches_all:
            return True
        exchange = await beside_the_loop(request, arrival)
        return self._filter.matches(exchange, await self._surroundings(request, exchange))

    async def _surroundings(self, request: ClientRequest, exchange: Exchange) -> Surroundings:
        fields = self._filter.fields
        names: dict[str, str] = {}
        if fields & _OF_AGENTS and exchange.agent_id is not None:
            name = await agent_type(request, self._spending)
            names = {exchange.agent_id: name} if name is not None else {}
        title = project = None
        if fields & _OF_SESSIONS:
            title, project, _ = self._spending.about(exchange.session_id)
            if project is None and "project" in fields:
                project = await beside_the_loop(request, _directory)
        return Surroundings(utc_now(), names, lambda _: title, lambda _: project)


async def agent_type(request: ClientRequest, spending: Spending) -> str | None:
    """Return the type of the sub-agent that makes a request, such as ``Explore``; None if it is the main agent or
    nothing says it."""
    exchange = await beside_the_loop(request, arrival)
    if exchange.agent_id is None:
        return None
    return await spending.agents.type_of(exchange, await beside_the_loop(request, _task))


def _task(request: ClientRequest) -> str | None:
    body = parsed(request).request
    return first_user_text(body) if body is not None else None


def _directory(request: ClientRequest) -> str | None:
    body = parsed(request).request
    return session_clues(body).cwd if body is not None else None
