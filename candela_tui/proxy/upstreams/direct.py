"""Anthropic itself: everything crosses as it came, but for a key where the client has none of its own."""

from functools import partial

from candela_tui.credentials.anthropic import NO_KEY, AnthropicKey
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.fields import request_fields
from candela_tui.proxy.outgoing import Asked, Attempt, Outgoing, Pairs, Reply

_KEYS = ("x-api-key", "authorization")
_PLACEHOLDERS = frozenset({"", PLACEHOLDER, f"Bearer {PLACEHOLDER}", f"bearer {PLACEHOLDER}"})


class Direct:
    """Passes requests on to a base URL."""

    def __init__(self, base_url: str, key: AnthropicKey | None) -> None:
        """``key`` is its own from now on; None: there is none to put in."""
        self._base_url = base_url
        self._key = key

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The same request, below the base URL."""
        given = [value for name, value in asked.headers if name.lower() in _KEYS]
        if any(value not in _PLACEHOLDERS for value in given):
            return self._untouched(asked)
        try:
            key = await self._key.get() if self._key is not None else None
        except CredentialsError as error:
            return error_reply(401, str(error))
        if key is not None:
            return self._with_key(asked, key)
        return error_reply(401, NO_KEY) if given else self._untouched(asked)

    async def close(self) -> None:
        """Closes the key, too."""
        if self._key is not None:
            await self._key.close()

    def _untouched(self, asked: Asked) -> Attempt:
        return Attempt(
            request=Outgoing(asked.method, self._base_url + asked.path, request_fields(asked.headers), asked.body)
        )

    def _with_key(self, asked: Asked, key: str, *, again: bool = False) -> Attempt:
        fields = [(name, value) for name, value in request_fields(asked.headers) if name.lower() not in _KEYS]
        return Attempt(
            request=Outgoing(asked.method, self._base_url + asked.path, [*fields, ("x-api-key", key)], asked.body),
            on_error=None if again or self._key is None else partial(self._after_error, self._key, asked, key),
        )

    async def _after_error(
        self, keys: AnthropicKey, asked: Asked, key: str, status: int, headers: Pairs, body: bytes
    ) -> Attempt | Reply | None:
        if status != 401:
            return None
        try:
            return self._with_key(asked, await keys.renewed(key), again=True)
        except CredentialsError as error:
            return error_reply(401, str(error))
