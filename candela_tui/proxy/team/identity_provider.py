"""The company's identity provider: OpenID Connect, authorization code with PKCE.

https://openid.net/specs/openid-connect-core-1_0.html; the identity token is verified with joserfc.
"""

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from candela_tui.config import OidcSettings
from candela_tui.keys.key import checked_name
from candela_tui.keys.person import Person, in_team
from candela_tui.providers.upstream import ProviderRequest, Reply

_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
_LEEWAY_S: Final = 60
_JSON: Final = ("Accept", "application/json")
_FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")

Fetch = Callable[[ProviderRequest], Awaitable[Reply]]


class SignInFailed(Exception):
    """Nobody was signed in; ``str()`` says why, for the log and the person."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one sign-in is recognised by."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Question":
        """Make one that nobody can guess."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


class IdentityProvider:
    """Asks the identity provider who someone is. Its addresses are read once, and its keys again when one is new."""

    def __init__(self, settings: OidcSettings, teams: Mapping[str, str], redirect_uri: str, fetch: Fetch) -> None:
        """``teams`` has the team of each group, ``redirect_uri`` is where the provider sends people back to."""
        self._settings = settings
        self._teams = teams
        self._redirect_uri = redirect_uri
        self._fetch = fetch
        self._places: dict[str, str] | None = None
        self._keys: dict[str, Any] | None = None

    async def address(self, question: Question) -> str:
        """Return where a browser is sent to. Raises SignInFailed."""
        places = await self._discovered()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(question.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self._settings.scopes,
            "state": question.state,
            "nonce": question.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        there = places["authorization_endpoint"]
        return f"{there}{'&' if '?' in there else '?'}{urlencode(query)}"

    async def person(self, code: str, question: Question) -> Person:
        """Return who came back with a code. Raises SignInFailed."""
        places = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": question.verifier,
        }
        if (file := self._settings.client_secret_file) is not None:
            form["client_secret"] = _secret(file)
        document = await self._json("POST", places["token_endpoint"], urlencode(form).encode())
        token = document.get("id_token")
        if not isinstance(token, str):
            raise SignInFailed("the identity provider sent no id_token")
        return self._person(await self._claims(token, places), question)

    def _person(self, claims: Mapping[str, Any], question: Question) -> Person:
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), question.nonce.encode()):
            raise SignInFailed("the identity provider's answer belongs to another sign-in")
        email = claims.get("email")
        try:
            email = checked_name(email) if isinstance(email, str) else None
        except ValueError:
            email = None
        # Some providers state it as text. Those that leave it out name addresses of their own users only.
        if email is None or claims.get("email_verified", True) not in (True, "true"):
            raise SignInFailed(
                "the identity provider names no verified e-mail address; [team.oidc] scopes has to ask for it"
            )
        given = claims.get(self._settings.groups_claim)
        groups = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
        person = in_team(Person(str(claims["sub"]), email, None, tuple(groups)), self._teams)
        if person is None:
            raise SignInFailed(f"{email} is in none of the groups of [team.groups]")
        return person

    async def _claims(self, token: str, places: Mapping[str, str]) -> Mapping[str, Any]:
        from joserfc import jwt  # The extra candela-tui[team] brings it.
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        options = {
            "iss": {"essential": True, "value": places["issuer"]},
            "aud": {"essential": True, "value": self._settings.client_id},
            "exp": {"essential": True},
            "sub": {"essential": True},
        }
        # The provider may have begun to sign with another key since its keys were read.
        for again in (False, True):
            if self._keys is None or again:
                self._keys = await self._json("GET", places["jwks_uri"])
            try:
                decoded = jwt.decode(token, KeySet.import_key_set(self._keys), algorithms=list(_ALGORITHMS))  # type: ignore[arg-type]
                jwt.JWTClaimsRegistry(leeway=_LEEWAY_S, **options).validate(decoded.claims)  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError):
                continue
            return decoded.claims
        raise SignInFailed("the identity provider's id_token is not valid: wrong signature, issuer, audience or time")

    async def _discovered(self) -> Mapping[str, str]:
        if self._places is None:
            issuer = self._settings.issuer or ""
            document = await self._json("GET", f"{issuer}/.well-known/openid-configuration")
            names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
            places = {name: document[name] for name in names if isinstance(document.get(name), str)}
            if places.get("issuer", "").rstrip("/") != issuer or len(places) < len(names):
                raise SignInFailed(f"{issuer} does not describe itself as an OpenID provider")
            self._places = places
        return self._places

    async def _json(self, method: str, url: str, body: bytes = b"") -> dict[str, Any]:
        fields = [_JSON, _FORM] if body else [_JSON]
        reply = await self._fetch(ProviderRequest(method, url, fields, body))
        try:
            document = msgspec.json.decode(reply.body)
        except msgspec.DecodeError:
            document = None
        if reply.status != 200 or not isinstance(document, dict):
            raise SignInFailed(f"the identity provider answered with status {reply.status}")
        return document


def _secret(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SignInFailed(f"{file}: the secret for the identity provider can't be read") from None
