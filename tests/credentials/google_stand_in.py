"""Google on loopback, over TLS: consent, tokens, whose they are, projects. It checks what the client has to prove."""

import base64
import hashlib
import json
import secrets
import ssl
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

import trustme
from aiohttp import web

from candela_tui.credentials.google.oauth import Endpoints

CLIENT_ID = "1234-candela.apps.googleusercontent.com"
CLIENT_SECRET = "GOCSPX-abcdefghij1234567890ABCDEFGHIJ"
CLOUD = "https://www.googleapis.com/auth/cloud-platform"
EMAIL = "ada@example.com"


@dataclass
class GoogleStandIn:
    """While used as a context manager: a server. Its fields say how it answers."""

    authority: trustme.CA
    denies: bool = False
    """The user does not consent."""
    scope: str | None = None
    """What the user consents to, if not everything."""
    gives_refresh_token: bool = True
    lasts_s: int = 3600
    projects: list[dict[str, str]] = field(default_factory=list)
    refuses_projects: bool = False
    page: int = 100
    given: set[str] = field(default_factory=set)
    """Every secret that it gave or was given."""
    refresh_tokens: set[str] = field(default_factory=set)
    """Those that are valid."""
    service_account_is_gone: bool = False
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    access_tokens: list[str] = field(default_factory=list)
    _consents: dict[str, dict[str, str]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/auth", self._auth)
        application.router.add_post("/token", self._token)
        application.router.add_post("/tokeninfo", self._token_info)
        application.router.add_post("/revoke", self._revoke)
        application.router.add_get("/projects", self._projects)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("127.0.0.1").configure_cert(tls)
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls).start()
        url = f"https://127.0.0.1:{self._runner.addresses[0][1]}"
        self.endpoints = Endpoints(
            f"{url}/auth", f"{url}/token", f"{url}/tokeninfo", f"{url}/revoke", f"{url}/projects"
        )
        self.given.add(CLIENT_SECRET)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def secret(self, beginning: str) -> str:
        """A new one."""
        made = beginning + secrets.token_urlsafe(40)
        self.given.add(made)
        return made

    async def _auth(self, request: web.Request) -> web.Response:
        asked = request.query
        assert asked["client_id"] == CLIENT_ID
        assert asked["response_type"] == "code"
        assert asked["access_type"] == "offline"
        assert asked["prompt"] == "consent"
        assert asked["code_challenge_method"] == "S256"
        assert {"openid", CLOUD} <= set(asked["scope"].split())
        answer = {"state": asked["state"]}
        if self.denies:
            answer["error"] = "access_denied"
        else:
            answer["code"] = self.secret("4/0A")
            answer["scope"] = asked["scope"]
            self._consents[answer["code"]] = dict(asked)
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(f"/token {form['grant_type']}")
        if form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            if self.service_account_is_gone:
                return _no("invalid_grant", "Invalid JWT Signature.")
            return web.json_response(self._access())
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _no("invalid_client", "The OAuth client was not found.")
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh_tokens:
                return _no("invalid_grant", "Token has been expired or revoked.")
            return web.json_response(self._access())
        consent = self._consents.pop(form["code"], None)
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            consent is None
            or consent["redirect_uri"] != form["redirect_uri"]
            or consent["code_challenge"] != base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        ):
            return _no("invalid_grant", "Bad Request")
        answer = self._access() | {"scope": self.scope or consent["scope"], "id_token": self._id_token()}
        if self.gives_refresh_token:
            answer["refresh_token"] = self.secret("1//0g")
            self.refresh_tokens.add(answer["refresh_token"])
        return web.json_response(answer)

    def _access(self) -> dict[str, Any]:
        self.access_tokens.append(self.secret("ya29."))
        return {"access_token": self.access_tokens[-1], "expires_in": self.lasts_s, "token_type": "Bearer"}

    def _id_token(self) -> str:
        parts = [{"alg": "RS256", "typ": "JWT"}, {"email": EMAIL, "iat": 1, "exp": 2}]
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        token = ".".join([*encoded, secrets.token_urlsafe(40)])
        self.given.add(token)
        return token

    async def _token_info(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("access_token") not in self.access_tokens:
            return _no("invalid_token", "Invalid Value")
        return web.json_response({"email": EMAIL, "expires_in": "3599", "scope": CLOUD})

    async def _revoke(self, request: web.Request) -> web.Response:
        form = await request.post()
        token = str(form["token"])
        if token not in self.refresh_tokens:
            return _no("invalid_token", "Token expired or revoked")
        self.refresh_tokens.remove(token)
        return web.json_response({})

    async def _projects(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"].removeprefix("Bearer ") in self.access_tokens
        assert request.query["query"] == "state:ACTIVE"
        if self.refuses_projects:
            message = "Cloud Resource Manager API has not been used in project 1234 before or it is disabled."
            error = {"code": 403, "message": message, "status": "PERMISSION_DENIED"}
            return web.json_response({"error": error}, status=403)
        begin = int(request.query.get("pageToken", "0"))
        end = begin + self.page
        more = {"nextPageToken": str(end)} if end < len(self.projects) else {}
        return web.json_response({"projects": self.projects[begin:end], **more})


def _no(error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=400)
