"""Google's token endpoint, for stand-ins of Google's services.

Tokens are issued by ``POST /token`` for a signed assertion of a service account, and can be revoked.
"""

import base64
import json
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.standin.answers import Answer, json_answer
from tests.standin.provider import Provider, ReceivedRequest
from tests.standin.steps import Hold

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_AUDIENCE = "https://oauth2.googleapis.com/token"
"""google-auth writes it whatever the key file's token_uri is."""
ACCOUNT = "candela@test-project.iam.gserviceaccount.com"


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class GoogleService(Provider):
    """Listens like any provider, and issues the tokens that it accepts."""

    def __init__(self) -> None:
        super().__init__()
        self.project = "test-project"
        self.as_list = False
        """Google's errors come inside a list, as from its streaming methods."""
        self.tokens_are_dead = False
        """The tokens that it issues are refused from the start."""
        self.token_lifetime_s = 3600
        self.tokens_issued = 0
        self.before_token: list[Hold] = []
        """Gates that the token endpoint goes through before it answers."""
        self._tokens: set[str] = set()

    def service_account(self, folder: Path, **changes: Any) -> Path:
        """Write a key file whose tokens come from here; ``changes`` replace its members."""
        pem = _key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        document = {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": ACCOUNT,
            "client_id": "1",
            "token_uri": self.url + "/token",
            **changes,
        }
        path = folder / "service-account.json"
        path.write_text(json.dumps(document))
        return path

    def issue(self, token: str) -> str:
        """Accept this token from now on."""
        self._tokens.add(token)
        return token

    def revoke_tokens(self) -> None:
        """Accept none of the tokens issued so far."""
        self._tokens.clear()

    def knows(self, request: ReceivedRequest) -> bool:
        """Whether a request has a token that is valid."""
        return (request.header("authorization") or "").removeprefix("Bearer ") in self._tokens

    def token(self, request: ReceivedRequest) -> Answer:
        """What the token endpoint answers."""
        form = parse_qs(request.body.decode())
        head, claims, signature = form.get("assertion", ["a.b.c"])[0].split(".")
        try:
            _key().public_key().verify(
                _unpadded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return json_answer({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        asked = json.loads(_unpadded(claims))
        if asked["aud"] != _AUDIENCE or SCOPE not in asked["scope"].split():
            return json_answer({"error": "invalid_scope", "error_description": "Invalid OAuth scope."}, 400)
        self.tokens_issued += 1
        token = f"ya29.stand-in-{self.tokens_issued}"
        if not self.tokens_are_dead:
            self.issue(token)
        document = {"access_token": token, "expires_in": self.token_lifetime_s, "token_type": "Bearer"}
        return json_answer(document).but(before_head=list(self.before_token))

    def google_error(self, status: int, kind: str, words: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        """An error in Google's form, such as ``google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded …")``."""
        document: Any = {"error": {"code": status, "message": words, "status": kind}}
        return json_answer([document] if self.as_list else document, status, headers)

    def unauthenticated(self) -> Answer:
        """What comes for a token that it does not know."""
        return self.google_error(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
            " authentication credential. See"
            " https://developers.google.com/identity/sign-in/web/devconsole-project.",
            (("WWW-Authenticate", 'Bearer realm="https://accounts.google.com/", error="invalid_token"'),),
        )


def _unpadded(data: str) -> bytes:
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
