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
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.aws_errors import aws_error
from candela_tui.protocol.aws_headers import request_id
from candela_tui.protocol.bedrock_answers import invoke_answer
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.errors import and_then, error_answer, error_from_body
from candela_tui.protocol.event_stream import EVENT_STREAM
from candela_tui.protocol.headers import header
from candela_tui.protocol.mapping import Mapped, count_tokens_to_bedrock, to_bedrock
from candela_tui.protocol.refusals import Refused, refused_in
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.outgoing import Asked, Attempt, Pairs, Reply, Translation
from candela_tui.proxy.upstreams.bedrock_access import BedrockAccess, keys_refused
from candela_tui.proxy.upstreams.bedrock_counts import (
    ACCEPT_FIELD,
    CountedTokens,
    accepts_estimate,
    can_not_count,
    estimated,
)
from candela_tui.proxy.upstreams.bedrock_models import BedrockModels
from candela_tui.proxy.upstreams.model_list import ModelList
from candela_tui.proxy.upstreams.models_answer import asks_for_models
from candela_tui.proxy.upstreams.refusal_memory import RefusalMemory

_MESSAGES, _COUNT = "/v1/messages", "/v1/messages/count_tokens"
_NOTHING = Refused()
# Guardrails, service tier and trace of Bedrock, such as from ANTHROPIC_CUSTOM_HEADERS.
_BEDROCK_OWN = "x-amzn-bedrock-"
_OURS = frozenset({"x-amzn-bedrock-accept", "x-amzn-bedrock-content-type"})


@dataclass(frozen=True, slots=True)
class _Call:
    """One request of a client, with what its attempts so far have taught."""

    asked: Asked
    body: bytes
    counts: bool
    """It asks for the number of tokens."""
    region: str
    keys: Keys
    without: Refused = _NOTHING
    renewed: bool = False
    relieved: bool = False
    retries: tuple[Adaptation, ...] = ()


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
        self._models = ModelList(models.fetch, in_order=True)
        self._memory = RefusalMemory()

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The request in Bedrock's form, signed; or an answer of candela's own."""
        path = asked.path.partition("?")[0]
        if asked.method in ("HEAD", "GET") and path == "/":
            return Reply(200, [], b"")
        if asks_for_models(asked.method, asked.path):
            return await self._models.reply(asked.path)
        if path not in (_MESSAGES, _COUNT) or asked.method != "POST":
            return error_reply(
                404,
                f"Bedrock has nothing for {asked.method} {path}. There is POST {_MESSAGES}, POST {_COUNT}, GET"
                " /v1/models.",
            )
        try:
            body = decode_whole(header(asked.headers, "content-encoding") or "", asked.body)
        except BadEncoding as error:
            return error_reply(400, f"The Content-Encoding of the request does not fit: {error}")
        try:
            region = await self._access.region()
            keys = await self._credentials.keys()
        except CredentialsError as error:
            return _refused_credentials(str(error))
        except ValueError as error:
            return error_reply(400, str(error))
        return await self._mapped(_Call(asked, body, path == _COUNT, region, keys))

    async def _mapped(self, call: _Call) -> Attempt | Reply:
        try:
            mapped = self._map(call, call.without)
            if refused := self._memory.of(mapped.model):
                mapped = self._map(call, call.without | refused)
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
            adaptations=(*mapped.adaptations, *call.retries),
            translate=_counted if call.counts else invoke_answer,
            on_error=partial(self._after_error, call, mapped),
        )

    def _map(self, call: _Call, without: Refused) -> Mapped:
        flags = [
            flag.strip()
            for name, value in call.asked.headers
            if name.lower() == "anthropic-beta"
            for flag in value.split(",")
        ]
        betas = [flag for flag in flags if flag]
        prefix, widen = self._access.profiles(call.region)
        if call.counts:
            return count_tokens_to_bedrock(
                call.body, betas=betas, names=self._names, prefix=prefix, own_betas=self._betas, without=without
            )
        return to_bedrock(
            call.body,
            betas=betas,
            names=self._names,
            prefix=prefix,
            own_betas=self._betas,
            without=without,
            widen=widen,
        )

    async def _after_error(
        self, call: _Call, mapped: Mapped, status: int, headers: Pairs, body: bytes
    ) -> Attempt | Reply:
        if not call.renewed and keys_refused(call.keys, status, headers, body):
            return await self._with_other_keys(call, headers, error_from_body(status, body).message)
        said = error_from_body(status, body).message
        if call.counts and can_not_count(said):
            return _no_count(call, headers, said)
        answer = aws_error(
            status,
            headers,
            body,
            now=datetime.now(UTC),
            region=call.region,
            model=mapped.model,
            profile=self._profile,
        )
        if answer.status == 400 and (refused := refused_in(said)):
            again = await self._without(call, mapped, refused, said)
            if again is not None:
                return again
        return Reply(answer.status, answer.headers, answer.body)

    async def _with_other_keys(self, call: _Call, headers: Pairs, said: str) -> Attempt | Reply:
        try:
            keys = await self._credentials.renewed(call.keys)
        except CredentialsError as error:
            return _refused_credentials(and_then(said, str(error)), headers)
        retry = Adaptation("retry", "authorization", f"AWS refused the keys ({said}); sent again with new ones")
        return await self._mapped(replace(call, keys=keys, renewed=True, retries=(*call.retries, retry)))

    async def _without(self, call: _Call, mapped: Mapped, refused: Refused, said: str) -> Attempt | None:
        """The same without what was refused; None: that was tried before, or leaves nothing out."""
        less = self._map(call, call.without | self._memory.of(mapped.model) | refused)
        if less.body == mapped.body:
            return None
        self._memory.add(mapped.model, refused)
        if call.relieved:
            return None
        named = ", ".join(sorted(refused.betas | refused.fields)) or "anthropic_beta"
        retry = Adaptation("retry", named, f"Bedrock refused it ({said}); sent again without")
        again = await self._mapped(
            replace(call, without=call.without | refused, relieved=True, retries=(*call.retries, retry))
        )
        return again if isinstance(again, Attempt) else None

    async def close(self) -> None:
        """Closes the credentials, too."""
        await self._models.close()
        await self._credentials.close()


def _path(call: _Call, mapped: Mapped) -> str:
    """Raises ValueError for a name that is no part of a path."""
    if mapped.model in (".", ".."):
        raise ValueError(f"model: {mapped.model} is no model")
    invoke = "invoke-with-response-stream" if mapped.streamed else "invoke"
    return f"/model/{quote(mapped.model, safe='')}/{'count-tokens' if call.counts else invoke}"


def _fields(call: _Call, mapped: Mapped) -> Pairs:
    """Nothing of the client's goes to AWS but what it says to Bedrock itself: its key is not AWS's."""
    own = [
        (name, value)
        for name, value in call.asked.headers
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


def _no_count(call: _Call, headers: Pairs, said: str) -> Reply:
    if accepts_estimate(call.asked.headers):
        return estimated(call.body)
    words = and_then(said, f"A client that sends {ACCEPT_FIELD}: accept gets an estimate.")
    answer = error_answer(400, words, request_id=request_id(headers))
    return Reply(answer.status, answer.headers, answer.body)


def _refused_credentials(words: str, headers: Pairs | None = None) -> Reply:
    # Trying the same credentials again only hides the words that help.
    answer = error_answer(401, words, request_id=request_id(headers or []), headers=[("x-should-retry", "false")])
    return Reply(answer.status, answer.headers, answer.body)
