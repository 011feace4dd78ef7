"""The local API, which docs/local-api.md describes: finds out who asks and the route, and has it answer."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from candela_tui.api_root import API_ROOT
from candela_tui.audit.entry import AuditError
from candela_tui.keys.errors import KeysError
from candela_tui.protocol.headers import HeaderList
from candela_tui.proxy.access.key_gate import KeyRefusal
from candela_tui.proxy.local_api.parameters import read_query
from candela_tui.proxy.local_api.refusal import Refused, refusal
from candela_tui.proxy.local_api.route import Call, Route
from candela_tui.proxy.local_api.routes import ROUTES
from candela_tui.proxy.local_api.services import Services
from candela_tui.proxy.local_api.token import bears, own_token
from candela_tui.proxy.team.viewers import Viewers
from candela_tui.store.errors import AmbiguousId, StoreError
from candela_tui.team.roles import who_may
from candela_tui.team.viewer import Viewer

_LOOK_AGAIN_S = 5.0
"""Seconds after which it is looked again whether someone may still see what is sent to them."""


class LocalApi:
    """Answers requests by the table of routes."""

    def __init__(self, token_file: Path, services: Services, viewers: Viewers) -> None:
        self._services = services
        self._viewers = viewers
        self._token_file = token_file
        self._token: str | None = None

    def open(self) -> None:
        """Create the token. If that fails, every request is refused and a notice says why."""
        try:
            self._token = own_token(self._token_file)
        except OSError as error:
            words = f"No other program can attach: {self._token_file} can't be made ({error.strerror})"
            self._services.whole_feed.notify(words)

    @property
    def token(self) -> str | None:
        """The token, once it is made."""
        return self._token

    @staticmethod
    def takes(raw_path: str) -> bool:
        """Return whether a request target belongs to the local API."""
        return raw_path.partition("?")[0].startswith("/_local/")

    async def answer(
        self, request: web.BaseRequest, target: str, headers: HeaderList, *, from_beyond: bool
    ) -> web.StreamResponse:
        """Respond to a request that passed the guard, by the path and query of its target. ``from_beyond``: it is not
        from this machine, where the token of the local API is for."""
        authorization = request.headers.get("Authorization", "")
        if not from_beyond and self._token is not None and bears(authorization, self._token):
            return await self._answer(request, target, self._services)
        viewer = await self._viewers.of(headers)
        if viewer is None:
            return self._without_token(from_beyond=from_beyond)
        if isinstance(viewer, KeyRefusal):
            return refusal(viewer.status, viewer.words)
        return await self._while_admitted(request, target, headers, viewer)

    def _without_token(self, *, from_beyond: bool) -> web.Response:
        if from_beyond:
            words = "sign in with `candela login`, or send a key of candela's, as `Authorization: Bearer ck_live_…`"
        elif self._token is None:
            return refusal(503, f"the local API is closed: {self._token_file} could not be made")
        else:
            words = f"the local API asks for the token in {self._token_file}, as `Authorization: Bearer TOKEN`"
        return refusal(401, words, {"WWW-Authenticate": 'Bearer realm="candela"'})

    async def _while_admitted(
        self, request: web.BaseRequest, target: str, headers: HeaderList, viewer: Viewer
    ) -> web.StreamResponse:
        """Answer someone with a key or a sign-in for as long as they have it and the same roles: a stream lasts."""
        answering = asyncio.ensure_future(self._answer(request, target, self._services.seen_by(viewer)))
        try:
            while not (await asyncio.wait({answering}, timeout=_LOOK_AGAIN_S))[0]:
                if await self._viewers.of(headers) != viewer:
                    # Without a regular end, so that what was sent is not taken for complete.
                    if request.transport is not None:
                        request.transport.abort()
                    return web.Response()
            return answering.result()
        finally:
            answering.cancel()
            await asyncio.wait({answering})

    async def _answer(self, request: web.BaseRequest, target: str, services: Services) -> web.StreamResponse:
        path, _, query = target.partition("?")
        if path == f"{API_ROOT}/":
            path = API_ROOT
        found = _PATHS.find(path)
        if found is None:
            words = "the local API has no such path; docs/local-api.md lists the paths"
            if path != API_ROOT and not path.startswith(f"{API_ROOT}/"):
                words = f"the local API of this version is at {API_ROOT}"
            return refusal(404, words)
        methods, names = found
        route = methods.get(request.method)
        if route is None:
            allowed = ", ".join(methods)
            return refusal(405, f"this path of the local API takes {allowed}", {"Allow": allowed})
        try:
            _require_allowed(route, services)
            given = read_query(query, route.parameters)
            message = await route.body.read(request) if route.body is not None and route.body.type else None
            return await route.handler(Call(services, request, names, given, message))
        except Refused as error:
            return refusal(error.status, str(error))
        except AmbiguousId as error:
            return refusal(400, str(error))
        except (StoreError, AuditError, KeysError) as error:
            return refusal(503, str(error))
        except ConnectionResetError:
            # The reader disconnected, or read nothing for too long.
            request.protocol.force_close()
            return web.Response()


def _require_allowed(route: Route, services: Services) -> None:
    """Raise Refused if the one who asks may not use a route."""
    if services.sight is None:
        return
    if route.remote is None:
        raise Refused(403, "this is only for the user who runs candela, on its own machine")
    if not services.sight.viewer.may(route.remote):
        raise Refused(403, f"this is for the role {who_may(route.remote)}, which you do not have")


class _Paths:
    """Finds the methods of a path. What stands for a name in braces has no slash, unless it is escaped."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_parts: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in routes:
            self._by_parts.setdefault(tuple(route.path.split("/")), {})[route.method] = route

    def find(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]] | None:
        """Return the routes of a path by their method, and what stands for its names; None if there are none."""
        parts = path.split("/")
        for pattern, methods in self._by_parts.items():
            names = _names_in(pattern, parts)
            if names is not None:
                return methods, names
        return None


def _names_in(pattern: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    """Return what stands for the names of a pattern, or None if a path does not have its form."""
    if len(pattern) != len(parts):
        return None
    names: dict[str, str] = {}
    for wanted, part in zip(pattern, parts, strict=True):
        given = unquote(part, errors="surrogateescape")
        if wanted.startswith("{"):
            names[wanted[1:-1]] = given
        elif given != wanted:
            return None
    return names


_PATHS = _Paths(ROUTES)
