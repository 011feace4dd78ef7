"""Claude on Amazon Bedrock for clients of the Messages API.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html and
https://platform.claude.com/docs/en/build-with-claude/claude-on-amazon-bedrock.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

from candela_tui.config import Settings, aws_profile
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.owner import NONE_ACCEPTED
from candela_tui.network.header_fields import ACCEPT_FIELD
from candela_tui.protocol.bedrock.answers import invoke_answer
from candela_tui.protocol.bedrock.errors import aws_error
from candela_tui.protocol.bedrock.event_stream import EVENT_STREAM
from candela_tui.protocol.clouds.betas import risky_flags
from candela_tui.protocol.clouds.mapping import Mapped, MappingOptions, count_tokens_to_bedrock, to_bedrock
from candela_tui.protocol.clouds.regions import counts_at_mantle
from candela_tui.protocol.clouds.support_table import BEDROCK
from candela_tui.protocol.errors import and_then, error_answer, error_from_body
from candela_tui.protocol.headers import HeaderList, header, request_id
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.bedrock.access import BedrockAccess, keys_refused, keys_renewed
from candela_tui.providers.bedrock.counts import CountedTokens, accepts_estimate, can_not_count, estimated
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials, Keys
from candela_tui.providers.bedrock.models import BedrockModels
from candela_tui.providers.identity import Provider
from candela_tui.providers.mapper import FIRST_TRY, Mapper, Mapping, Tries
from candela_tui.providers.messages_request import DecodedRequest, messages_request
from candela_tui.providers.model_list import ModelList
from candela_tui.providers.models_answer import asks_for_models
from candela_tui.providers.refusal_memory import Refusals
from candela_tui.providers.replies import error_reply, no_credentials, reply
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply, Translation

# The prefix of Bedrock's headers for guardrails, service tier and trace, set for example in ANTHROPIC_CUSTOM_HEADERS.
_BEDROCK_OWN = "x-amzn-bedrock-"
_COUNT = "/v1/messages/count_tokens"
"""The path of bedrock-mantle's Messages API that counts tokens."""
# A response must be unencoded to be translated.
_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"), ("Accept-Encoding", "identity"))
_USER_PROFILE = "anthropic-user-profile-id"
_OURS = frozenset({"x-amzn-bedrock-accept", "x-amzn-bedrock-content-type"})


@dataclass(frozen=True, slots=True)
class _Call:
    """A client's request, with the state of its attempts so far."""

    request: DecodedRequest
    mapping: Mapping
    region: str
    keys: Keys
    tries: Tries = FIRST_TRY


