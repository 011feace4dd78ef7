"""Decides by the keys of candela who may use the proxy. What each may use there is for ``rules/key_limits.py``.

A key comes as ``x-api-key`` or as a bearer token, and counts wherever it comes: what looks like a key of
candela's but is not one is refused, even where no key is required.
"""

import logging
from dataclasses import dataclass

from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key, KeyState
from candela_tui.keys.ring import KeyRing
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.identity import Route
from candela_tui.redaction import KEY_BEGINNING
from candela_tui.rules.key_limits import NOT_ALLOWED, PROVIDER_NOT_ALLOWED, provider_words

logger = logging.getLogger(__name__)

_UNKNOWN_KEY = "the key is not one of candela's, or no longer"
_NO_KEY = "candela needs one of its own keys here, as x-api-key or as a bearer token, and the request has none"
_ASK = "ask whoever runs candela for one (`candela keys create --name NAME` makes it)"
_UNREADABLE = "candela can't check keys now, so it refuses what has one or needs one: the log says why"
_STATES = {
    KeyState.DISABLED: ("key_disabled", "is disabled; `candela keys enable {name}` enables it"),
    KeyState.REVOKED: ("key_revoked", "was revoked"),
    KeyState.EXPIRED: ("key_expired", "has expired; `candela keys expire {name} --in 30d` gives it more time"),
}


@dataclass(frozen=True, slots=True)
class KeyRefusal:
    """Why a request is refused: the status of the answer, the code for programs, and words for people."""

    status: int
    code: str
    words: str
    key: Key | None = None
    """The key that the request has, where it is known: such a request is recorded."""


def key_in(headers: HeaderList) -> str | None:
    """Return the text of candela's key in a request, or None if it has none."""
    for name, value in headers:
        if KEY_BEGINNING in value:
            lower = name.lower()
            if lower == "x-api-key":
                return value.strip()
            if lower == "authorization":
                scheme, _, text = value.strip().partition(" ")
                return text.strip() if scheme.lower() == "bearer" else scheme
    return None


class KeyGate:
    """Finds the key of a request, and refuses those that have none or a wrong one."""

    def __init__(self, ring: KeyRing, *, required: bool) -> None:
        self._ring = ring
        self._required = required

    async def admit(self, headers: HeaderList, route: Route, *, from_beyond: bool) -> Key | KeyRefusal | None:
        """Return the key of a request on a route, the reason to refuse it, or None if it has no key and needs none.

        ``from_beyond``: the connection is not from this machine."""
        text = key_in(headers)
        if text is None:
            needed = self._required or from_beyond
            return KeyRefusal(401, "invalid_api_key", f"{_NO_KEY}: {_ASK}") if needed else None
        try:
            key = await self._ring.find(text)
        except KeysError as error:
            logger.warning("%s", error)
            return KeyRefusal(503, "keys_unavailable", _UNREADABLE)
        if key is None:
            return KeyRefusal(401, "invalid_api_key", f"{_UNKNOWN_KEY}: {_ASK}")
        state = self._ring.state(key)
        if state is not KeyState.ACTIVE:
            code, words = _STATES[state]
            return KeyRefusal(401, code, f"the key {key.name} {words.format(name=key.name)}", key)
        if not key.allows_route(route):
            return KeyRefusal(NOT_ALLOWED, PROVIDER_NOT_ALLOWED, provider_words(key, route.provider), key)
        return key
