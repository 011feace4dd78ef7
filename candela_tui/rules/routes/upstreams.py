"""The upstreams that can answer a client of one route at the provider of another."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from candela_tui.credentials.owner import Accepts
from candela_tui.protocol.json_splice import NotSpliceable, Splice
from candela_tui.protocol.model_ids import without_client_suffix
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

    def at(self, target: RouteName, own: Route) -> Upstream | None:
        """Return the upstream that answers a client of the route ``own`` at the provider of ``target``. None: no
        provider but its own understands this client."""
        if route_of(target).provider is own.provider:
            return self._opened[own.name]
        if own.dialect is Dialect.MESSAGES:
            return self._opened[target]
        return self._chats[target] if own.dialect is Dialect.OPENAI else None


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
) -> ClientRequest:
    """Return the request with the model's name as the provider of a route needs it, which has a prefix at some.

    ``model`` is the name that the client asks for, ``instead`` another model to ask this route for."""
    wanted = instead or (_name_at(target, request.route, model) if model is not None else None)
    return request if wanted is None or wanted == model else _asking_for(wanted, request)


def _name_at(target: RouteName, own: Route, model: str) -> str:
    own_prefix, prefix = PROVIDERS[own.provider].model_prefix, PROVIDERS[route_of(target).provider].model_prefix
    if own_prefix == prefix:
        return model
    return prefix + without_client_suffix(model).removeprefix(own_prefix)


def _asking_for(model: str, request: ClientRequest) -> ClientRequest:
    """Return the request with another model in its body. A body that can't be read stays as it is: the provider will
    refuse it."""
    try:
        splice = Splice(decoded_body(request))
    except NotSpliceable:
        return request
    named = splice.member("model")
    if named is None:
        return request
    splice.replace(named.value, named.end, msgspec.json.encode(model))
    headers = [field for field in request.headers if field[0].lower() != "content-encoding"]
    return replace(request, headers=headers, body=splice.rendered())
