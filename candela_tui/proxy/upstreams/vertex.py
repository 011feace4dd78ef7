"""Claude on Vertex AI for a client that speaks Messages.

Source: https://docs.claude.com/en/api/claude-on-vertex-ai and
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude.
"""

from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

import aiohttp

from candela_tui.config import Settings
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google import GoogleCredentials
from candela_tui.protocol.errors import error_from_body
from candela_tui.protocol.mapping import Mapped, count_tokens_to_vertex, to_vertex
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.outgoing import Asked, Attempt, Outgoing, Pairs, Reply
from candela_tui.proxy.upstreams.mapper import FIRST_TRY, Mapper, Mapping, Tries
from candela_tui.proxy.upstreams.messages_request import MessagesRequest, messages_request
from candela_tui.proxy.upstreams.model_list import ModelList
from candela_tui.proxy.upstreams.models_answer import asks_for_models
from candela_tui.proxy.upstreams.no_credentials import no_credentials
from candela_tui.proxy.upstreams.vertex_endpoint import vertex_endpoint
from candela_tui.proxy.upstreams.vertex_errors import TOKEN_RENEWED, vertex_error
from candela_tui.proxy.upstreams.vertex_models import VertexModels

NO_PROJECT = (
    "candela knows no Google Cloud project: set [vertex] project in config.toml, ANTHROPIC_VERTEX_PROJECT_ID or"
    " GOOGLE_CLOUD_PROJECT, or run: gcloud auth application-default set-quota-project PROJECT"
)

_KEPT = frozenset({"accept", "accept-encoding", "user-agent"})
_VERTEX_OWN = "x-vertex-ai-"


@dataclass(frozen=True, slots=True)
class _Call:
    """One request of a client, with what its attempts so far have taught."""

    request: MessagesRequest
    mapping: Mapping
    project: str
    region: str
    token: str
    payer: str | None
    """The quota project of the credentials."""
    tries: Tries = FIRST_TRY


class Vertex:
    """Messages, count_tokens and the list of models on Vertex AI.

    It asks Google for the encodings that the client accepts: whoever translates its answers puts none into ``asked``.
    """

    def __init__(self, settings: Settings, credentials: GoogleCredentials, session: aiohttp.ClientSession) -> None:
        """``credentials`` are its own from now on; others may use them until it is closed."""
        self._credentials = credentials
        self._base_url = settings.vertex.base_url
        self._names = {name: names.vertex for name, names in settings.models.items() if names.vertex}
        self._betas = settings.vertex.betas
        models = VertexModels(self._base_url, self._names, credentials, session)
        self._models = ModelList("Vertex AI", models.fetch)
        self._mapper = Mapper("Vertex AI")

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The request in Google's form, or an answer of candela's own."""
        if asks_for_models(asked.method, asked.path):
            return await self._models.reply(asked.path)
        request = messages_request(asked, "Vertex AI")
        if isinstance(request, Reply):
            return request
        try:
            project = await self._credentials.project()
            region = await self._credentials.region()
            token = await self._credentials.token()
        except CredentialsError as error:
            return no_credentials(error)
        if project is None:
            return error_reply(400, NO_PROJECT)
        mapping = partial(
            count_tokens_to_vertex if request.counts else to_vertex,
            request.body,
            betas=request.betas,
            names=self._names,
            own_betas=self._betas,
        )
        return await self._mapped(_Call(request, mapping, project, region, token, self._credentials.quota_project))

    async def _mapped(self, call: _Call) -> Attempt | Reply:
        try:
            mapped = await self._mapper.mapped(call.request, call.mapping, call.tries)
            url = self._url(call, mapped)
        except ValueError as error:
            return error_reply(400, str(error))
        return Attempt(
            request=Outgoing("POST", url, _fields(call, mapped), mapped.body),
            provider="vertex",
            region=call.region,
            model=mapped.model,
            adaptations=(*mapped.adaptations, *call.tries.retries),
            on_error=partial(self._after_error, call, mapped),
        )

    def _url(self, call: _Call, mapped: Mapped) -> str:
        """Raises ValueError where the region is none."""
        if call.request.counts:
            method = "count-tokens:rawPredict"
        else:
            method = quote(mapped.model, safe="@") + (":streamRawPredict" if mapped.streamed else ":rawPredict")
        return (
            f"{vertex_endpoint(call.region, self._base_url)}/v1/projects/{quote(call.project, safe=':')}"
            f"/locations/{call.region}/publishers/anthropic/models/{method}"
        )

    async def _after_error(
        self, call: _Call, mapped: Mapped, status: int, headers: Pairs, body: bytes
    ) -> Attempt | Reply | None:
        if status == 401 and not call.tries.renewed:
            return await self._with_another_token(call, headers, error_from_body(status, body).message)
        error, reply = vertex_error(
            status,
            headers,
            body,
            project=call.project,
            region=call.region,
            model=mapped.model,
            counts=call.request.counts,
        )
        if status == 400:
            tries = await self._mapper.after_refusal(call.request, call.mapping, call.tries, mapped, error.message)
            if tries is not None:
                return await self._mapped(replace(call, tries=tries))
        return reply

    async def _with_another_token(self, call: _Call, headers: Pairs, said: str) -> Attempt | Reply:
        try:
            token = await self._credentials.renewed(call.token)
        except CredentialsError as error:
            return no_credentials(error, said, headers)
        return await self._mapped(replace(call, token=token, tries=call.tries.with_other_credentials(TOKEN_RENEWED)))

    async def close(self) -> None:
        """Closes the credentials, too."""
        await self._models.close()
        await self._credentials.close()


def _fields(call: _Call, mapped: Mapped) -> Pairs:
    """Nothing of the client's goes to Google but what says how to answer: its key and its cookies are not Google's."""
    kept = [
        (name, value)
        for name, value in call.request.headers
        if name.lower() in _KEPT or name.lower().startswith(_VERTEX_OWN)
    ]
    betas = [("anthropic-beta", ",".join(mapped.betas))] if mapped.betas else []
    payer = [("x-goog-user-project", call.payer)] if call.payer not in (None, call.project) else []
    return [("Content-Type", "application/json"), *kept, *betas, *payer, ("Authorization", f"Bearer {call.token}")]
