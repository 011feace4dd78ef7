"""The sink that tells the proxy which message each agent got last."""

from candela_tui.analysis.conversation import CONTINUING
from candela_tui.exchange import Exchange, Recording
from candela_tui.providers.latest_messages import LatestMessages
from candela_tui.sinks.sink import Growth


class LatestMessagesSink:
    """Notes the id of each message of a conversation, as soon as it is known."""

    def __init__(self, messages: LatestMessages) -> None:
        self._messages = messages

    def began(self, exchange: Exchange, recording: Recording) -> None:
        """Do nothing: there is no message yet."""

    def grew(self, exchange: Exchange, growth: Growth | None) -> None:
        """Note the message that arrives."""
        self._note(exchange)

    def ended(self, exchange: Exchange, growth: Growth) -> None:
        """Note the message that arrived."""
        self._note(exchange)

    def _note(self, exchange: Exchange) -> None:
        marked = exchange.kind in CONTINUING and exchange.cache_ttls
        if marked and exchange.message_id and exchange.session_id and "session_id" not in exchange.inferred:
            agent = None if "agent_id" in exchange.inferred else exchange.agent_id
            self._messages.note(exchange.session_id, agent, exchange.message_id)
