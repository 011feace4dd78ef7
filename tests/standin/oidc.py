"""An OpenID provider that signs real tokens, and checks what OAuth asks for: redirect URI, PKCE, client secret."""

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.standin.answers import Answer, json_answer
from tests.standin.provider import Provider, ReceivedRequest

CLIENT_ID = "candela"
SECRET = "idp-secret-0a1B2c3D"


class IdentityProvider(Provider):
    """Listens while used as an async context manager. ``claims`` are put into each identity token."""

    def __init__(self) -> None:
        super().__init__()
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        self.published = self.key
        """The key that it says it signs with."""
        self.claims: dict[str, Any] = {"email": "ada@example.com", "email_verified": True, "groups": ["eng"]}
        self.redirect_uri: str | None = None
        """The only one that is registered; None: any."""
        self.respond = self._answer
        self._codes: dict[str, dict[str, str]] = {}

    def settings(self, url: str, secret_file: str = "", **more: Any) -> dict[str, Any]:
        """The section [team] for a candela at a URL."""
        oidc = {"issuer": self.url, "client_id": CLIENT_ID, "client_secret_file": secret_file}
        return {"team": {"url": url, "oidc": oidc, **more}}

    def signed_in(self, location: str) -> str:
        """Sign a person in at the address that a browser was sent to; the address that it is sent back to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert location.startswith(f"{self.url}/authorize?")
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        assert self.redirect_uri in (None, query["redirect_uri"])
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def _answer(self, request: ReceivedRequest) -> Answer:
        match request.path:
            case "/.well-known/openid-configuration":
                places = {
                    name: f"{self.url}/{path}"
                    for name, path in (
                        ("authorization_endpoint", "authorize"),
                        ("token_endpoint", "token"),
                        ("jwks_uri", "keys"),
                    )
                }
                return json_answer({"issuer": self.url, **places})
            case "/keys":
                return json_answer({"keys": [self.published.as_dict(private=False)]})
            case "/token":
                return self._token(request)
        return json_answer({"error": "not_found"}, status=404)

    def _token(self, request: ReceivedRequest) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form.get("redirect_uri")
            or form.get("client_secret") != SECRET
        ):
            return json_answer({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "person-1",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key)
        return json_answer({"id_token": token, "access_token": "of-no-use", "token_type": "Bearer"})
