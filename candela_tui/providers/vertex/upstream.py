"""Claude on Vertex AI for clients of the Messages API.

Source: https://docs.claude.com/en/api/claude-on-vertex-ai and
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude.
"""

from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from candela_tui.config import Settings
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.owner import NONE_ACCEPTED
from candela_tui.protocol.clouds.betas import risky_flags
from candela_tui.protocol.clouds.mapping import Mapped, MappingOptions, count_tokens_to_vertex, to_vertex
from candela_tui.protocol.clouds.support_table import VERTEX
from candela_tui.protocol.errors import error_from_body
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.identity import Provider
from candela_tui.providers.mapper import FIRST_TRY, Mapper, Mapping, Tries
from candela_tui.providers.messages_request import DecodedRequest, messages_request
from candela_tui.providers.model_list import ModelList
from candela_tui.providers.models_answer import asks_for_models
from candela_tui.providers.refusal_memory import Refusals
from candela_tui.providers.replies import error_reply, no_credentials
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply
from candela_tui.providers.vertex.credentials import GoogleCredentials
from candela_tui.providers.vertex.endpoint import vertex_endpoint
from candela_tui.providers.vertex.errors import TOKEN_RENEWED, vertex_error
from candela_tui.providers.vertex.model_region import refusal, region_of_model
from candela_tui.providers.vertex.models import VertexModels

NO_PROJECT = (
    "candela knows no Google Cloud project: `candela auth login --provider gcp` asks for it, or set [vertex] project in"
    " config.toml, ANTHROPIC_VERTEX_PROJECT_ID or GOOGLE_CLOUD_PROJECT, or run: gcloud auth application-default"
    " set-quota-project PROJECT"
)

_KEPT = frozenset({"accept", "accept-encoding", "user-agent"})
_VERTEX_OWN = "x-vertex-ai-"


@dataclass(frozen=True, slots=True)
class _Call:
    """A client's request, with the state of its attempts so far."""

    request: DecodedRequest
    mapping: Mapping
    project: str
    region: str
    token: str
    payer: str | None
    """The quota project of the credentials."""
    tries: Tries = FIRST_TRY


class Vertex:
    """Serves Messages, count_tokens and the list of models from Vertex AI.

    It requests the encodings that the client accepts, so a caller that translates responses must accept none in
    ``asked``.
    """

    accepts = NONE_ACCEPTED

    def __init__(
        self, settings: Settings, credentials: GoogleCredentials, attempts: Attempts, refusals: Refusals
    ) -> None:
        """Takes ownership of ``credentials``. Others may use them until this upstream is closed."""
        self._credentials = credentials
        self._base_url = settings.vertex.base_url
        self._own = settings.models
        self._names = {name: names.vertex for name, names in settings.models.items() if names.vertex}
        self._betas = settings.vertex.betas
        models = VertexModels(self._base_url, self._names, credentials, attempts)
        self._models = ModelList("Vertex AI", models.fetch)
        self._mapper = Mapper(Provider.VERTEX, refusals, risky_flags(VERTEX, self._betas))

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return the attempt in Google's format, or candela's own reply."""
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
        options = MappingOptions(request.betas, self._names, self._betas)
        mapping = partial(count_tokens_to_vertex if request.counts else to_vertex, request.body, options)
        return await self._mapped(_Call(request, mapping, project, region, token, self._credentials.quota_project))

    async def _mapped(self, call: _Call) -> Attempt | Reply:
        try:
            mapped = await self._mapper.mapped(call.request, call.mapping, call.tries)
            call = replace(call, region=region_of_model(mapped.requested, self._own) or call.region)
            url = self._url(call, mapped)
        except ValueError as error:
            return error_reply(400, str(error))
        # Google counts tokens in other regions than those that serve the model.
        if not call.request.counts and (wrong := refusal(mapped.requested, call.region, self._own)):
            return error_reply(400, wrong)
        return Attempt(
            request=ProviderRequest("POST", url, _fields(call, mapped), mapped.body),
            provider=Provider.VERTEX,
            region=call.region,
            model=mapped.model,
            adaptations=(*mapped.adaptations, *call.tries.retries),
            own_credentials=True,
            on_accepted=partial(self._mapper.accepted, call.request, mapped),
            on_error=partial(self._after_error, call, mapped),
        )

    def _url(self, call: _Call, mapped: Mapped) -> str:
        """Return the URL of a request. Raises ValueError if the region is invalid."""
        if call.request.counts:
            method = "count-tokens:rawPredict"
        else:
            method = quote(mapped.model, safe="@") + (":streamRawPredict" if mapped.streamed else ":rawPredict")
        return (
            f"{vertex_endpoint(call.region, self._base_url)}/v1/projects/{quote(call.project, safe=':')}"
            f"/locations/{call.region}/publishers/anthropic/models/{method}"
        )

    async def _after_error(
        self, call: _Call, mapped: Mapped, status: int, headers: HeaderList, body: bytes
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

    async def _with_another_token(self, call: _Call, headers: HeaderList, said: str) -> Attempt | Reply:
        try:
            token = await self._credentials.renewed(call.token)
        except CredentialsError as error:
            return no_credentials(error, said, headers)
        return await self._mapped(replace(call, token=token, tries=call.tries.with_other_credentials(TOKEN_RENEWED)))

    async def close(self) -> None:
        """Close the list of models and the credentials."""
        await self._models.close()
        await self._credentials.close()


def _fields(call: _Call, mapped: Mapped) -> HeaderList:
    """Return the headers for Google. Of the client's own, only those about the response are kept: its key and cookies
    are not for Google."""
    kept = [
        (name, value)
        for name, value in call.request.headers
        if name.lower() in _KEPT or name.lower().startswith(_VERTEX_OWN)
    ]
    betas = [("anthropic-beta", ",".join(mapped.betas))] if mapped.betas else []
    payer = [("x-goog-user-project", call.payer)] if call.payer not in (None, call.project) else []
    return [("Content-Type", "application/json"), *kept, *betas, *payer, ("Authorization", f"Bearer {call.token}")]
