"""IAM Identity Center as AWS plays it (sso-oidc and its portal), over HTTP: moto has neither.

https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/ and
https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/.
"""

import base64
import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.credentials.endpoint import Endpoint, Request

START_URL = "https://example.awsapps.com/start"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


class IdentityCenter:
    """One organization's."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.answers: list[str] = []
        """What is said of the code before it counts as confirmed: names of errors, as in authorization_pending."""
        self.refresh_refused = False
        self.accounts = {"111111111111": "play", "222222222222": "work"}
        self.roles = {"111111111111": ["ReadOnly"], "222222222222": ["Admin", "Developer"]}
        self.token_life_s = 3600
        self.keys_life_s = 3600.0
        self.valid: set[str] = set()
        """The access tokens that hold."""
        self.refresh_tokens: set[str] = set()
        self.signed_out: list[str] = []
        self.not_here = 0
        """How many regions, asked one after another, do not know the start URL."""
        self.denies: str | None = None
        """The OAuth error with which the browser is sent back, if the user does not allow the sign-in."""
        self.codes: list[str] = []
        """Those that the browser was sent back with."""
        self._consents: dict[str, dict[str, str]] = {}
        """What was asked of the browser, by the code that it was sent back with."""
        self.registered: list[dict[str, Any]] = []
        self.interval_s = 0
        self.code_life_s = 600
        self._issued = 0
        self._endpoint = endpoint
        endpoint.respond = self._respond

    @property
    def secrets(self) -> list[str]:
        """Everything secret that was ever given out."""
        numbers = range(1, self._issued + 1)
        return [
            SECRET,
            "client-secret",
            "device-code",
            *self.codes,
            *(f"{kind}-token-{n}" for kind in ("access", "refresh") for n in numbers),
        ]

    def withdraw(self) -> None:
        """End every session, as an administrator can."""
        self.valid.clear()
        self.refresh_tokens.clear()

    def _respond(self, request: Request) -> tuple[int, Any]:
        self._endpoint.fields = {}
        url = urlsplit(request.path)
        asked = (
            json.loads(request.body) if request.body else {key: value[0] for key, value in parse_qs(url.query).items()}
        )
        if url.path == "/authorize":
            return self._authorize(asked)
        if url.path == "/client/register":
            self.registered.append(asked)
            return 200, {
                "clientId": "client",
                "clientSecret": "client-secret",
                "clientSecretExpiresAt": int(time.time()) + 7_776_000,
            }
        if url.path == "/device_authorization":
            return self._device(asked)
        if url.path == "/token":
            return self._token(asked)
        if request.headers["x-amz-sso_bearer_token"] not in self.valid:
            return self._refused("UnauthorizedException", "Session token not found or invalid", 401)
        if url.path == "/logout":
            self.signed_out.append(request.headers["x-amz-sso_bearer_token"])
            return 200, {}
        return self._portal(url.path, asked)

    def _authorize(self, asked: dict[str, str]) -> tuple[int, Any]:
        """The page in the browser. Its user allows the sign-in at once, and is sent back."""
        client = self.registered[-1]
        back = urlsplit(asked["redirect_uri"])
        # Any port of the loopback address that was registered (RFC 8252, section 7.3).
        assert f"{back.scheme}://{back.hostname}{back.path}" in client["redirectUris"]
        assert (asked["client_id"], asked["response_type"]) == ("client", "code")
        assert asked["code_challenge_method"] == "S256"
        assert asked["scopes"].split() == client["scopes"]
        if client["issuerUrl"] != START_URL:
            return 400, "invalid_request"
        answer = {"state": asked["state"]}
        if self.denies is not None:
            answer["error"] = self.denies
        else:
            answer["code"] = f"authorization-code-{len(self.codes) + 1}"
            self.codes.append(answer["code"])
            self._consents[answer["code"]] = asked
        self._endpoint.fields = {"Location": f"{asked['redirect_uri']}?{urlencode(answer)}"}
        return 302, ""

    def _device(self, asked: dict[str, Any]) -> tuple[int, Any]:
        if self.not_here or asked["startUrl"] != START_URL:
            self.not_here = max(0, self.not_here - 1)
            return self._refused("InvalidRequestException", "", error="invalid_request")
        return 200, {
            "deviceCode": "device-code",
            "userCode": "ABCD-EFGH",
            "verificationUri": "https://device.sso.us-east-1.amazonaws.com/",
            "verificationUriComplete": "https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH",
            "expiresIn": self.code_life_s,
            "interval": self.interval_s,
        }

    def _token(self, asked: dict[str, Any]) -> tuple[int, Any]:
        assert (asked["clientId"], asked["clientSecret"]) == ("client", "client-secret")
        if asked["grantType"] == "refresh_token":
            if self.refresh_refused or asked["refreshToken"] not in self.refresh_tokens:
                return self._refused("InvalidGrantException", "", error="invalid_grant")
            self.refresh_tokens.remove(asked["refreshToken"])
        elif asked["grantType"] == "authorization_code":
            consent = self._consents.pop(asked["code"], {})
            challenge = base64.urlsafe_b64encode(hashlib.sha256(asked["codeVerifier"].encode()).digest())
            if (consent.get("code_challenge"), consent.get("redirect_uri")) != (
                challenge.decode().rstrip("="),
                asked["redirectUri"],
            ):
                return self._refused("InvalidGrantException", "", error="invalid_grant")
        else:
            assert asked["grantType"] == DEVICE_GRANT
            assert asked["deviceCode"] == "device-code"
            if self.answers:
                error = self.answers.pop(0)
                name = "".join(part.capitalize() for part in error.split("_")) + "Exception"
                return self._refused(name, "", error=error)
        self._issued += 1
        access, refresh = f"access-token-{self._issued}", f"refresh-token-{self._issued}"
        self.valid = {access}
        given = {"accessToken": access, "tokenType": "Bearer", "expiresIn": self.token_life_s}
        if self.registered and not self.registered[-1].get("scopes"):
            return 200, given
        self.refresh_tokens.add(refresh)
        return 200, {**given, "refreshToken": refresh}

    def _portal(self, path: str, asked: dict[str, Any]) -> tuple[int, Any]:
        if path == "/assignment/accounts":
            # One at a time, as it may.
            ids = list(self.accounts)
            at = int(asked.get("next_token", 0))
            rows = [{"accountId": id, "accountName": self.accounts[id]} for id in ids[at : at + 1]]
            return 200, {"accountList": rows, **({"nextToken": str(at + 1)} if at + 1 < len(ids) else {})}
        if path == "/assignment/roles":
            id = asked["account_id"]
            return 200, {"roleList": [{"roleName": name, "accountId": id} for name in self.roles[id]]}
        assert path == "/federation/credentials"
        if asked["role_name"] not in self.roles.get(asked["account_id"], []):
            return self._refused("ForbiddenException", "No access", 403)
        return 200, {
            "roleCredentials": {
                "accessKeyId": f"ASIA{asked['role_name'].upper()}",
                "secretAccessKey": SECRET,
                "sessionToken": "session",
                "expiration": int((time.time() + self.keys_life_s) * 1000),
            }
        }

    def _refused(self, name: str, message: str, status: int = 400, **more: str) -> tuple[int, Any]:
        self._endpoint.fields = {"x-amzn-ErrorType": name}
        return status, {**({"message": message} if message else {}), **more}
