"""What the rules of config.toml would have done about recorded requests."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path

from candela_tui.analysis.filter import parse_for_arrivals
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.claude_code.permissions.paths import Place
from candela_tui.claude_code.permissions.patterns import ToolCall
from candela_tui.config import PricingSettings, RulesSettings
from candela_tui.exchange import Exchange
from candela_tui.fulltext.recorded import RecordedConversation
from candela_tui.ledger.ledger import Dimension
from candela_tui.ledger.running import RunningLedger
from candela_tui.pricing import Pricer
from candela_tui.protocol.answer_decoder import TOOL_CALLS
from candela_tui.protocol.headers import header
from candela_tui.protocol.kind import FREE_KINDS
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.exchange_ids import id_at
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.cache import RecordedRepeats
from candela_tui.rules.models.policy import ModelPolicy, refused, replaced
from candela_tui.rules.routes.recorded import RecordedRoutes
from candela_tui.rules.tools.declared import declared_tools
from candela_tui.rules.tools.judge import Judge
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import Clock, utc_now


class Trial:
    """Applies rules to what a store has. Only what they would have done at first is known: a conversation would have
    gone on differently."""

    def __init__(self, settings: RulesSettings, store: StoreReader) -> None:
        self._models = ModelPolicy(settings.models)
        self._judge = Judge(settings.tools)
        self._filters = {
            number: parse_for_arrivals(rule.match) for number, rule in enumerate(settings.tools) if rule.match
        }
        self._store = store
        self._conversation = RecordedConversation(store)
        self._home = str(Path.home())
        self._directories: dict[str | None, str | None] = {}
        self._ledger = RunningLedger(Clock())
        self._at = utc_now()
        self._budgets = Budgets(Pricer(PricingSettings()), self._ledger, now=lambda: self._at)
        self._routes = RecordedRoutes(settings)
        self._repeats = RecordedRepeats(settings, store)
        self._settings = settings

    def actions(self, since: datetime | None) -> Iterator[tuple[Exchange, RuleAction]]:
        """Yield what would have been done, the oldest request first. Raises StoreError."""
        self._begin(since)
        for exchange in self._store.each(ExchangeQuery(since=since)):
            if exchange.clues is not None and exchange.clues.cwd is not None:
                self._directories[exchange.session_id] = exchange.clues.cwd
            self._at = exchange.started_at
            if exchange.kind not in FREE_KINDS:
                for action in dict.fromkeys(self._of(exchange)):
                    yield exchange, action
            again = self._repeats.action(exchange, self._around(exchange))
            if again is not None:
                # Nothing would have been sent.
                yield exchange, again
                continue
            yield from ((exchange, action) for action in self._of_budgets(exchange))
            yield from ((exchange, action) for action in self._routes.actions(exchange))

    def _begin(self, since: datetime | None) -> None:
        """Count what budgets had spent by a moment."""
        if since is not None:
            self._at = since
        self._budgets.configure(self._settings)
        if not self._budgets:
            return
        if since is None:
            self._budgets.begin()
            return
        for _ in self._ledger.fill(self._store.totals(ExchangeQuery(before=id_at(since)))):
            pass
        asyncio.run(self._budgets.fill(self._store))

    def not_known(self) -> Iterator[str]:
        """Yield what the trial can't say of these rules."""
        if self._settings.fallback.chain:
            yield (
                "Whether the next provider would have answered is not known. Of a stream, only the time to its head is"
                " recorded, so one that began later than timeout_ms after that is not listed."
            )
        if self._settings.cache.kinds or self._settings.cache.match:
            yield "Requests whose bodies are not stored can't be compared, so they are not listed as repeats."
        if self._settings.models.below_budget:
            yield "Budgets are filled with what the requests did cost, not with what a cheaper model would have."

    def _of_budgets(self, exchange: Exchange) -> Iterator[RuleAction]:
        """Yield what budgets would have done. What they refuse counts no more, and its answer is not there to learn
        from."""
        if not self._budgets or exchange.live or exchange.imported is not None:
            return
        self._ledger.take(exchange)
        if exchange.asks_message:
            yield from self._budgets.tried(exchange, self._agents)

    @cached_property
    def _agents(self) -> dict[tuple[str | None, str], str | None]:
        """The types of sub-agents, by session and agent."""
        return self._store.agent_types(ExchangeQuery()).by_agent()

    @cached_property
    def _titles(self) -> dict[str | None, str | None]:
        sums = self._store.totals(ExchangeQuery(), by=(Dimension.SESSION,))
        return {session.session_id: session.title for session in sums.sessions()}

    def _agent(self, exchange: Exchange) -> str | None:
        """Return the type of the sub-agent that made a request."""
        return self._agents.get((exchange.session_id, exchange.agent_id)) if exchange.agent_id is not None else None

    def _judge_of(self, exchange: Exchange) -> Judge:
        """Return the judge with the rules that are about a request."""
        if not self._filters:
            return self._judge
        around = self._around(exchange)
        return self._judge.without(
            {number for number, wanted in self._filters.items() if not wanted.matches(exchange, around)}
        )

    def _around(self, exchange: Exchange) -> Surroundings:
        agent = self._agent(exchange)
        return Surroundings(
            utc_now(),
            {exchange.agent_id: agent} if exchange.agent_id is not None and agent is not None else {},
            lambda of: self._titles.get(of.session_id),
            lambda of: self._directories.get(of.session_id),
        )

    def _of(self, exchange: Exchange) -> Iterator[RuleAction]:
        if exchange.model is not None:
            yield from self._of_model(exchange, exchange.model)
        judge = self._judge_of(exchange)
        if judge.judges_declared:
            for tool in self._declared(exchange):
                judgement = judge.of_declared(tool)
                if judgement is not None:
                    yield judgement.action
        if any(map(judge.concerns, exchange.tools_called)):
            yield from self._calls(exchange, judge)

    def _of_model(self, exchange: Exchange, asked: str) -> Iterator[RuleAction]:
        agent = self._agent(exchange) if self._models.asks_agents else None
        model, because = self._models.chosen(asked, exchange.route, agent)
        if self._models.marks and exchange.asks_message:
            model, because = self._below_budget(exchange, model) or (model, because)
        denial = self._models.denial(model)
        if denial is not None:
            yield refused(asked, model, denial, dry_run=False)
        elif model != asked:
            yield replaced(asked, model, because, dry_run=False)

    def _below_budget(self, exchange: Exchange, model: str) -> tuple[str, str] | None:
        """Return the model that a budget's mark puts in place of another, and why, or None if none does."""
        for mark in self._models.marks:
            if self._budgets.full_for_recorded(exchange, self._agents, mark.budget or None) >= mark.past:
                found = self._models.below(model, mark, exchange.route)
                if found is not None:
                    return found
        return None

    def _declared(self, exchange: Exchange) -> list[str]:
        whole = self._store.exchange(exchange.id)
        encoding = header(whole.request_headers or (), "content-encoding") if whole is not None else None
        try:
            return declared_tools(self._store.request_body(exchange.id) or b"", encoding or "")
        except StoreError:
            # It is damaged, as `candela db check` says.
            return []

    def _calls(self, exchange: Exchange, judge: Judge) -> Iterator[RuleAction]:
        whole = self._store.exchange(exchange.id)
        answer = self._conversation.answer(whole) if whole is not None else None
        place = Place(self._home, self._directories.get(exchange.session_id))
        for block in answer.blocks if answer is not None else ():
            if isinstance(block, dict) and block.get("type") in TOOL_CALLS:
                arguments = block.get("input")
                call = ToolCall(str(block.get("name")), arguments if isinstance(arguments, dict) else {})
                judgement = judge.of_call(call, place)
                if judgement is not None:
                    yield judgement.action
