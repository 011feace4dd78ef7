"""The local API, which docs/local-api.md describes: checks the token, finds the route and has it answer."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from candela_tui.api_root import API_ROOT
from candela_tui.audit.entry import AuditError
from candela_tui.keys.errors import KeysError
from candela_tui.proxy.local_api.parameters import read_query
from candela_tui.proxy.local_api.refusal import Refused, refusal
from candela_tui.proxy.local_api.route import Call, Route
from candela_tui.proxy.local_api.routes import ROUTES
from candela_tui.proxy.local_api.services import Services
from candela_tui.proxy.local_api.token import bears, own_token
from candela_tui.store.errors import AmbiguousId, StoreError


class LocalApi:
    """Answers requests by the table of routes."""

    def __init__(self, token_file: Path, services: Services) -> None:
        self._services = services
        self._token_file = token_file
        self._token: str | None = None

    def open(self) -> None:
        """Create the token. If that fails, every request is refused and a notice says why."""
        try:
            self._token = own_token(self._token_file)
        except OSError as error:
            words = f"No other program can attach: {self._token_file} can't be made ({error.strerror})"
            self._services.feed.notify(words)

    @property
    def token(self) -> str | None:
        """The token, once it is made."""
        return self._token

    @staticmethod
    def takes(raw_path: str) -> bool:
        """Return whether a request target belongs to the local API."""
        return raw_path.partition("?")[0].startswith("/_local/")

    async def answer(self, request: web.BaseRequest, target: str) -> web.StreamResponse:
        """Respond to a request that passed the guard, by the path and query of its target."""
        if self._token is None:
            return refusal(503, f"the local API is closed: {self._token_file} could not be made")
        if not bears(request.headers.get("Authorization", ""), self._token):
            words = f"the local API asks for the token in {self._token_file}, as `Authorization: Bearer TOKEN`"
            return refusal(401, words, {"WWW-Authenticate": 'Bearer realm="candela"'})
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
            given = read_query(query, route.parameters)
            message = await route.body.read(request) if route.body is not None and route.body.type else None
            return await route.handler(Call(self._services, request, names, given, message))
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
