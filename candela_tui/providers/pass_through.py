"""Pass requests on to a provider that speaks the Messages API itself, with candela's credentials for it.

Path, body and response pass through unchanged. Of the client's header fields, the hints for Anthropic and credentials
for others are left out. candela adds its own credentials unless the client has some for this provider.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, Protocol, TypeVar

from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.owner import Accepts, client_credentials
from candela_tui.network.header_fields import request_fields
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.claude_code.hints import HINT_FIELDS
from candela_tui.protocol.errors import error_from_body
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.protocol.native_calls import has_dot_segment
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.replies import error_reply, no_credentials
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply

Credential = TypeVar("Credential")

_API = "/v1/"
_ANOTHER_TRY = "the provider refused the credentials; sent again with new ones"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider's Messages API is."""

    url: str
    """The base URL, to which paths such as ``/v1/messages`` are appended."""
    region: str | None = None
    """The region or location, for display and prices."""
    fields: tuple[tuple[str, str], ...] = ()
    """Header fields that every request needs, such as the workspace. A client's own field of that name stays unless it
    is empty."""
    needs: tuple[str, str] | None = None
    """A header field that only the client can provide, and the message for one that does not."""


class Signer(Protocol[Credential]):
    """Knows a provider's endpoint and credentials."""

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that are passed on."""

    async def endpoint(self, path: str) -> Endpoint:
        """Return the endpoint for requests to a path, such as ``/v1/messages``. Raises ValueError if a setting is
        missing or invalid, CredentialsError if only the credentials could name it and they can't be read."""

    async def credentials(self) -> Credential:
        """Return the credentials to use. Raises CredentialsError."""

    async def renewed(self, refused: Credential) -> Credential:
        """Return other credentials than the refused ones. Raises CredentialsError."""

    async def signed(self, request: ProviderRequest, credentials: Credential, region: str | None) -> HeaderList:
        """Return the header fields that authorize a request. Raises ValueError if it can't be signed."""

    def refuses(self, credentials: Credential, status: int, headers: HeaderList, body: bytes) -> bool:
        """Return whether an error response means that the credentials are invalid, so that others may help."""

    async def close(self) -> None:
        """End the tasks that fetch credentials."""


class PassThrough(Generic[Credential]):
    """Serves one provider's Messages API."""

    def __init__(self, provider: Provider, signer: Signer[Credential]) -> None:
        """Takes ownership of ``signer``."""
        self._provider = provider
        self._signer = signer

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that are passed on."""
        return self._signer.accepts

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return an attempt that sends the same request to the provider."""
        if asked.method in ("HEAD", "GET") and asked.resource == "/":
            return Reply(200, [], b"")
        if not asked.path.startswith(_API) or has_dot_segment(asked.path):
            # candela's credentials must not give access to other services at the same host.
            title = PROVIDERS[self._provider].short_title
            return error_reply(
                404, f"{title} has nothing for {asked.method} {asked.resource}. Its API is below {_API}."
            )
        fields = [(name, value) for name, value in request_fields(asked.headers) if name.lower() not in HINT_FIELDS]
        # An unknown key may be for a gateway that is the provider's base URL, or for something else altogether.
        client = client_credentials(fields, replace(self._signer.accepts, unknown=False))
        try:
            endpoint = await self._signer.endpoint(asked.path)
            if endpoint.needs is not None and not header(_with_needed(fields, endpoint), endpoint.needs[0]):
                return error_reply(400, endpoint.needs[1])
            if client.accepted:
                return self._with_the_clients(asked, endpoint, client.headers)
            try:
                credentials = await self._signer.credentials()
            except CredentialsError:
                client = client_credentials(fields, self._signer.accepts)
                if not client.accepted:
                    raise
                return self._with_the_clients(asked, endpoint, client.headers)
            return await self._signed(_request(asked, endpoint, client.headers), endpoint.region, credentials)
        except CredentialsError as error:
            return no_credentials(error)
        except ValueError as error:
            return error_reply(400, str(error))

    def _with_the_clients(self, asked: ClientRequest, endpoint: Endpoint, fields: HeaderList) -> Attempt:
        """Return an attempt with the client's own credentials."""
        return Attempt(request=_request(asked, endpoint, fields), provider=self._provider, region=endpoint.region)

    async def _signed(
        self, request: ProviderRequest, region: str | None, credentials: Credential, *, again: bool = False
    ) -> Attempt:
        """Return an attempt with candela's credentials. Raises ValueError if it can't be signed."""
        own = await self._signer.signed(request, credentials, region)
        return Attempt(
            request=ProviderRequest(request.method, request.url, [*request.headers, *own], request.body),
            provider=self._provider,
            region=region,
            adaptations=(Adaptation("retry", "authorization", _ANOTHER_TRY),) if again else (),
            own_credentials=True,
            on_error=None if again else partial(self._after_error, request, region, credentials),
        )

    async def _after_error(
        self,
        request: ProviderRequest,
        region: str | None,
        credentials: Credential,
        status: int,
        headers: HeaderList,
        body: bytes,
    ) -> Attempt | Reply | None:
        if not self._signer.refuses(credentials, status, headers, body):
            return None
        try:
            renewed = await self._signer.renewed(credentials)
        except CredentialsError as error:
            return no_credentials(error, error_from_body(status, body).message, headers)
        return await self._signed(request, region, renewed, again=True)

    async def close(self) -> None:
        """Close the signer."""
        await self._signer.close()


def _request(asked: ClientRequest, endpoint: Endpoint, fields: HeaderList) -> ProviderRequest:
    """Return the client's request for the endpoint."""
    return ProviderRequest(asked.method, endpoint.url + asked.path, _with_needed(fields, endpoint), asked.body)


def _with_needed(fields: HeaderList, endpoint: Endpoint) -> HeaderList:
    """Return a client's header fields with those of the endpoint that it left out or empty."""
    given = {name.lower() for name, value in fields if value.strip()}
    missing = {name.lower(): (name, value) for name, value in endpoint.fields if name.lower() not in given}
    return [*(field for field in fields if field[0].lower() not in missing), *missing.values()]
