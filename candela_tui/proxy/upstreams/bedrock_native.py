"""Bedrock for a client that speaks its invoke API itself: everything crosses as it came, signed by candela.

Claude Code does so with CLAUDE_CODE_USE_BEDROCK=1 and ANTHROPIC_BEDROCK_BASE_URL. A client's own signature holds for
candela's address only; a Bedrock API key (``Authorization: Bearer``) is no signature and goes on.
"""

import re
from functools import partial

from candela_tui.config import Settings
from candela_tui.credentials.aws import AwsCredentials, Keys
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sigv4 import SIGNATURE_FIELDS
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.client_hints import HINT_FIELDS
from candela_tui.protocol.headers import header
from candela_tui.protocol.native_calls import has_dot_segment
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.fields import request_fields
from candela_tui.proxy.outgoing import Asked, Attempt, Outgoing, Pairs, Reply
from candela_tui.proxy.upstreams.bedrock_access import BedrockAccess, bedrock_endpoint, keys_refused, keys_renewed
from candela_tui.proxy.upstreams.no_credentials import no_credentials

_RUNTIME = re.compile(r"/model/[^/?#]+/[^?#]+(?:\?.*)?")
_CONTROL = re.compile(r"/(?:inference-profiles|foundation-models|foundation-model-availability)(?:/[^?#]*)?(?:\?.*)?")
_ANTHROPICS_KEY = "sk-ant-"


class BedrockNative:
    """Passes requests on to bedrock-runtime, and those for lists of models to the control plane."""

    def __init__(self, settings: Settings, credentials: AwsCredentials) -> None:
        """``credentials`` belong to someone else."""
        self._base_url = settings.aws.base_url
        self._credentials = credentials
        self._access = BedrockAccess(settings.aws, credentials)

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The same request, at AWS, signed with candela's keys unless it has a Bedrock API key."""
        control = asked.method in ("GET", "HEAD") and _CONTROL.fullmatch(asked.path) is not None
        if not (control or _RUNTIME.fullmatch(asked.path)) or has_dot_segment(asked.path):
            # With keys of candela's nothing else at AWS may be reached through here.
            return error_reply(
                404,
                f"candela passes {asked.method} {asked.path.partition('?')[0]} to no place at AWS. There is"
                " /model/ID/…, GET /inference-profiles, GET /foundation-models.",
            )
        try:
            region = await self._access.region()
            if _has_api_key(asked.headers):
                url = bedrock_endpoint(region, self._base_url, control=control) + asked.path
                request = Outgoing(asked.method, url, _fields(asked, keep=frozenset({"authorization"})), asked.body)
                return Attempt(request=request, provider="bedrock", region=region)
            keys = await self._credentials.keys()
            return await self._signed(asked, control, region, keys)
        except CredentialsError as error:
            return no_credentials(error)
        except ValueError as error:
            return error_reply(400, str(error))

    async def _signed(self, asked: Asked, control: bool, region: str, keys: Keys, *, again: bool = False) -> Attempt:
        """Raises ValueError where it can't be signed."""
        request = await self._access.signed(
            asked.method, asked.path, _fields(asked), asked.body, keys, region, control=control
        )
        return Attempt(
            request=request,
            provider="bedrock",
            region=region,
            adaptations=(Adaptation("retry", "authorization", keys_renewed()),) if again else (),
            on_error=None if again else partial(self._after_error, asked, control, region, keys),
        )

    async def _after_error(
        self, asked: Asked, control: bool, region: str, keys: Keys, status: int, headers: Pairs, body: bytes
    ) -> Attempt | Reply | None:
        if not keys_refused(keys, status, headers, body):
            return None
        try:
            renewed = await self._credentials.renewed(keys)
        except CredentialsError as error:
            return no_credentials(error)
        return await self._signed(asked, control, region, renewed, again=True)

    async def close(self) -> None:
        """It owns nothing."""


def _has_api_key(headers: Pairs) -> bool:
    scheme, _, key = (header(headers, "authorization") or "").partition(" ")
    return scheme.lower() == "bearer" and not key.strip().startswith(_ANTHROPICS_KEY)


def _fields(asked: Asked, keep: frozenset[str] = frozenset()) -> Pairs:
    """Without what signs for candela's address, and without a key or hints for Anthropic."""
    dropped = (SIGNATURE_FIELDS | HINT_FIELDS | {"x-api-key"}) - keep
    return [(name, value) for name, value in request_fields(asked.headers) if name.lower() not in dropped]
