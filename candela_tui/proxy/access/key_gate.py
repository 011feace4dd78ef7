"""Decides by the keys of candela who may use the proxy. What each may use there is for ``rules/key_limits.py``.

A key comes as ``x-api-key``, as a bearer token or as ``X-Candela-Key``, and counts wherever it comes: what looks like a
key of candela's but is not one is refused, even where no key is required.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key, KeyState
from candela_tui.keys.ring import KeyRing
from candela_tui.network.header_fields import KEY_FIELD, TOKEN_FIELD
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.opened_hosts import has_models
from candela_tui.providers.upstream import ClientRequest
from candela_tui.proxy.local_api.token import is_token
from candela_tui.redaction import KEY_BEGINNING
from candela_tui.rules.key_limits import NOT_ALLOWED, PROVIDER_NOT_ALLOWED, provider_words

if TYPE_CHECKING:
    from candela_tui.keys.sessions import Sessions

logger = logging.getLogger(__name__)

_INVALID = "invalid_api_key"
_UNKNOWN_KEY = "the key is not one of candela's, or no longer"
_NO_KEY = "candela needs one of its own keys here, as x-api-key or as a bearer token, and the request has none"
_NO_KEY_NAMED = (
    "candela needs one of its own keys here, also for intercepted requests, and the request has none: send it in"
    ' X-Candela-Key, such as with ANTHROPIC_CUSTOM_HEADERS="X-Candela-Key: ck_live_…"'
)
_SIGNED_OUT = "the sign-in has ended"
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
            if lower in ("x-api-key", KEY_FIELD):
                return value.strip()
            if lower == "authorization":
                scheme, _, text = value.strip().partition(" ")
                return text.strip() if scheme.lower() == "bearer" else scheme
    return None


class KeyGate:
    """Finds the key of a request, and refuses those that have none or a wrong one."""

    def __init__(
        self, ring: KeyRing, token: Callable[[], str | None], *, required: bool, sessions: "Sessions | None" = None
    ) -> None:
        """``token`` returns that of the local API, with which candela's own checks need no key. ``sessions`` are those
        of people who signed in, if people can."""
        self._ring = ring
        self._sessions = sessions
        self._token = token
        self._required = required

    async def admit(self, request: ClientRequest, *, from_beyond: bool) -> Key | KeyRefusal | None:
        """Return the key of a request, the reason to refuse it, or None if it has no key and needs none.

        ``from_beyond``: the connection is not from this machine."""
        key = await self.holder(request.headers)
        if key is None:
            return self._without_key(request, from_beyond=from_beyond)
        if isinstance(key, Key) and not key.allows_route(request.route):
            return KeyRefusal(NOT_ALLOWED, PROVIDER_NOT_ALLOWED, provider_words(key, request.route.provider), key)
        return key

    async def holder(self, headers: HeaderList) -> Key | KeyRefusal | None:
        """Return the key that header fields have, the reason to refuse it, or None if they have none."""
        text = key_in(headers)
        if text is None:
            return None
        if self._sessions is not None and self._sessions.is_token(text):
            return await self._in_use(self._sessions.find(text), _SIGNED_OUT)
        return await self._in_use(self._ring.find(text), f"{_UNKNOWN_KEY}: {_ASK}")

    async def again(self, name: str) -> Key | KeyRefusal:
        """Return the key of this name, for a request that was sent with it and is sent again, or why it may not be."""
        return await self._in_use(self._ring.named(name), f"the key {name}, with which it was sent, is no longer there")

    async def _in_use(self, looking: Awaitable[Key | None], unknown: str) -> Key | KeyRefusal:
        """Return the key that is looked for, or the reason to refuse it. ``unknown`` says that there is none."""
        try:
            key = await looking
        except KeysError as error:
            logger.warning("%s", error)
            return KeyRefusal(503, "keys_unavailable", _UNREADABLE)
        if key is None:
            return KeyRefusal(401, _INVALID, unknown)
        state = self._ring.state(key)
        if state is KeyState.ACTIVE:
            return key
        code, words = _STATES[state]
        return KeyRefusal(401, code, f"the key {key.name} {words.format(name=key.name)}", key)

    def _without_key(self, request: ClientRequest, *, from_beyond: bool) -> KeyRefusal | None:
        if from_beyond:
            return KeyRefusal(401, _INVALID, f"{_NO_KEY}: {_ASK}")
        if not self._required:
            return None
        named = request.named
        if named is None:
            return None if self._is_own_check(request) else KeyRefusal(401, _INVALID, f"{_NO_KEY}: {_ASK}")
        # The client's own sign-in and reports cost nothing, and it can't add a key to them.
        return KeyRefusal(401, _INVALID, f"{_NO_KEY_NAMED}; {_ASK}") if has_models(named.host, named.target) else None

    def _is_own_check(self, request: ClientRequest) -> bool:
        given, token = header(request.headers, TOKEN_FIELD), self._token()
        return given is not None and token is not None and is_token(given, token)
