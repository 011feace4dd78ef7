"""Recognise conversations by their messages: that of a client that names no session, and one that another continues."""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from candela_tui.exchange import Continued
from candela_tui.protocol.message_digests import message_digests

MOST_KNOWN = 10_000
"""Conversations that are remembered; the one that was idle longest is dropped first."""


class Conversations:
    """Recognises a conversation by its messages: a request belongs to the one whose messages it extends."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str | None, bytes], str] = OrderedDict()
        """Ids of conversations by the program and the digest of all messages of a request."""

    def join(self, client: str | None, messages: list[msgspec.Raw], new_id: str) -> str:
        """Return the id of the conversation that these messages of this program extend or repeat, or ``new_id`` if they
        begin one."""
        digests = list(message_digests(messages))
        if not digests:
            return new_id
        found = next((known for digest in reversed(digests) if (known := self._known.get((client, digest)))), new_id)
        self._known[client, digests[-1]] = found
        self._known.move_to_end((client, digests[-1]))
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return found


class Origins:
    """Finds the session that a new one continues: the one whose answer the new one sends back, after the same
    messages."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Continued | None] = OrderedDict()
        """By the digest of a conversation with its answer, where it was; None if it was in several sessions."""

    def remember(self, conversation: str, session_id: str, exchange_id: str) -> None:
        """Remember a conversation of a session, as it was after an answer."""
        here = Continued(session_id, exchange_id)
        known = self._known.get(conversation, here)
        same = known is not None and known.session_id == session_id
        self._known[conversation] = here if same else None
        self._known.move_to_end(conversation)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def fill(self, recorded: Iterable[tuple[str, str, str]]) -> None:
        """Add what was recorded before this process: conversations, sessions and exchanges, the earliest first."""
        since = list(self._known.items())
        for conversation, session_id, exchange_id in recorded:
            self.remember(conversation, session_id, exchange_id)
        for conversation, where in since:
            if where is not None:
                self.remember(conversation, where.session_id, where.exchange_id)

    def find(self, conversation: str) -> Continued | None:
        """Return where a conversation was."""
        return self._known.get(conversation)
