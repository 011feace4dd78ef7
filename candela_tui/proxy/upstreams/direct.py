"""Anthropic itself: everything crosses as it came, but for a key where the client has none of its own."""

from functools import partial

from candela_tui.credentials.anthropic import NO_KEY, AnthropicKey
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.fields import request_fields
from candela_tui.proxy.outgoing import Asked, Attempt, Outgoing, Pairs, Reply

_KEYS = ("x-api-key", "authorization")
_SCHEME = "bearer "


class Direct:
    """Passes requests on to a base URL."""

    def __init__(self, base_url: str, key: AnthropicKey | None) -> None:
        """``key`` is its own from now on; None: there is none to put in."""
        self._base_url = base_url
        self._key = key

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The same request, below the base URL."""
        given = [value for name, value in asked.headers if name.lower() in _KEYS]
        if not all(map(_leaves_it, given)):
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
        # A placeholder beside a key of the client's own is for candela alone: Anthropic would refuse it, and the key.
        fields = [field for field in request_fields(asked.headers) if not _is_placeholder(*field)]
        return Attempt(request=Outgoing(asked.method, self._base_url + asked.path, fields, asked.body))

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


def _leaves_it(value: str) -> bool:
    """Whether a client's key or authorization leaves credentials to candela."""
    # The scheme's case does not matter (RFC 9110, section 11.1).
    bare = value[len(_SCHEME) :].strip() if value[: len(_SCHEME)].lower() == _SCHEME else value
    return bare in ("", PLACEHOLDER)


def _is_placeholder(name: str, value: str) -> bool:
    return name.lower() in _KEYS and value != "" and _leaves_it(value)
