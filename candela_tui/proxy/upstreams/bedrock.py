"""Claude on AWS Bedrock for a client that speaks Messages.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html and
https://platform.claude.com/docs/en/build-with-claude/claude-on-amazon-bedrock.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

import aiohttp

from candela_tui.config import Settings, aws_profile
from candela_tui.credentials.aws import AwsCredentials, Keys
from candela_tui.credentials.errors import CredentialsError
from candela_tui.protocol.aws_errors import aws_error
from candela_tui.protocol.bedrock_answers import invoke_answer
from candela_tui.protocol.errors import and_then, error_answer, error_from_body
from candela_tui.protocol.event_stream import EVENT_STREAM
from candela_tui.protocol.headers import request_id
from candela_tui.protocol.mapping import Mapped, count_tokens_to_bedrock, to_bedrock
from candela_tui.proxy.client_answer import error_reply, reply
from candela_tui.proxy.outgoing import Asked, Attempt, Pairs, Reply, Translation
from candela_tui.proxy.upstreams.bedrock_access import BedrockAccess, keys_refused, keys_renewed
from candela_tui.proxy.upstreams.bedrock_counts import (
    ACCEPT_FIELD,
    CountedTokens,
    accepts_estimate,
    can_not_count,
    estimated,
)
from candela_tui.proxy.upstreams.bedrock_models import BedrockModels
from candela_tui.proxy.upstreams.mapper import FIRST_TRY, Mapper, Mapping, Tries
from candela_tui.proxy.upstreams.messages_request import MessagesRequest, messages_request
from candela_tui.proxy.upstreams.model_list import ModelList
from candela_tui.proxy.upstreams.models_answer import asks_for_models
from candela_tui.proxy.upstreams.no_credentials import no_credentials

# Guardrails, service tier and trace of Bedrock, such as from ANTHROPIC_CUSTOM_HEADERS.
_BEDROCK_OWN = "x-amzn-bedrock-"
_OURS = frozenset({"x-amzn-bedrock-accept", "x-amzn-bedrock-content-type"})


@dataclass(frozen=True, slots=True)
class _Call:
    """One request of a client, with what its attempts so far have taught."""

    request: MessagesRequest
    mapping: Mapping
    region: str
    keys: Keys
    tries: Tries = FIRST_TRY


class Bedrock:
    """Messages, count_tokens and the list of models on Bedrock."""

    def __init__(self, settings: Settings, credentials: AwsCredentials, session: aiohttp.ClientSession) -> None:
        """``credentials`` are its own from now on; others may use them until it is closed."""
        self._credentials = credentials
        self._access = BedrockAccess(settings.aws, credentials)
        self._profile = aws_profile(settings.aws)
        self._names = {name: names.bedrock for name, names in settings.models.items() if names.bedrock}
        self._betas = settings.aws.betas
        models = BedrockModels(self._access, self._names, self._profile, session)
        self._models = ModelList("Bedrock", models.fetch)
        self._mapper = Mapper("Bedrock")

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The request in Bedrock's form, signed; or an answer of candela's own."""
        if asks_for_models(asked.method, asked.path):
            return await self._models.reply(asked.path)
        request = messages_request(asked, "Bedrock")
        if isinstance(request, Reply):
            return request
        try:
            region = await self._access.region()
            keys = await self._credentials.keys()
        except CredentialsError as error:
            return no_credentials(error)
        except ValueError as error:
            return error_reply(400, str(error))
        return await self._mapped(_Call(request, self._mapping(request, region), region, keys))

    def _mapping(self, request: MessagesRequest, region: str) -> Mapping:
        prefix, widen = self._access.profiles(region)
        to_map = count_tokens_to_bedrock if request.counts else partial(to_bedrock, widen=widen)
        return partial(
            to_map, request.body, betas=request.betas, names=self._names, prefix=prefix, own_betas=self._betas
        )

    async def _mapped(self, call: _Call) -> Attempt | Reply:
        try:
            mapped = await self._mapper.mapped(call.request, call.mapping, call.tries)
            path = _path(call, mapped)
            fields = _fields(call, mapped)
            request = await self._access.signed("POST", path, fields, mapped.body, call.keys, call.region)
        except ValueError as error:
            return error_reply(400, str(error))
        return Attempt(
            request=request,
            provider="bedrock",
            region=call.region,
            model=mapped.model,
            adaptations=(*mapped.adaptations, *call.tries.retries),
            translate=_counted if call.request.counts else invoke_answer,
            on_error=partial(self._after_error, call, mapped),
        )

    async def _after_error(
        self, call: _Call, mapped: Mapped, status: int, headers: Pairs, body: bytes
    ) -> Attempt | Reply:
        said = error_from_body(status, body).message
        if not call.tries.renewed and keys_refused(call.keys, status, headers, body):
            return await self._with_other_keys(call, headers, said)
        if call.request.counts and can_not_count(said):
            return _no_count(call.request, headers, said)
        answer = aws_error(
            status,
            headers,
            body,
            now=datetime.now(UTC),
            region=call.region,
            model=mapped.model,
            profile=self._profile,
        )
        if answer.status == 400:
            tries = await self._mapper.after_refusal(call.request, call.mapping, call.tries, mapped, said)
            if tries is not None:
                return await self._mapped(replace(call, tries=tries))
        return reply(answer)

    async def _with_other_keys(self, call: _Call, headers: Pairs, said: str) -> Attempt | Reply:
        try:
            keys = await self._credentials.renewed(call.keys)
        except CredentialsError as error:
            return no_credentials(error, said, headers)
        return await self._mapped(replace(call, keys=keys, tries=call.tries.with_other_credentials(keys_renewed(said))))

    async def close(self) -> None:
        """Closes the credentials, too."""
        await self._models.close()
        await self._credentials.close()


def _path(call: _Call, mapped: Mapped) -> str:
    """Raises ValueError for a name that is no part of a path."""
    if mapped.model in (".", ".."):
        raise ValueError(f"model: {mapped.model} is no model")
    invoke = "invoke-with-response-stream" if mapped.streamed else "invoke"
    return f"/model/{quote(mapped.model, safe='')}/{'count-tokens' if call.request.counts else invoke}"


def _fields(call: _Call, mapped: Mapped) -> Pairs:
    """Nothing of the client's goes to AWS but what it says to Bedrock itself: its key is not AWS's."""
    own = [
        (name, value)
        for name, value in call.request.headers
        if (lower := name.lower()).startswith(_BEDROCK_OWN) and lower not in _OURS
    ]
    return [
        ("Content-Type", "application/json"),
        ("Accept", EVENT_STREAM if mapped.streamed else "application/json"),
        # What is translated must come as it is.
        ("Accept-Encoding", "identity"),
        *own,
    ]


def _counted(status: int, headers: Pairs) -> Translation:
    return CountedTokens(headers)


def _no_count(request: MessagesRequest, headers: Pairs, said: str) -> Reply:
    if accepts_estimate(request.headers):
        return estimated(request.body)
    words = and_then(said, f"A client that sends {ACCEPT_FIELD}: accept gets an estimate.")
    return reply(error_answer(400, words, request_id=request_id(headers)))
