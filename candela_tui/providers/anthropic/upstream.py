"""Anthropic's own API. Requests pass through unchanged, except that candela adds a key if the client has none.

A gateway behind the base URL gets whatever credentials the client sends, except placeholders and signatures. Anthropic
itself gets none that are Google's, AWS's or Azure's.
"""

from functools import partial
from urllib.parse import urlsplit

from candela_tui.claude_code.models import ANTHROPIC_HOST
from candela_tui.credentials.api_key import ApiKey, no_key
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.owner import Accepts, Owner, client_credentials
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.identity import Provider
from candela_tui.providers.replies import error_reply
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply

_KEY = "x-api-key"
_ANTHROPIC = Accepts(frozenset({"authorization", _KEY}), Owner.ANTHROPIC)
_GATEWAY = Accepts(_ANTHROPIC.fields | {"api-key", "x-goog-api-key"}, None)


class Direct:
    """Passes requests on to Anthropic's base URL."""

    def __init__(self, base_url: str, key: ApiKey | None) -> None:
        """Takes ownership of ``key``, or adds no key if it is None."""
        self._base_url = base_url
        self._key = key
        self._accepts = _ANTHROPIC if urlsplit(base_url).hostname == ANTHROPIC_HOST else _GATEWAY

    @property
    def accepts(self) -> Accepts:
        """Anthropic's credentials and those of unknown form, or any if there is a gateway in its place."""
        return self._accepts

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return an attempt that sends the same request to the base URL."""
        client = client_credentials(asked.fields, self._accepts)
        if client.accepted:
            return self._untouched(asked, client.headers)
        try:
            key = await self._key.get() if self._key is not None else None
        except CredentialsError as error:
            return error_reply(401, str(error))
        if key is not None:
            return self._with_key(asked, client.headers, key)
        return (
            error_reply(401, no_key(Provider.ANTHROPIC)) if client.withheld else self._untouched(asked, client.headers)
        )

    async def close(self) -> None:
        """Close the key, if there is one."""
        if self._key is not None:
            await self._key.close()

    def _untouched(self, asked: ClientRequest, fields: HeaderList) -> Attempt:
        return Attempt(request=ProviderRequest(asked.method, self._base_url + asked.path, fields, asked.body))

    def _with_key(self, asked: ClientRequest, fields: HeaderList, key: str, *, again: bool = False) -> Attempt:
        return Attempt(
            request=ProviderRequest(asked.method, self._base_url + asked.path, [*fields, (_KEY, key)], asked.body),
            own_credentials=True,
            on_error=None if again or self._key is None else partial(self._after_error, self._key, asked, fields, key),
        )

    async def _after_error(
        self,
        keys: ApiKey,
        asked: ClientRequest,
        fields: HeaderList,
        key: str,
        status: int,
        headers: HeaderList,
        body: bytes,
    ) -> Attempt | Reply | None:
        if status != 401:
            return None
        try:
            return self._with_key(asked, fields, await keys.renewed(key), again=True)
        except CredentialsError as error:
            return error_reply(401, str(error))
