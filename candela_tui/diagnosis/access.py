"""Whether a cloud lets candela in, and whether the model answers there: asked as the proxy itself asks, without it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
from yarl import URL

from candela_tui.config import vertex_region
from candela_tui.credentials.aws import AwsCredentials
from candela_tui.credentials.google import GoogleCredentials
from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.examine import in_thread
from candela_tui.diagnosis.in_use import providers_in_use
from candela_tui.diagnosis.models import asked_model
from candela_tui.diagnosis.patient import Patient
from candela_tui.protocol.errors import error_from_body
from candela_tui.protocol.raw_json import decode_json
from candela_tui.proxy.client_session import open_session, proxy_for
from candela_tui.proxy.fields import decoded_pairs
from candela_tui.proxy.outgoing import Asked, Attempt, Reply, Upstream
from candela_tui.proxy.upstreams.bedrock import Bedrock
from candela_tui.proxy.upstreams.vertex import Vertex

VERTEX = Topic("provider.vertex-access", "Claude on Vertex AI")
BEDROCK = Topic("provider.bedrock-access", "Claude on Bedrock")
_NOT_SET_UP = "is not set up"
_MOST_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes

    @property
    def words(self) -> str:
        """What went wrong."""
        return error_from_body(self.status, self.body).message


async def check_vertex_access(patient: Patient) -> Sequence[Check]:
    """Let the model count one token in the region."""
    if "gcp" not in await in_thread(lambda: providers_in_use(patient)):
        return [VERTEX.ok(_NOT_SET_UP)]
    model = await in_thread(lambda: asked_model(patient, "vertex"))
    region = vertex_region(patient.settings.vertex)
    async with open_session(patient.settings.proxy) as session:
        upstream = Vertex(patient.settings, GoogleCredentials(patient.settings.vertex), session)
        answer = await _asked(upstream, _count(model), session)
    if answer.status < 400:
        return [VERTEX.ok(f"{model} answers in {region}")]
    return [VERTEX.bad(f"{model} in {region}: {answer.words}", _signing_in("gcp", answer))]


async def check_bedrock_access(patient: Patient) -> Sequence[Check]:
    """List the inference profiles and models, and let one count a token."""
    if "aws" not in await in_thread(lambda: providers_in_use(patient)):
        return [BEDROCK.ok(_NOT_SET_UP)]
    model = await in_thread(lambda: asked_model(patient, "bedrock"))
    async with open_session(patient.settings.proxy) as session:
        credentials = AwsCredentials(patient.settings.aws)
        upstream = Bedrock(patient.settings, credentials, session)
        try:
            listed = await _ask(upstream, Asked("GET", "/v1/models?limit=1000", [], b""), session)
            counted = await _ask(upstream, _count(model), session)
        finally:
            await upstream.close()
    if counted.status >= 400:
        return [BEDROCK.bad(f"{model}: {counted.words}", _signing_in("aws", counted))]
    if listed.status >= 400:
        return [BEDROCK.warn(f"{model} answers, but the list of models can't be had: {listed.words}")]
    return [BEDROCK.ok(f"{model} answers; this account may use {_length(listed.body)} models and inference profiles")]


async def _asked(upstream: Upstream, asked: Asked, session: aiohttp.ClientSession) -> _Answer:
    try:
        return await _ask(upstream, asked, session)
    finally:
        await upstream.close()


async def _ask(upstream: Upstream, asked: Asked, session: aiohttp.ClientSession) -> _Answer:
    """What a client would get for its request."""
    found: Attempt | Reply | None = await upstream.attempt(asked)
    answer = _Answer(502, b"")
    for _ in range(_MOST_ATTEMPTS):
        if isinstance(found, Reply):
            return _Answer(found.status, found.body)
        if found is None:
            return answer
        attempt = found
        request = attempt.request
        try:
            async with session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                proxy=proxy_for(request.url),
                trace_request_ctx=_Unrecorded(),
            ) as response:
                headers, body = decoded_pairs(response.raw_headers), await response.read()
                answer = _Answer(response.status, body)
        except (aiohttp.ClientError, OSError) as error:
            words = str(error) or type(error).__name__
            return _Answer(502, json.dumps({"error": {"message": words}}).encode())
        if answer.status < 400 or attempt.on_error is None:
            return answer
        found = await attempt.on_error(answer.status, headers, body)
    return answer


class _Unrecorded:
    """For the session's trace: a request that is no exchange of a client's."""

    def connected(self) -> None:
        """A connection is at hand."""


def _count(model: str) -> Asked:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hi"}]}).encode()
    fields = [("Content-Type", "application/json"), ("Accept-Encoding", "identity")]
    return Asked("POST", "/v1/messages/count_tokens", fields, body)


def _signing_in(provider: str, answer: _Answer) -> str:
    return f"Run `candela auth login --provider {provider}`." if answer.status == 401 else ""


def _length(body: bytes) -> int:
    document = decode_json(body)
    data = document.get("data") if isinstance(document, dict) else None
    return len(data) if isinstance(data, list) else 0
