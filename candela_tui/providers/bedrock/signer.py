"""Sign requests to the services of AWS that speak the Messages API."""

import re
from collections.abc import Awaitable, Callable

from candela_tui.credentials.api_key import ApiKey
from candela_tui.credentials.owner import Accepts, Owner
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.bedrock.access import keys_refused
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials, BearerKey, Keys
from candela_tui.providers.bedrock.signing import signed
from candela_tui.providers.pass_through import Endpoint
from candela_tui.providers.upstream import ProviderRequest

_REFUSED_KEYS = re.compile(
    rb"security token .{0,60}(?:invalid|expired)|bearer token has expired|authentication failed.{0,60}API key",
    re.IGNORECASE,
)
_REFUSED_SIGNATURE = re.compile(rb"signature (?:expired|not yet current|we calculated)", re.IGNORECASE)
"""Other keys do not help: the clock is wrong, or the request was changed on its way."""


class AwsSigner:
    """Authorizes requests to one service with the service's API key, or else with the AWS keys of this machine."""

    accepts = Accepts(frozenset({"authorization", "x-api-key"}), Owner.AWS)

    def __init__(
        self,
        service: str,
        endpoint: Callable[[], Awaitable[Endpoint]],
        credentials: AwsCredentials,
        api_key: ApiKey | None = None,
    ) -> None:
        """``service`` is the service's name in signatures. ``endpoint`` returns the endpoint with its region. It may
        raise ValueError and CredentialsError. ``api_key`` goes before ``credentials``, which must give no API keys of
        their own while it has one. Takes ownership of both."""
        self._service = service
        self._endpoint = endpoint
        self._credentials = credentials
        self._api_key = api_key

    async def endpoint(self, path: str) -> Endpoint:
        """Return the endpoint in the region. Raises ValueError, CredentialsError."""
        return await self._endpoint()

    async def credentials(self) -> Keys:
        """Return the API key, or else keys that are still valid. Raises CredentialsError."""
        api_key = await self._api_key.get() if self._api_key is not None else None
        return BearerKey(api_key) if api_key is not None else await self._credentials.keys()

    async def renewed(self, refused: Keys) -> Keys:
        """Return other keys than those that AWS refused. Raises CredentialsError."""
        if self._api_key is not None and isinstance(refused, BearerKey):
            return BearerKey(await self._api_key.renewed(refused.token))
        return await self._credentials.renewed(refused)

    async def signed(self, request: ProviderRequest, credentials: Keys, region: str | None) -> HeaderList:
        """Return the fields of a signature, or of a Bedrock API key. Raises ValueError."""
        assert region is not None
        return await signed(
            request.method, request.url, request.headers, request.body, credentials, region, self._service
        )

    def refuses(self, credentials: Keys, status: int, headers: HeaderList, body: bytes) -> bool:
        """Return whether the service says that the keys have expired or are unknown.

        It does so in AWS's form or in that of the Messages API, which has no code for it but the status 401."""
        if status not in (401, 403) or _REFUSED_SIGNATURE.search(body):
            return False
        known = keys_refused(credentials, status, headers, body) or _REFUSED_KEYS.search(body) is not None
        return known or status == 401

    async def close(self) -> None:
        """Close the API key and the credentials."""
        if self._api_key is not None:
            await self._api_key.close()
        await self._credentials.close()
