"""The requests that a rule is about: the dashboard's filter language, for requests that have only just arrived."""

from collections.abc import Mapping

from candela_tui.analysis.filter import parse_for_arrivals
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.exchange import Exchange
from candela_tui.ledger.running import Spending
from candela_tui.providers.upstream import ClientRequest
from candela_tui.rules.reading import arrival, arrival_with_kind, beside_the_loop, directory, is_large, task
from candela_tui.text.times import utc_now

_OF_AGENTS = frozenset({"agent", "type"})
_OF_FORM = frozenset({"kind", ""})
"""What needs the kind that the form of the body says; words are looked for in it, too."""
_OF_SESSIONS = frozenset({"session", "project"})


class RequestFilter:
    """Matches requests by a filter. The empty one matches every request."""

    def __init__(self, text: str, spending: Spending) -> None:
        """Parse the filter. ``spending`` knows sessions and agents. Raises FilterError."""
        self._filter = parse_for_arrivals(text)
        self.matches_all = not self._filter
        """Whether every request matches, unread."""
        self.may_wait = not self._filter.fields.isdisjoint(_OF_AGENTS)
        """Whether ``matches`` may have to wait for what is recorded."""
        self._spending = spending
        self._read = arrival if self._filter.fields.isdisjoint(_OF_FORM) else arrival_with_kind

    async def matches(self, request: ClientRequest) -> bool:
        """Return whether a request matches. Where the name of a sub-agent is asked for, and only the call that started
        it says it, this waits for what is recorded of that call."""
        if self.matches_all:
            return True
        if not (self.may_wait or is_large(request)):
            return self.matches_now(request)
        exchange = await beside_the_loop(request, self._read)
        names: dict[str, str] = {}
        if self.may_wait and exchange.agent_id is not None:
            name = await agent_type(request, self._spending)
            names = {exchange.agent_id: name} if name is not None else {}
        if "project" in self._filter.fields:
            await beside_the_loop(request, directory)
        return self._matches(request, exchange, names)

    def matches_now(self, request: ClientRequest) -> bool:
        """Return whether a request matches, without waiting and on the loop. Only for a filter that does not have to
        wait, and a request that is not large."""
        return self.matches_all or self._matches(request, self._read(request), {})

    def _matches(self, request: ClientRequest, exchange: Exchange, names: Mapping[str, str]) -> bool:
        title = project = None
        if self._filter.fields & _OF_SESSIONS:
            title, project, _ = self._spending.about(exchange.session_id)
            if project is None and "project" in self._filter.fields:
                project = directory(request)
        return self._filter.matches(exchange, Surroundings(utc_now(), names, lambda _: title, lambda _: project))


async def agent_type(request: ClientRequest, spending: Spending) -> str | None:
    """Return the type of the sub-agent that makes a request, such as ``Explore``; None if it is the main agent or
    nothing says it."""
    exchange = await beside_the_loop(request, arrival)
    if exchange.agent_id is None:
        return None
    return await spending.agents.type_of(exchange, await beside_the_loop(request, task))
