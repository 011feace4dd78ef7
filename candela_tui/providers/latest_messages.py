"""The id of the last message that each agent got, for the question why the cache missed."""

from collections import OrderedDict
from typing import Final

_MOST: Final = 1_000
"""Agents that are remembered, the latest."""


class LatestMessages:
    """Remembers the last message of each agent. Used on the proxy's loop only."""

    def __init__(self) -> None:
        self._ids: OrderedDict[tuple[str, str | None], str] = OrderedDict()

    def note(self, session_id: str, agent_id: str | None, message_id: str) -> None:
        """Remember the message that an agent got."""
        self._ids[session_id, agent_id] = message_id
        self._ids.move_to_end((session_id, agent_id))
        if len(self._ids) > _MOST:
            self._ids.popitem(last=False)

    def of(self, session_id: str, agent_id: str | None) -> str | None:
        """Return the id of the last message that an agent got, or None if it got none."""
        return self._ids.get((session_id, agent_id))
