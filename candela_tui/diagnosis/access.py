"""Whether a cloud lets candela in, and whether the model answers there: asked as the proxy itself asks, without it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import aiohttp
from yarl import URL

from candela_tui.config import vertex_region
from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.examine import in_thread
from candela_tui.diagnosis.in_use import providers_in_use
from candela_tui.diagnosis.models import asked_model
from candela_tui.diagnosis.patient import Patient
from candela_tui.network_errors import described
from candela_tui.protocol.errors import error_body, error_from_body
from candela_tui.protocol.raw_json import decode_json
from candela_tui.proxy.client_session import open_session, proxy_for
from candela_tui.proxy.fields import decoded_pairs
from candela_tui.proxy.outgoing import Asked, Attempt, Outgoing, Pairs, Reply
from candela_tui.proxy.upstreams.table import open_upstreams

ANTHROPIC = Topic("provider.anthropic-access", "candela's own access to Anthropic")
VERTEX = Topic("provider.vertex-access", "Claude on Vertex AI")
BEDROCK = Topic("provider.bedrock-access", "Claude on Bedrock")
_NOT_SET_UP = "is not set up"
_MOST_ATTEMPTS = 4
_FIELDS = (
    ("Authorization", f"Bearer {PLACEHOLDER}"),
    ("anthropic-version", "2023-06-01"),
    ("Content-Type", "application/json"),
    ("Accept-Encoding", "identity"),
)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes

    @property
    def words(self) -> str:
        """What went wrong."""
        return error_from_body(self.status, self.body).message


async def check_vertex_access(patient: Patient) -> Sequence[Check]:
    """Let the model count a token in the region."""
    if "gcp" not in await in_thread(lambda: providers_in_use(patient)):
        return [VERTEX.ok(_NOT_SET_UP)]
    model = await in_thread(lambda: asked_model(patient, "vertex"))
    region = vertex_region(patient.settings.vertex, patient.environ)
    async with _Asking(patient, "anthropic-vertex") as asking:
        counted = await asking.count(model)
    if counted.status >= 400:
        return [VERTEX.bad(f"{model} in {region}: {counted.words}", _signing_in("gcp", counted))]
    return [VERTEX.ok(f"{model} answers in {region}")]


async def check_bedrock_access(patient: Patient) -> Sequence[Check]:
    """List the inference profiles and models, and let one count a token."""
    if "aws" not in await in_thread(lambda: providers_in_use(patient)):
        return [BEDROCK.ok(_NOT_SET_UP)]
    model = await in_thread(lambda: asked_model(patient, "bedrock"))
    async with _Asking(patient, "anthropic-bedrock") as asking:
        listed = await asking.models()
        counted = await asking.count(model)
    if counted.status >= 400:
        return [BEDROCK.bad(f"{model}: {counted.words}", _signing_in("aws", counted))]
    if listed.status >= 400:
        return [BEDROCK.warn(f"{model} answers, but the list of models can't be had: {listed.words}")]
    return [BEDROCK.ok(f"{model} answers; this account may use {_length(listed.body)} models and inference profiles")]


async def check_anthropic_access(patient: Patient) -> Sequence[Check]:
    """List the models with candela's own key, where it has one."""
    if not await in_thread(lambda: _has_own_key(patient)):
        return [ANTHROPIC.ok("candela has no key of its own to try")]
    async with _Asking(patient, "anthropic-direct") as asking:
        listed = await asking.models()
    if listed.status >= 400:
        return [ANTHROPIC.bad(f"candela's own key: {listed.words}", _signing_in("anthropic", listed))]
    return [ANTHROPIC.ok(f"candela's own key is valid ({_length(listed.body)} models)")]


def _has_own_key(patient: Patient) -> bool:
    try:
        signed_in = Accounts(patient.paths.accounts).of("anthropic") is not None
    except CredentialsError:
        signed_in = False
    return signed_in or patient.settings.anthropic.key_command is not None


class _Asking:
    """Asks one upstream what a client would."""

    def __init__(self, patient: Patient, route: str) -> None:
        self._patient = patient
        self._route = route

    async def __aenter__(self) -> Self:
        settings = self._patient.settings
        self._session = open_session(settings.proxy)
        self._upstreams = open_upstreams(settings, self._session, self._patient.paths, lambda _: None)
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            for upstream in self._upstreams.values():
                await upstream.close()
        finally:
            await self._session.close()

    async def models(self) -> _Answer:
        """The list of models."""
        return await self._ask(Asked("GET", "/v1/models?limit=1000", [*_FIELDS], b""))

    async def count(self, model: str) -> _Answer:
        """How many tokens a word is, which costs nothing."""
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hi"}]}).encode()
        return await self._ask(Asked("POST", "/v1/messages/count_tokens", [*_FIELDS], body))

    async def _ask(self, asked: Asked) -> _Answer:
        found: Attempt | Reply | None = await self._upstreams[self._route].attempt(asked)
        answer = _Answer(502, b"")
        for _ in range(_MOST_ATTEMPTS):
            if isinstance(found, Reply):
                return _Answer(found.status, found.body)
            if found is None:
                break
            try:
                answer, headers = await self._sent(found.request)
            except (aiohttp.ClientError, OSError) as error:
                return _Answer(502, error_body(502, described(error)))
            if answer.status < 400 or found.on_error is None:
                break
            found = await found.on_error(answer.status, headers, answer.body)
        return answer

    async def _sent(self, request: Outgoing) -> tuple[_Answer, Pairs]:
        async with self._session.request(
            request.method,
            URL(request.url, encoded=True),
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
            proxy=proxy_for(request.url),
            trace_request_ctx=_Unrecorded(),
        ) as response:
            return _Answer(response.status, await response.read()), decoded_pairs(response.raw_headers)


class _Unrecorded:
    """For the session's trace: a request that is no exchange of a client's."""

    def connected(self) -> None:
        """A connection is at hand."""


def _signing_in(provider: str, answer: _Answer) -> str:
    return f"Run `candela auth login --provider {provider}`." if answer.status == 401 else ""


def _length(body: bytes) -> int:
    document = decode_json(body)
    data = document.get("data") if isinstance(document, dict) else None
    return len(data) if isinstance(data, list) else 0
