"""Claude on Vertex AI for clients that use rawPredict themselves. Requests and responses pass through unchanged.

Claude Code does so with CLAUDE_CODE_USE_VERTEX=1 and ANTHROPIC_VERTEX_BASE_URL. With CLAUDE_CODE_SKIP_VERTEX_AUTH=1 it
sends no Google credentials, and candela adds its own. A client's own Google token is passed on, and so is one of
unknown form, because a private endpoint may have tokens of its own. A token for another provider, or a placeholder,
is replaced.
"""

import re
from functools import partial

from candela_tui.config import Settings
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.owner import Accepts, Owner, client_credentials
from candela_tui.network.header_fields import request_fields
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.claude_code.hints import HINT_FIELDS
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.native_calls import has_dot_segment
from candela_tui.providers.identity import Provider
from candela_tui.providers.named_host import as_sent
from candela_tui.providers.replies import error_reply, no_credentials
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply
from candela_tui.providers.vertex.credentials import GoogleCredentials
from candela_tui.providers.vertex.endpoint import vertex_endpoint
from candela_tui.providers.vertex.errors import TOKEN_RENEWED

_PATH = re.compile(r"/projects/[^/?#]+/locations/([^/?#]+)/[^?#]+(?:\?.*)?")


class VertexNative:
    """Passes requests on to the location named in their path."""

    accepts = Accepts(frozenset({"authorization", "x-goog-api-key"}), Owner.GOOGLE)

    def __init__(self, settings: Settings, credentials: GoogleCredentials) -> None:
        """``credentials`` are owned and closed by the caller."""
        self._credentials = credentials
        self._base_url = settings.vertex.base_url

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return an attempt that sends the same request to Google, with candela's token if the client sent none."""
        if asked.named is not None and self._base_url is None:
            return as_sent(asked, asked.named, Provider.VERTEX, _location(asked.path))
        place = _PATH.fullmatch(asked.path)
        if place is None or has_dot_segment(asked.path):
            # candela's token must not be sent to other Google services.
            return error_reply(
                404,
                f"{asked.method} {asked.path.partition('?')[0]} is not below"
                " /projects/PROJECT/locations/REGION/, where Vertex AI has its models",
            )
        try:
            url = vertex_endpoint(place[1], self._base_url) + "/v1" + asked.path
        except ValueError as error:
            return error_reply(400, str(error))
        client = client_credentials(_fields(asked), self.accepts)
        if client.accepted:
            request = ProviderRequest(asked.method, url, client.headers, asked.body)
            return Attempt(request=request, provider=Provider.VERTEX, region=place[1])
        try:
            token = await self._credentials.token()
        except CredentialsError as error:
            return no_credentials(error)
        return self._with_token(asked, client.headers, url, place[1], token)

    def _with_token(
        self, asked: ClientRequest, fields: HeaderList, url: str, region: str, token: str, *, again: bool = False
    ) -> Attempt:
        authorized = [*fields, ("Authorization", f"Bearer {token}")]
        return Attempt(
            request=ProviderRequest(asked.method, url, authorized, asked.body),
            provider=Provider.VERTEX,
            region=region,
            adaptations=(Adaptation("retry", "authorization", TOKEN_RENEWED),) if again else (),
            own_credentials=True,
            on_error=None if again else partial(self._after_error, asked, fields, url, region, token),
        )

    async def _after_error(
        self,
        asked: ClientRequest,
        fields: HeaderList,
        url: str,
        region: str,
        token: str,
        status: int,
        headers: HeaderList,
        body: bytes,
    ) -> Attempt | Reply | None:
        if status != 401:
            return None
        try:
            renewed = await self._credentials.renewed(token)
        except CredentialsError as error:
            return no_credentials(error)
        return self._with_token(asked, fields, url, region, renewed, again=True)

    async def close(self) -> None:
        """Do nothing: the credentials belong to the mapped upstream."""


def _location(path: str) -> str | None:
    place = _PATH.fullmatch(path)
    return place[1] if place is not None else None


def _fields(asked: ClientRequest) -> HeaderList:
    """Return the client's headers without the hints that are meant for Anthropic."""
    return [(name, value) for name, value in request_fields(asked.headers) if name.lower() not in HINT_FIELDS]
