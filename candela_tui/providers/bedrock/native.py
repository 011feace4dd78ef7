"""Bedrock for clients that use its invoke API themselves. Requests pass through unchanged, signed by candela.

Claude Code does so with CLAUDE_CODE_USE_BEDROCK=1 and ANTHROPIC_BEDROCK_BASE_URL. A client's own signature is replaced,
because it is valid only for candela's address. A Bedrock API key (``Authorization: Bearer``) is passed on, and so is a
key of unknown form, because a private endpoint may have keys of its own. A key for another provider, or a placeholder,
is replaced by candela's signature.

Below ``/anthropic`` it is the Messages API, as bedrock-runtime has it there.
"""

import re
from dataclasses import replace
from functools import partial

from candela_tui.config import Settings
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.owner import Accepts, Owner, client_credentials
from candela_tui.network.header_fields import request_fields
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.claude_code.hints import HINT_FIELDS
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.native_calls import has_dot_segment
from candela_tui.providers.bedrock.access import BedrockAccess, bedrock_endpoint, keys_refused, keys_renewed
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials, Keys
from candela_tui.providers.bedrock.runtime_messages import RuntimeMessages
from candela_tui.providers.bedrock.signer import AwsSigner
from candela_tui.providers.bedrock.signing import BEDROCK
from candela_tui.providers.identity import Provider
from candela_tui.providers.named_host import as_sent
from candela_tui.providers.pass_through import Endpoint, PassThrough
from candela_tui.providers.replies import error_reply, no_credentials
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply

_RUNTIME = re.compile(r"/model/[^/?#]+/[^?#]+(?:\?.*)?")
_MESSAGES = "/anthropic"
"""What comes before the paths of the Messages API."""
_CONTROL = re.compile(r"/(?:inference-profiles|foundation-models|foundation-model-availability)(?:/[^?#]*)?(?:\?.*)?")


class BedrockNative:
    """Passes requests on to bedrock-runtime, and requests for lists of models to the control plane."""

    accepts = Accepts(frozenset({"authorization"}), Owner.AWS)

    def __init__(self, settings: Settings, credentials: AwsCredentials) -> None:
        """``credentials`` are owned and closed by the caller."""
        self._base_url = settings.aws.base_url
        self._credentials = credentials
        self._access = BedrockAccess(settings.aws, credentials)

        async def endpoint() -> Endpoint:
            region = await self._access.region()
            return Endpoint(bedrock_endpoint(region, self._base_url) + _MESSAGES, region)

        signer = AwsSigner(BEDROCK, endpoint, credentials)
        self._messages = RuntimeMessages(PassThrough(Provider.MANTLE, signer))

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return an attempt that sends the same request to AWS, signed with candela's keys unless it has a Bedrock API
        key."""
        if asked.named is not None and self._base_url is None:
            return as_sent(asked, asked.named, Provider.BEDROCK, _region(asked.named.host))
        if asked.path.startswith(f"{_MESSAGES}/"):
            return await self._messages.attempt(replace(asked, path=asked.path.removeprefix(_MESSAGES)))
        control = asked.method in ("GET", "HEAD") and _CONTROL.fullmatch(asked.path) is not None
        if not (control or _RUNTIME.fullmatch(asked.path)) or has_dot_segment(asked.path):
            # candela's keys must not give access to other AWS operations.
            return error_reply(
                404,
                f"candela passes {asked.method} {asked.path.partition('?')[0]} to no place at AWS. There is"
                " /model/ID/…, /anthropic/v1/messages, GET /inference-profiles, GET /foundation-models.",
            )
        try:
            region = await self._access.region()
            client = client_credentials(_fields(asked), self.accepts)
            if client.accepted:
                url = bedrock_endpoint(region, self._base_url, control=control) + asked.path
                request = ProviderRequest(asked.method, url, client.headers, asked.body)
                return Attempt(request=request, provider=Provider.BEDROCK, region=region)
            keys = await self._credentials.keys()
            return await self._signed(asked, client.headers, control, region, keys)
        except CredentialsError as error:
            return no_credentials(error)
        except ValueError as error:
            return error_reply(400, str(error))

    async def _signed(
        self, asked: ClientRequest, fields: HeaderList, control: bool, region: str, keys: Keys, *, again: bool = False
    ) -> Attempt:
        """Return an attempt with a signed request. Raises ValueError if it can't be signed."""
        request = await self._access.signed(asked.method, asked.path, fields, asked.body, keys, region, control=control)
        return Attempt(
            request=request,
            provider=Provider.BEDROCK,
            region=region,
            adaptations=(Adaptation("retry", "authorization", keys_renewed()),) if again else (),
            own_credentials=True,
            on_error=None if again else partial(self._after_error, asked, fields, control, region, keys),
        )

    async def _after_error(
        self,
        asked: ClientRequest,
        fields: HeaderList,
        control: bool,
        region: str,
        keys: Keys,
        status: int,
        headers: HeaderList,
        body: bytes,
    ) -> Attempt | Reply | None:
        if not keys_refused(keys, status, headers, body):
            return None
        try:
            renewed = await self._credentials.renewed(keys)
        except CredentialsError as error:
            return no_credentials(error)
        return await self._signed(asked, fields, control, region, renewed, again=True)

    async def close(self) -> None:
        """Do nothing: the credentials belong to the mapped upstream."""


def _region(host: str) -> str | None:
    """Return the region in the name of an endpoint, such as bedrock-runtime.us-east-1.amazonaws.com."""
    labels = host.split(".")
    return labels[1] if len(labels) > 2 else None


def _fields(asked: ClientRequest) -> HeaderList:
    """Return the client's headers without the hints that are meant for Anthropic."""
    return [(name, value) for name, value in request_fields(asked.headers) if name.lower() not in HINT_FIELDS]
