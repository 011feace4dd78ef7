"""What the rules of config.toml would have done about recorded requests."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from candela_tui.claude_code.permissions.paths import Place
from candela_tui.claude_code.permissions.patterns import ToolCall
from candela_tui.config import RulesSettings
from candela_tui.exchange import Exchange
from candela_tui.fulltext.recorded import RecordedConversation
from candela_tui.protocol.answer_decoder import TOOL_CALLS
from candela_tui.protocol.headers import header
from candela_tui.protocol.kind import FREE_KINDS
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.rules.models import DeniedModels
from candela_tui.rules.tools.declared import declared_tools
from candela_tui.rules.tools.judge import Judge
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader


class Trial:
    """Applies rules to what a store has. Only what they would have done at first is known: a conversation would have
    gone on differently."""

    def __init__(self, settings: RulesSettings, store: StoreReader) -> None:
        self._models = DeniedModels(settings.models.deny)
        self._judge = Judge(settings.tools)
        self._store = store
        self._conversation = RecordedConversation(store)
        self._home = str(Path.home())
        self._directories: dict[str | None, str | None] = {}

    def actions(self, since: datetime | None) -> Iterator[tuple[Exchange, RuleAction]]:
        """Yield what would have been done, the oldest request first. Raises StoreError."""
        for exchange in self._store.each(ExchangeQuery(since=since)):
            if exchange.clues is not None and exchange.clues.cwd is not None:
                self._directories[exchange.session_id] = exchange.clues.cwd
            if exchange.kind not in FREE_KINDS:
                for action in dict.fromkeys(self._of(exchange)):
                    yield exchange, action

    def _of(self, exchange: Exchange) -> Iterator[RuleAction]:
        pattern = self._models.denying(exchange.model) if exchange.model is not None else None
        if pattern is not None:
            yield RuleAction(self._models.name, "refuse", False, f"{exchange.model} is denied by {pattern}")
        if self._judge.judges_declared:
            for tool in self._declared(exchange):
                judgement = self._judge.of_declared(tool)
                if judgement is not None:
                    yield judgement.action
        if any(map(self._judge.concerns, exchange.tools_called)):
            yield from self._calls(exchange)

    def _declared(self, exchange: Exchange) -> list[str]:
        whole = self._store.exchange(exchange.id)
        encoding = header(whole.request_headers or (), "content-encoding") if whole is not None else None
        try:
            return declared_tools(self._store.request_body(exchange.id) or b"", encoding or "")
        except StoreError:
            # It is damaged, as `candela db check` says.
            return []

    def _calls(self, exchange: Exchange) -> Iterator[RuleAction]:
        whole = self._store.exchange(exchange.id)
        answer = self._conversation.answer(whole) if whole is not None else None
        place = Place(self._home, self._directories.get(exchange.session_id))
        for block in answer.blocks if answer is not None else ():
            if isinstance(block, dict) and block.get("type") in TOOL_CALLS:
                arguments = block.get("input")
                call = ToolCall(str(block.get("name")), arguments if isinstance(arguments, dict) else {})
                judgement = self._judge.of_call(call, place)
                if judgement is not None:
                    yield judgement.action
