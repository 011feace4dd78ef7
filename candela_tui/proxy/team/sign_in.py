"""What a client and a browser ask for while a person signs in, as Claude Code's ``/login`` to a gateway does it.

Measured with 2.1.332: it reads the addresses, begins a device authorization (RFC 8628), opens the page, and asks for
the tokens every five seconds. It refreshes them five minutes before they expire. ``/managed/settings`` must answer 404
if there are none: with another error ``claude -p`` does not start.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from candela_tui.api_root import DASHBOARD_SURFACE, SIGN_IN_CALLBACK, SIGN_IN_PAGE
from candela_tui.audit.entry import AuditError
from candela_tui.audit.log import AuditLog
from candela_tui.config import TeamSettings
from candela_tui.config.managed_settings import ManagedSettings
from candela_tui.keys.errors import KeysError
from candela_tui.keys.person import OF_CLIENT, OF_DASHBOARD, Person, in_team
from candela_tui.keys.session_store import Refused, Tokens, Why
from candela_tui.keys.sessions import Sessions
from candela_tui.protocol.headers import HeaderList
from candela_tui.proxy.access.key_gate import KeyGate, KeyRefusal
from candela_tui.proxy.client_answer import error_response
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.proxy.team.browser_flow import COOKIE, BrowserFlow, sealed, unsealed
from candela_tui.proxy.team.device_codes import INTERVAL_S, LASTS_S, DeviceCodes, Standing, Tries, typed
from candela_tui.proxy.team.identity_provider import Fetch, IdentityProvider, Question, SignInFailed
from candela_tui.proxy.team.page import code_page, confirm_page, words_page

logger = logging.getLogger(__name__)

_DISCOVERY: Final = "/.well-known/oauth-authorization-server"
_DEVICE: Final = "/oauth/device_authorization"
_TOKEN: Final = "/oauth/token"  # noqa: S105 - a path
_REVOKE: Final = "/oauth/revoke"
_SETTINGS: Final = "/managed/settings"
_TELEMETRY: Final = ("/v1/metrics", "/v1/logs", "/v1/traces")
_OF_CLIENTS: Final = frozenset({_DISCOVERY, _DEVICE, _TOKEN, _REVOKE, _SETTINGS, *_TELEMETRY})
_OF_BROWSERS: Final = frozenset({SIGN_IN_PAGE, SIGN_IN_CALLBACK})
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_UNAVAILABLE: Final = 503
_MOST_BYTES: Final = 16 * 1024
_WITHIN_S: Final = 600
_WRONG_CODES: Final = 20
"""How many wrong codes one address may send within ten minutes. Many people may have the same address."""
_NO_STORE: Final = {"Cache-Control": "no-store"}


class SignIn:
    """Handles the requests of a sign-in, which passed the guard. Used on the proxy's event loop."""

    def __init__(
        self,
        settings: TeamSettings,
        prefixes: Sequence[str],
        sessions: Sessions,
        codes: DeviceCodes,
        gate: KeyGate,
        audit: Callable[[str], AuditLog],
        fetch: Fetch,
        managed: ManagedSettings | None,
    ) -> None:
        """``prefixes`` are those of the routes, any of which a client may have in its base URL. ``audit`` returns
        the audit log for what a person does, ``fetch`` asks the identity provider. ``managed`` are settings for the
        clients."""
        self._managed = managed
        assert settings.url is not None
        self._url = settings.url
        self._groups = settings.groups
        self._lasts = timedelta(hours=settings.session_h)
        self._prefixes = prefixes
        self._sessions = sessions
        self._gate = gate
        self._audit = audit
        self._codes = codes
        self._wrong = Tries(time.monotonic, _WRONG_CODES, _WITHIN_S)
        redirect_uri = f"{self._url}{SIGN_IN_CALLBACK}"
        self._provider = IdentityProvider(settings.oidc, settings.groups, redirect_uri, fetch)

    def takes(self, target: str) -> bool:
        """Return whether a request target belongs to the sign-in."""
        path = target.partition("?")[0]
        return path in _OF_BROWSERS or self._below_routes(path) in _OF_CLIENTS

    def _below_routes(self, path: str) -> str:
        prefix = next((each for each in self._prefixes if path.startswith(f"{each}/")), "")
        return path.removeprefix(prefix)

    async def answer(self, request: web.BaseRequest, target: str, headers: HeaderList) -> web.Response:
        """Respond by the path of a target."""
        path, _, query = target.partition("?")
        of_browser = path in _OF_BROWSERS
        try:
            if of_browser:
                return await self._of_browser(request, path, query)
            return await self._of_client(request, self._below_routes(path), headers)
        except (KeysError, AuditError) as error:
            logger.warning("%s", error)
            if of_browser:
                return words_page(503, "Not signed in", "Nobody can sign in now. Try again in a minute.")
            return _oauth_error(503, "temporarily_unavailable", "nobody can sign in now; the log says why")

    # The client.

    async def _of_client(self, request: web.BaseRequest, path: str, headers: HeaderList) -> web.Response:
        if path in (_DISCOVERY, _SETTINGS):
            if request.method != "GET":
                return error_response(405, f"{path} is read with GET")
            return self._discovery() if path == _DISCOVERY else await self._managed_settings(request, headers)
        if request.method != "POST":
            return error_response(405, f"{path} is sent with POST")
        if path in _TELEMETRY:
            return await self._behind_key(headers, lambda: self._telemetry(request))
        form = await _form(request)
        if form is None:
            return _oauth_error(413, "invalid_request", f"a form of a sign-in has at most {_MOST_BYTES:,} bytes")
        if path == _DEVICE:
            return await self._begin(request, form)
        if path == _REVOKE:
            token = form.get("token", "")
            if await self._is_token(token):
                await asyncio.to_thread(self._end, token)
            return web.json_response({}, headers=_NO_STORE)
        return await self._tokens(form)

    def _discovery(self) -> web.Response:
        return web.json_response(
            {
                "issuer": self._url,
                "device_authorization_endpoint": f"{self._url}{_DEVICE}",
                "token_endpoint": f"{self._url}{_TOKEN}",
                "revocation_endpoint": f"{self._url}{_REVOKE}",
                "grant_types_supported": [_DEVICE_GRANT, "refresh_token"],
                "response_types_supported": [],
                "token_endpoint_auth_methods_supported": ["none"],
                "gateway_protocol_version": 1,
            }
        )

    async def _begin(self, request: web.BaseRequest, form: dict[str, str]) -> web.Response:
        kind = OF_DASHBOARD if form.get("surface") == DASHBOARD_SURFACE else OF_CLIENT
        codes = await asyncio.to_thread(self._codes.begin, _address(request), kind)
        page = f"{self._url}{SIGN_IN_PAGE}"
        return web.json_response(
            {
                "device_code": codes.device,
                "user_code": codes.user,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?user_code={codes.user}",
                "expires_in": LASTS_S,
                "interval": INTERVAL_S,
            },
            headers=_NO_STORE,
        )

    async def _tokens(self, form: dict[str, str]) -> web.Response:
        match form.get("grant_type"):
            case grant if grant == _DEVICE_GRANT:
                found = await asyncio.to_thread(self._codes.take, form.get("device_code", ""))
                if isinstance(found, Standing):
                    return _oauth_error(400, found.value)
                begun = await asyncio.to_thread(self._begin_session, found.person, found.kind)
                # Who is new has to be known to the budgets before the first request.
                await self._sessions.refresh()
                return _tokens(begun)
            case "refresh_token":
                given = form.get("refresh_token", "")
                tokens = await asyncio.to_thread(self._refresh, given) if await self._is_token(given) else None
                if tokens is None:
                    return _oauth_error(401, "invalid_grant", "the session has ended: sign in again")
                return _tokens(tokens)
        return _oauth_error(400, "unsupported_grant_type")

    async def _is_token(self, text: str) -> bool:
        """Return whether a text is a token that was once given. Raises KeysError if nothing can be said of any."""
        await asyncio.to_thread(self._sessions.store.pepper)
        return self._sessions.is_token(text)

    def _begin_session(self, person: Person, kind: str) -> Tokens:
        """Begin a session, not without its entry in the audit log. Blocks. Raises KeysError and AuditError."""
        with self._audit(person.email).writing() as write:
            write("session.begin", person.email, None, {"subject": person.subject, "team": person.team, "for": kind})
            return self._sessions.store.begin(person, self._lasts, kind)

    def _refresh(self, token: str) -> Tokens | None:
        """Return other tokens for a refresh token, or None if it is no longer good. Blocks. Raises KeysError and
        AuditError."""
        found = self._sessions.store.refresh(token, lambda person: in_team(person, self._groups))
        if isinstance(found, Refused):
            with self._audit(found.email).writing() as write:
                write(found.why.value, found.email, None, None)
                if found.why is Why.NO_TEAM:
                    self._sessions.store.end(token)
            return None
        return found

    def _end(self, token: str) -> None:
        """End a session, not without its entry in the audit log. Blocks. Raises KeysError and AuditError."""
        email = self._sessions.store.owner(token)
        if email is None:
            return
        with self._audit(email).writing() as write:
            write("session.end", email, None, None)
            self._sessions.store.end(token)

    async def _behind_key(self, headers: HeaderList, answer: Callable[[], Awaitable[web.Response]]) -> web.Response:
        holder = await self._gate.holder(headers)
        if holder is None:
            return error_response(401, "sign in first")
        return error_response(holder.status, holder.words) if isinstance(holder, KeyRefusal) else await answer()

    async def _managed_settings(self, request: web.BaseRequest, headers: HeaderList) -> web.Response:
        """Return the settings for a client; never an error of the server, with which ``claude -p`` does not start."""
        answer = await self._behind_key(headers, lambda: self._settings_for(request))
        if answer.status == _UNAVAILABLE:
            return error_response(404, "candela can't say whose settings these are; the log says why")
        return answer

    async def _settings_for(self, request: web.BaseRequest) -> web.Response:
        if self._managed is None:
            return error_response(404, "candela has no managed settings")
        document = await self._managed.document()
        fields = {"ETag": f'"{document.checksum}"', "Cache-Control": "private, no-cache"}
        # Not `*`, to which the other gateway sends them, too.
        if fields["ETag"] in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=fields)
        return web.Response(body=document.body, content_type="application/json", headers=fields)

    async def _telemetry(self, request: web.BaseRequest) -> web.Response:
        # It is read so that the connection can go on, and not kept: candela measures requests itself.
        async for _ in request.content.iter_any():
            pass
        if request.content_type == "application/json":
            return web.json_response({})
        return web.Response(content_type=request.content_type)

    # The browser.

    async def _of_browser(self, request: web.BaseRequest, path: str, query: str) -> web.Response:
        given = {name: values[0] for name, values in parse_qs(query).items()}
        if path == SIGN_IN_CALLBACK and request.method == "GET":
            return await self._came_back(request, given)
        if path == SIGN_IN_PAGE and request.method == "GET":
            code = given.get("user_code", "")
            return code_page(typed(code) if code else "")
        if path == SIGN_IN_PAGE and request.method == "POST":
            return await self._go(request)
        return words_page(405, "Not possible", "This page is opened by a sign-in.")

    async def _go(self, request: web.BaseRequest) -> web.Response:
        """Send the browser of a person with a code to the identity provider."""
        if not self._is_own_page(request):
            return words_page(
                403, "Not signed in", "Another page sent this. Open the address that your terminal shows."
            )
        address = _address(request)
        if self._wrong.are_used_up(address):
            return words_page(429, "Not signed in", "Too many codes were tried. Try again in ten minutes.")
        form = await _form(request) or {}
        code = typed(form.get("user_code", ""))
        kind = await asyncio.to_thread(self._codes.waiting, code)
        if kind is None:
            self._wrong.count(address)
            return words_page(
                400, "Not signed in", "No sign-in waits for this code. It is valid for ten minutes, once."
            )
        if kind == OF_DASHBOARD and form.get("lets_in") != kind:
            # What Claude Code gets is worth less, and it has one page for the person.
            return confirm_page(code, kind)
        question = Question.new()
        try:
            there = await self._provider.address(question)
        except SignInFailed as error:
            return _failed(error)
        flow = BrowserFlow(code, question, int(time.time()) + LASTS_S)
        cookie = sealed(flow, await asyncio.to_thread(self._sessions.store.pepper))
        secure = "; Secure" if self._url.startswith("https:") else ""
        attributes = f"Path=/oauth; Max-Age={LASTS_S}; HttpOnly; SameSite=Lax{secure}"
        return web.Response(
            status=302, headers={**_NO_STORE, "Location": there, "Set-Cookie": f"{COOKIE}={cookie}; {attributes}"}
        )

    async def _came_back(self, request: web.BaseRequest, given: dict[str, str]) -> web.Response:
        """Note who the identity provider says that a browser belongs to."""
        pepper = await asyncio.to_thread(self._sessions.store.pepper)
        flow = unsealed(request.cookies.get(COOKIE, ""), pepper)
        state = given.get("state", "").encode("utf-8", "surrogateescape")
        if (
            flow is None
            or flow.until_s <= time.time()
            or not secrets.compare_digest(state, flow.question.state.encode())
        ):
            return words_page(400, "Not signed in", "This browser did not begin the sign-in, or it took too long.")
        if "code" not in given:
            await asyncio.to_thread(self._codes.settle, flow.user_code, None)
            return words_page(403, "Not signed in", "The identity provider did not let you in.")
        try:
            person = await self._provider.person(given["code"], flow.question)
        except SignInFailed as error:
            await asyncio.to_thread(self._codes.settle, flow.user_code, None)
            return _failed(error)
        if not await asyncio.to_thread(self._codes.settle, flow.user_code, person):
            return words_page(400, "Not signed in", "The code is no longer valid. Begin again in your terminal.")
        return self._done(person)

    def _done(self, person: Person) -> web.Response:
        logger.info("%s signed in", person.email)
        return words_page(200, "Signed in", f"You are signed in as {person.email}. Go back to your terminal.")

    def _is_own_page(self, request: web.BaseRequest) -> bool:
        origin = request.headers.get("Origin")
        if origin is not None:
            own = urlsplit(self._url)
            return origin == f"{own.scheme}://{own.netloc}"
        return request.headers.get("Sec-Fetch-Site") == "same-origin"


def _failed(error: SignInFailed) -> web.Response:
    logger.warning("a sign-in failed: %s", error)
    return words_page(502, "Not signed in", f"{error}.")


def _tokens(tokens: Tokens) -> web.Response:
    document = {
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in_s,
        "refresh_token": tokens.refresh,
        "email": tokens.email,
    }
    return web.json_response(document, headers=_NO_STORE)


def _oauth_error(status: int, code: str, words: str | None = None) -> web.Response:
    document = {"error": code} if words is None else {"error": code, "error_description": words}
    return web.json_response(document, status=status, headers=_NO_STORE)


async def _form(request: web.BaseRequest) -> dict[str, str] | None:
    """Return the fields of a form, or None if it is too large."""
    try:
        body = await read_body(request, _MOST_BYTES)
    except BodyTooLarge:
        return None
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _address(request: web.BaseRequest) -> str:
    return request.remote or ""
