"""Claude on Vertex AI for a client that speaks Vertex rawPredict itself: everything crosses as it came.

Claude Code does so with CLAUDE_CODE_USE_VERTEX=1 and ANTHROPIC_VERTEX_BASE_URL; with CLAUDE_CODE_SKIP_VERTEX_AUTH=1 it
sends no credentials, and gets candela's.
"""

import re
from functools import partial

from candela_tui.config import Settings
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google import GoogleCredentials
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.client_hints import HINT_FIELDS
from candela_tui.protocol.headers import header
from candela_tui.protocol.native_calls import has_dot_segment
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.fields import request_fields
from candela_tui.proxy.outgoing import Asked, Attempt, Outgoing, Pairs, Reply
from candela_tui.proxy.upstreams.no_credentials import no_credentials
from candela_tui.proxy.upstreams.vertex_endpoint import vertex_endpoint
from candela_tui.proxy.upstreams.vertex_errors import TOKEN_RENEWED

_PATH = re.compile(r"/projects/[^/?#]+/locations/([^/?#]+)/[^?#]+(?:\?.*)?")


class VertexNative:
    """Passes requests on to the location that their path names."""

    def __init__(self, settings: Settings, credentials: GoogleCredentials) -> None:
        """``credentials`` belong to someone else."""
        self._credentials = credentials
        self._base_url = settings.vertex.base_url

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The same request, at Google; with candela's token where the client sent none."""
        place = _PATH.fullmatch(asked.path)
        if place is None or has_dot_segment(asked.path):
            # With a token of candela's no other place at Google may be reached through here.
            return error_reply(
                404,
                f"{asked.method} {asked.path.partition('?')[0]} is not below"
                " /projects/PROJECT/locations/REGION/, where Vertex AI has its models",
            )
        try:
            url = vertex_endpoint(place[1], self._base_url) + "/v1" + asked.path
        except ValueError as error:
            return error_reply(400, str(error))
        if header(asked.headers, "authorization") is not None:
            request = Outgoing(asked.method, url, _fields(asked), asked.body)
            return Attempt(request=request, provider="vertex", region=place[1])
        try:
            token = await self._credentials.token()
        except CredentialsError as error:
            return no_credentials(error)
        return self._with_token(asked, url, place[1], token)

    def _with_token(self, asked: Asked, url: str, region: str, token: str, *, again: bool = False) -> Attempt:
        fields = [*_fields(asked), ("Authorization", f"Bearer {token}")]
        return Attempt(
            request=Outgoing(asked.method, url, fields, asked.body),
            provider="vertex",
            region=region,
            adaptations=(Adaptation("retry", "authorization", TOKEN_RENEWED),) if again else (),
            on_error=None if again else partial(self._after_error, asked, url, region, token),
        )

    async def _after_error(
        self, asked: Asked, url: str, region: str, token: str, status: int, headers: Pairs, body: bytes
    ) -> Attempt | Reply | None:
        if status != 401:
            return None
        try:
            renewed = await self._credentials.renewed(token)
        except CredentialsError as error:
            return no_credentials(error)
        return self._with_token(asked, url, region, renewed, again=True)

    async def close(self) -> None:
        """It owns nothing."""


def _fields(asked: Asked) -> Pairs:
    """All but what is for Anthropic: hints, and its key, which Claude Code sends to Vertex AI where it has one."""
    dropped = HINT_FIELDS | {"x-api-key"}
    return [(name, value) for name, value in request_fields(asked.headers) if name.lower() not in dropped]
