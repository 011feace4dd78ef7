"""The sessions of people as a running proxy knows them."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final

from candela_tui.keys.key import Key, KeyState, hash_of
from candela_tui.keys.person import Person
from candela_tui.keys.proven_text import is_own_token
from candela_tui.keys.ring import KeyRing
from candela_tui.keys.session_store import SessionStore
from candela_tui.text.times import utc_now

_MOST_ENDED: Final = 10_000
"""Tokens that are remembered as no longer good."""


class Sessions:
    """Finds whose a token is. Used on the proxy's event loop.

    A token that another replica gave a moment ago is looked for in the database; no other request waits for it. While
    it is away, the tokens that were read last hold until they expire.
    """

    def __init__(
        self,
        store: SessionStore,
        now: Callable[[], datetime] = utc_now,
        on_loaded: Callable[[], None] = lambda: None,
    ) -> None:
        """``on_loaded`` is called each time that the sessions were read."""
        self.store = store
        self._now = now
        self._ring = KeyRing(store, None, now, lambda _: on_loaded())
        self._ended: OrderedDict[bytes, None] = OrderedDict()

    @property
    def people(self) -> tuple[Person, ...]:
        """Everyone who ever signed in."""
        return self.store.people

    async def refresh(self) -> None:
        """Read the sessions if they changed. Raises KeysError."""
        await self._ring.refresh()

    async def follow(self) -> None:
        """Read the sessions whenever those in a database have changed, until this is cancelled."""
        await self._ring.follow()

    async def find(self, text: str) -> Key | None:
        """Return the key that an access token is, or None if it is none, or no longer. Raises KeysError."""
        found = await self._ring.find(text)
        if found is None and self.is_token(text):
            found = await self._found_new(text)
        return found if found is not None and found.state(self._now()) is KeyState.ACTIVE else None

    def is_token(self, text: str) -> bool:
        """Return whether a text is an access or refresh token, which may have expired. Nothing is read for that: anyone
        can send texts."""
        pepper = self.store.known_pepper
        return pepper is not None and is_own_token(text, pepper)

    async def _found_new(self, text: str) -> Key | None:
        pepper = self.store.known_pepper
        assert pepper is not None
        digest = hash_of(text, pepper)
        if digest in self._ended:
            return None
        found = await self._ring.find_new(text)
        if found is None:
            # A token is kept before anybody gets it, so this one will never be good again.
            self._ended[digest] = None
            if len(self._ended) > _MOST_ENDED:
                self._ended.popitem(last=False)
        return found
