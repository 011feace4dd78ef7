"""One session of a page: its sums, plots, conversation, sub-agents, and the requests outside the conversation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from candela_tui.analysis.conversation import Conversation, conversations
from candela_tui.analysis.labels import KINDS, agent_name
from candela_tui.analysis.retries import Call
from candela_tui.analysis.turns import turns
from candela_tui.exchange import Exchange
from candela_tui.ledger.names import agent_names, session_title
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.ledger.totals import Totals
from candela_tui.reports.page.blocks import Blocks
from candela_tui.reports.page.markup import escaped
from candela_tui.reports.page.plots import Column, plots
from candela_tui.reports.page.summary import agents_table, figures, parts_table, session_facts
from candela_tui.reports.page.turn import Place, turn_parts
from candela_tui.reports.reading import BodyReading
from candela_tui.reports.report import Export
from candela_tui.text import amounts


@dataclass(frozen=True, slots=True)
class _Talk:
    """A conversation with its place in the page."""

    id: str
    name: str
    description: str | None
    conversation: Conversation


class SessionPart:
    """Writes one session. ``id`` begins the ids of its elements."""

    def __init__(self, read: SessionRequests, export: Export, id: str) -> None:
        self._read = read
        self._id = id
        self._reading = BodyReading(export.bodies)
        self._pricer = export.pricer
        names = agent_names(read.session)
        found, self._outside = conversations(read.exchanges)
        found.sort(key=lambda each: each.agent_id is not None)
        self._talks = [
            _Talk(f"{id}-c{number}", agent_name(each.agent_id, names), self._description(each.agent_id), each)
            for number, each in enumerate(found)
        ]
        self._targets = self._targets_by_id()
        self._starts = _Starts(read.exchanges, self._talks)

    def parts(self) -> Iterator[str]:
        """Yield the session in pieces."""
        session = self._read.session
        yield f'<section class="session" id="{self._id}" aria-labelledby="{self._id}-title">\n'
        yield from self._contents()
        yield f'<div class="body">\n<h1 id="{self._id}-title">{escaped(session_title(session))}</h1>\n'
        yield session_facts(self._read)
        yield f'<section id="{self._id}-sums"><h2 class="hidden">Summary</h2>\n'
        totals = _sums(self._read.exchanges)
        yield figures(self._read.exchanges, totals, len(session.agents))
        yield plots([Column(each, self._targets[each.id]) for each in self._read.exchanges])
        yield parts_table(totals)
        yield "</section>\n"
        for talk in self._talks:
            if talk.conversation.agent_id is None:
                yield f'<section class="talk" id="{talk.id}"><h2>Conversation</h2>\n'
                yield from self._turns(talk)
                yield "</section>\n"
        yield from self._agents()
        yield from self._side_requests()
        yield "</div>\n</section>\n"

    def _contents(self) -> Iterator[str]:
        yield f'<nav aria-label="Contents"><ol data-outline="{self._id}">\n'
        yield f'<li><a href="#{self._id}-sums">Summary</a></li>\n'
        for talk in self._talks:
            main = talk.conversation.agent_id is None
            name = "Conversation" if main else talk.name
            yield f'<li{"" if main else " class=agent"}><a href="#{talk.id}">{escaped(name)}</a></li>\n'
        if self._outside:
            yield f'<li><a href="#{self._id}-side">Other requests</a></li>\n'
        yield "</ol></nav>\n"

    def _turns(self, talk: _Talk) -> Iterator[str]:
        blocks = Blocks()
        for number, turn in enumerate(turns(talk.conversation.calls, self._reading), 1):
            links = self._starts.of(turn.call.last)
            place = Place(f"{talk.id}-t{number}", f"Turn {number}", links)
            yield from turn_parts(turn, place, blocks, self._read.contexts, self._pricer)

    def _agents(self) -> Iterator[str]:
        talks = [talk for talk in self._talks if talk.conversation.agent_id is not None]
        if not talks:
            return
        yield f'<section id="{self._id}-agents"><h2>Sub-agents</h2>\n'
        yield agents_table(
            [
                (talk.id, talk.name, talk.description, _sums(self._of_agent(talk.conversation.agent_id)))
                for talk in talks
            ]
        )
        for talk in talks:
            told = f' <span class="brief">{escaped(talk.description)}</span>' if talk.description else ""
            yield f'<details class="talk" id="{talk.id}"><summary><b>{escaped(talk.name)}</b>{told} '
            yield f'<span class="note">{amounts.requests(len(talk.conversation.calls))}</span></summary>\n'
            yield from self._turns(talk)
            yield "</details>\n"
        yield "</section>\n"

    def _side_requests(self) -> Iterator[str]:
        if not self._outside:
            return
        yield f'<section id="{self._id}-side"><h2>Other requests</h2>\n'
        yield "<p>What the client asked outside the conversation, such as a title for the session.</p>\n"
        yield f'<details class="talk"><summary><b>{amounts.requests(len(self._outside))}</b></summary>\n'
        for number, call in enumerate(self._outside, 1):
            (turn,) = turns([call], self._reading)
            kind = KINDS[call.last.kind]
            place = Place(f"{self._id}-o{number}", f"{kind[0].upper()}{kind[1:]}")
            yield from turn_parts(turn, place, Blocks(), self._read.contexts, self._pricer)
        yield "</details>\n</section>\n"

    def _of_agent(self, agent_id: str | None) -> list[Exchange]:
        return [each for each in self._read.exchanges if each.agent_id == agent_id]

    def _description(self, agent_id: str | None) -> str | None:
        agent = self._read.session.agents.get(agent_id or "")
        return agent.description if agent is not None else None

    def _targets_by_id(self) -> Mapping[str, str]:
        """Return the id of the element that shows each exchange, by the id of the exchange."""
        places: list[tuple[str, Call]] = [
            (f"{talk.id}-t{number}", call)
            for talk in self._talks
            for number, call in enumerate(talk.conversation.calls, 1)
        ]
        places += [(f"{self._id}-o{number}", call) for number, call in enumerate(self._outside, 1)]
        return {each.id: target for target, call in places for each in call.tries}


class _Starts:
    """Finds the sub-agents that an answer starts: those with the task that it delegates."""

    def __init__(self, exchanges: Sequence[Exchange], talks: Sequence[_Talk]) -> None:
        tasks: dict[str | None, str] = {}
        for each in exchanges:
            if each.agent_id is not None and each.task is not None:
                tasks.setdefault(each.agent_id, each.task)
        self._waiting: dict[str, list[_Talk]] = {}
        for talk in talks:
            task = tasks.get(talk.conversation.agent_id)
            if task is not None:
                self._waiting.setdefault(task, []).append(talk)

    def of(self, exchange: Exchange) -> list[tuple[str, str]]:
        """Return id and name of each conversation that an answer starts."""
        found = [self._waiting[each.task].pop(0) for each in exchange.delegations if self._waiting.get(each.task)]
        return [(talk.id, f"{talk.name}: {talk.description}" if talk.description else talk.name) for talk in found]


def _sums(exchanges: Sequence[Exchange]) -> Totals:
    totals = Totals()
    for each in exchanges:
        totals.add(each)
    return totals