class Bedrock:
    """Serves Messages, count_tokens and the list of models from Bedrock."""

    accepts = NONE_ACCEPTED

    def __init__(self, settings: Settings, credentials: AwsCredentials, attempts: Attempts, refusals: Refusals) -> None:
        """Takes ownership of ``credentials``. Others may use them until this upstream is closed."""
        self._credentials = credentials
        self._access = BedrockAccess(settings.aws, credentials, settings.mantle)
        self._profile = aws_profile(settings.aws)
        self._names = {name: names.bedrock for name, names in settings.models.items() if names.bedrock}
        self._betas = settings.aws.betas
        models = BedrockModels(self._access, self._names, self._profile, attempts)
        self._models = ModelList("Bedrock", models.fetch)
        self._mapper = Mapper(Provider.BEDROCK, refusals, risky_flags(BEDROCK, self._betas))

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return a signed attempt in Bedrock's format, or candela's own reply."""
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

    def _mapping(self, request: DecodedRequest, region: str) -> Mapping:
        prefix, auto = self._access.profiles(region)
        options = MappingOptions(
            request.betas,
            self._names,
            self._betas,
            profile_prefix=prefix,
            region=auto,
            user_profile=header(request.headers, _USER_PROFILE),
        )
        return partial(count_tokens_to_bedrock if request.counts else to_bedrock, request.body, options)

    async def _mapped(self, call: _Call) -> Attempt | Reply:
        try:
            mapped = await self._mapper.mapped(call.request, call.mapping, call.tries)
            if _is_for_mantle(call, mapped):
                region = self._access.mantle_region(call.region)
                if region is None:
                    return _no_count(call.request, [], self._access.no_mantle(mapped.model, call.region))
                call = replace(call, region=region)
            request = await self._signed(call, mapped)
        except ValueError as error:
            return error_reply(400, str(error))
        return Attempt(
            request=request,
            provider=Provider.BEDROCK,
            region=call.region,
            model=mapped.model,
            adaptations=(*mapped.adaptations, *call.tries.retries),
            translate=_counted if call.request.counts else invoke_answer,
            own_credentials=True,
            on_accepted=partial(self._mapper.accepted, call.request, mapped),
            on_error=partial(self._after_error, call, mapped),
        )

    async def _signed(self, call: _Call, mapped: Mapped) -> ProviderRequest:
        """Return the signed request. Raises ValueError if it can't be made."""
        if _is_for_mantle(call, mapped):
            fields = _mantle_fields(mapped)
            return await self._access.signed_for_mantle(_COUNT, fields, mapped.body, call.keys, call.region)
        fields = _fields(call, mapped)
        return await self._access.signed("POST", _path(call, mapped), fields, mapped.body, call.keys, call.region)

    async def _after_error(
        self, call: _Call, mapped: Mapped, status: int, headers: HeaderList, body: bytes
    ) -> Attempt | Reply:
        said = error_from_body(status, body).message
        if not call.tries.renewed and keys_refused(call.keys, status, headers, body):
            return await self._with_other_keys(call, headers, said)
        # An account may have Bedrock without bedrock-mantle.
        if _is_for_mantle(call, mapped) and status in (403, 404):
            return _no_count(call.request, headers, said)
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

    async def _with_other_keys(self, call: _Call, headers: HeaderList, said: str) -> Attempt | Reply:
        try:
            keys = await self._credentials.renewed(call.keys)
        except CredentialsError as error:
            return no_credentials(error, said, headers)
        return await self._mapped(replace(call, keys=keys, tries=call.tries.with_other_credentials(keys_renewed(said))))

    async def close(self) -> None:
        """Close the list of models and the credentials."""
        await self._models.close()
        await self._credentials.close()


def _is_for_mantle(call: _Call, mapped: Mapped) -> bool:
    return call.request.counts and counts_at_mantle(mapped.model)


def _path(call: _Call, mapped: Mapped) -> str:
    """Return the path of a request. Raises ValueError for a model name that can't be part of a path."""
    if mapped.model in (".", ".."):
        raise ValueError(f"model: {mapped.model} is no model")
    invoke = "invoke-with-response-stream" if mapped.streamed else "invoke"
    return f"/model/{quote(mapped.model, safe='')}/{'count-tokens' if call.request.counts else invoke}"


def _fields(call: _Call, mapped: Mapped) -> HeaderList:
    """Return the headers for AWS. Of the client's own, only Bedrock's are kept: its API key is not for AWS."""
    own = [
        (name, value)
        for name, value in call.request.headers
        if (lower := name.lower()).startswith(_BEDROCK_OWN) and lower not in _OURS
    ]
    return [
        ("Content-Type", "application/json"),
        ("Accept", EVENT_STREAM if mapped.streamed else "application/json"),
        # A response must be unencoded to be translated.
        ("Accept-Encoding", "identity"),
        *own,
    ]


def _mantle_fields(mapped: Mapped) -> HeaderList:
    betas = [("anthropic-beta", ",".join(mapped.betas))] if mapped.betas else []
    return [*_JSON, ("anthropic-version", "2023-06-01"), *betas]


def _counted(status: int, headers: HeaderList) -> Translation:
    return CountedTokens(headers)


def _no_count(request: DecodedRequest, headers: HeaderList, said: str) -> Reply:
    if accepts_estimate(request.headers):
        return estimated(request.body)
    words = and_then(said, f"A client that sends {ACCEPT_FIELD}: accept gets an estimate.")
    return reply(error_answer(400, words, request_id=request_id(headers)))
