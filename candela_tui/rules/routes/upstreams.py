"""The upstreams that can answer a client of one route at the provider of another."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from candela_tui.credentials.owner import Accepts
from candela_tui.protocol.clouds.native_requests import as_messages
from candela_tui.protocol.json_splice import NotSpliceable
from candela_tui.protocol.model_ids import without_client_suffix
from candela_tui.protocol.native_calls import bedrock_call, vertex_call
from candela_tui.protocol.other_model import for_other_model
from candela_tui.providers.bedrock.native_clients import InFrames
from candela_tui.providers.chat_completions import OpenAi
from candela_tui.providers.identity import PROVIDERS, Dialect, Route, RouteName, route_of
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.rules.reading import decoded_body


class RouteUpstreams:
    """Finds the upstream for a client's dialect at each provider."""

    def __init__(self, opened: Mapping[RouteName, Upstream], *, cached_chats: bool) -> None:
        """``cached_chats`` is the setting ``openai.cache_breakpoints``. The upstreams belong to the caller."""
        self._opened = opened
        self._chats = {name: OpenAi(upstream, cached=cached_chats) for name, upstream in opened.items()}
        self._framed = {name: InFrames(upstream) for name, upstream in opened.items()}

    def at(self, target: RouteName, own: Route) -> Upstream:
        """Return the upstream that answers a client of the route ``own`` at the provider of ``target``."""
        if route_of(target).provider is own.provider:
            return self._opened[own.name]
        match own.dialect:
            case Dialect.OPENAI:
                return self._chats[target]
            case Dialect.BEDROCK:
                return self._framed[target]
            case _:
                return self._opened[target]


class WithoutFields:
    """Removes header fields that are meant for candela from the requests to another upstream."""

    def __init__(self, upstream: Upstream, names: Iterable[str]) -> None:
        """Takes ownership of ``upstream``."""
        self._upstream = upstream
        self._names = frozenset(name.lower() for name in names)

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that go on to the provider."""
        return self._upstream.accepts

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return the other upstream's attempt at the request without these fields."""
        kept = [field for field in asked.headers if field[0].lower() not in self._names]
        return await self._upstream.attempt(replace(asked, headers=kept) if len(kept) < len(asked.headers) else asked)

    async def close(self) -> None:
        """Close the other upstream."""
        await self._upstream.close()


def for_route(
    target: RouteName, request: ClientRequest, model: str | None, instead: str | None = None
) -> ClientRequest | None:
    """Return the request as the upstream of another route takes it: in the form of the Messages API, or as a chat, with
    the model's name there. None: the request can't be had in that form.

    ``model`` is the name that the client asks for, ``instead`` another model to ask this route for."""
    own = request.route
    if own.native and route_of(target).provider is not own.provider:
        native = _as_messages(target, request)
        return native if native is None or instead is None else _asking_for(instead, native)
    wanted = instead or (_name_at(target, own, model) if model is not None else None)
    return request if wanted is None or wanted == model or own.native else _asking_for(wanted, request)


def _as_messages(target: RouteName, request: ClientRequest) -> ClientRequest | None:
    parse = vertex_call if request.dialect is Dialect.VERTEX else bedrock_call
    call = parse(request.method, request.resource)
    found = as_messages(call, request.headers, decoded_body(request))
    if found is None:
        return None
    headers = [field for field in found.headers if field[0].lower() != "content-encoding"]
    return replace(request, path="/v1/messages", headers=headers, body=found.body, route=route_of(target))


def _name_at(target: RouteName, own: Route, model: str) -> str:
    own_prefix, prefix = PROVIDERS[own.provider].model_prefix, PROVIDERS[route_of(target).provider].model_prefix
    if own_prefix == prefix:
        return model
    return prefix + without_client_suffix(model).removeprefix(own_prefix)


def _asking_for(model: str, request: ClientRequest) -> ClientRequest:
    """Return the request for another model, without what that one does not accept. A body that can't be read stays as
    it is: the provider will refuse it."""
    try:
        body = for_other_model(decoded_body(request), model, model).body
    except NotSpliceable:
        return request
    headers = [field for field in request.headers if field[0].lower() != "content-encoding"]
    return replace(request, headers=headers, body=body)
