"""Claude on Vertex AI for a client that speaks Messages.

Source: https://docs.claude.com/en/api/claude-on-vertex-ai and
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

import aiohttp

from candela_tui.config import Settings, vertex_region
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google import GoogleCredentials
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.protocol.mapping import Mapped, count_tokens_to_vertex, to_vertex
from candela_tui.protocol.refusals import Refused, refused_in
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.outgoing import Asked, Attempt, Outgoing, Pairs, Reply
from candela_tui.proxy.upstreams.model_list import ModelList
from candela_tui.proxy.upstreams.models_answer import asks_for_models
from candela_tui.proxy.upstreams.no_credentials import no_credentials
from candela_tui.proxy.upstreams.refusal_memory import RefusalMemory
from candela_tui.proxy.upstreams.vertex_endpoint import vertex_endpoint
from candela_tui.proxy.upstreams.vertex_errors import vertex_error
from candela_tui.proxy.upstreams.vertex_models import VertexModels

NO_PROJECT = (
    "candela knows no Google Cloud project: set [vertex] project in config.toml, ANTHROPIC_VERTEX_PROJECT_ID or"
    " GOOGLE_CLOUD_PROJECT, or run: gcloud auth application-default set-quota-project PROJECT"
)

_KEPT = frozenset({"accept", "accept-encoding", "user-agent"})
_VERTEX_OWN = "x-vertex-ai-"

_NOTHING = Refused()
_LARGE = 256 * 1024
"""A body of so many bytes is mapped in a thread: it takes milliseconds."""

_Mapping = Callable[..., Mapped]


@dataclass(frozen=True, slots=True)
class _Call:
    """One request of a client, with what its attempts so far have taught."""

    asked: Asked
    body: bytes
    mapping: _Mapping
    project: str
    token: str
    payer: str | None
    """The quota project of the credentials."""
    without: Refused = _NOTHING
    renewed: bool = False
    relieved: bool = False
    retries: tuple[Adaptation, ...] = ()


class Vertex:
    """Messages, count_tokens and the list of models on Vertex AI.

    It asks Google for the encodings that the client accepts: whoever translates its answers puts none into ``asked``.
    """

    def __init__(self, settings: Settings, credentials: GoogleCredentials, session: aiohttp.ClientSession) -> None:
        """``credentials`` are its own from now on; others may use them until it is closed."""
        self._credentials = credentials
        self._region = vertex_region(settings.vertex)
        self._base_url = settings.vertex.base_url
        self._names = {name: names.vertex for name, names in settings.models.items() if names.vertex}
        self._betas = settings.vertex.betas
        models = VertexModels(self._region, self._base_url, self._names, credentials, session)
        self._models = ModelList(models.fetch)
        # What is refused where tokens are counted may be welcome in a message.
        self._memories = {mapping: RefusalMemory() for mapping in _MAPPINGS.values()}

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The request in Google's form, or an answer of candela's own."""
        path = asked.path.partition("?")[0]
        if asked.method in ("HEAD", "GET") and path == "/":
            return Reply(200, [], b"")
        if asks_for_models(asked.method, asked.path):
            return await self._models.reply(asked.path)
        mapping = _MAPPINGS.get(path)
        if mapping is None or asked.method != "POST":
            there_is = ", ".join([*(f"POST {known}" for known in _MAPPINGS), "GET /v1/models"])
            return error_reply(404, f"Vertex AI has nothing for {asked.method} {path}. There is {there_is}.")
        try:
            body = decode_whole(header(asked.headers, "content-encoding") or "", asked.body)
        except BadEncoding as error:
            return error_reply(400, f"The Content-Encoding of the request does not fit: {error}")
        try:
            project = await self._credentials.project()
            token = await self._credentials.token()
        except CredentialsError as error:
            return no_credentials(error)
        if project is None:
            return error_reply(400, NO_PROJECT)
        return await self._mapped(_Call(asked, body, mapping, project, token, self._credentials.quota_project))

    async def _mapped(self, call: _Call) -> Attempt | Reply:
        try:
            mapped = await self._map(call, call.without)
            if refused := self._memories[call.mapping].of(mapped.model):
                mapped = await self._map(call, call.without | refused)
            url = self._url(call, mapped)
        except ValueError as error:
            return error_reply(400, str(error))
        return Attempt(
            request=Outgoing("POST", url, _fields(call, mapped), mapped.body),
            provider="vertex",
            region=self._region,
            model=mapped.model,
            adaptations=(*mapped.adaptations, *call.retries),
            on_error=partial(self._after_error, call, mapped),
        )

    async def _map(self, call: _Call, without: Refused) -> Mapped:
        """Raises NotMappable."""
        flags = [
            flag.strip()
            for name, value in call.asked.headers
            if name.lower() == "anthropic-beta"
            for flag in value.split(",")
        ]
        mapping = partial(
            call.mapping,
            call.body,
            betas=[flag for flag in flags if flag],
            names=self._names,
            own_betas=self._betas,
            without=without,
        )
        return mapping() if len(call.body) < _LARGE else await asyncio.to_thread(mapping)

    def _url(self, call: _Call, mapped: Mapped) -> str:
        """Raises ValueError where the region is none."""
        if call.mapping is count_tokens_to_vertex:
            method = "count-tokens:rawPredict"
        else:
            method = quote(mapped.model, safe="@") + (":streamRawPredict" if mapped.streamed else ":rawPredict")
        return (
            f"{vertex_endpoint(self._region, self._base_url)}/v1/projects/{quote(call.project, safe=':')}"
            f"/locations/{self._region}/publishers/anthropic/models/{method}"
        )

    async def _after_error(
        self, call: _Call, mapped: Mapped, status: int, headers: Pairs, body: bytes
    ) -> Attempt | Reply | None:
        if status == 401 and not call.renewed:
            return await self._with_another_token(call)
        error, reply = vertex_error(
            status, headers, body, project=call.project, region=self._region, model=mapped.model
        )
        if status == 400 and (refused := refused_in(error.message)):
            again = await self._without(call, mapped, refused, error.message)
            if again is not None:
                return again
        return reply

    async def _with_another_token(self, call: _Call) -> Attempt | Reply:
        try:
            token = await self._credentials.renewed(call.token)
        except CredentialsError as error:
            return no_credentials(error)
        why = "Google refused the access token; sent again with a new one"
        retries = (*call.retries, Adaptation("retry", "authorization", why))
        return await self._mapped(replace(call, token=token, renewed=True, retries=retries))

    async def _without(self, call: _Call, mapped: Mapped, refused: Refused, words: str) -> Attempt | None:
        """The same without what was refused; None: that was tried before, or leaves nothing out."""
        memory = self._memories[call.mapping]
        less = await self._map(call, call.without | memory.of(mapped.model) | refused)
        if (less.body, less.betas) == (mapped.body, mapped.betas):
            return None
        memory.add(mapped.model, refused)
        if call.relieved:
            return None
        named = ", ".join(sorted(refused.betas | refused.fields)) or "anthropic-beta"
        retry = Adaptation("retry", named, f"Vertex AI refused it ({words}); sent again without")
        again = await self._mapped(
            replace(call, without=call.without | refused, relieved=True, retries=(*call.retries, retry))
        )
        return again if isinstance(again, Attempt) else None

    async def close(self) -> None:
        """Closes the credentials, too."""
        await self._models.close()
        await self._credentials.close()


_MAPPINGS: dict[str, _Mapping] = {"/v1/messages": to_vertex, "/v1/messages/count_tokens": count_tokens_to_vertex}


def _fields(call: _Call, mapped: Mapped) -> Pairs:
    """Nothing of the client's goes to Google but what says how to answer: its key and its cookies are not Google's."""
    kept = [
        (name, value)
        for name, value in call.asked.headers
        if name.lower() in _KEPT or name.lower().startswith(_VERTEX_OWN)
    ]
    betas = [("anthropic-beta", ",".join(mapped.betas))] if mapped.betas else []
    payer = [("x-goog-user-project", call.payer)] if call.payer not in (None, call.project) else []
    return [("Content-Type", "application/json"), *kept, *betas, *payer, ("Authorization", f"Bearer {call.token}")]
