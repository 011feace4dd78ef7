"""Find the conversation that a request belongs to, if its client names no session."""

from collections import OrderedDict

import msgspec

from candela_tui.protocol.message_digests import message_digests

_MOST_KNOWN = 10_000
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
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return found
