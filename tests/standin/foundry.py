"""A stand-in for Claude in Microsoft Foundry: it checks what Azure checks, then answers in the form of Messages.

Typical use::

    async with Foundry() as foundry:
        foundry.keys.add("0f…")  # what may come as api-key or x-api-key
        monkeypatch.setenv(name, value)  # each of foundry.managed_identity(): azure-identity gets its tokens here
        foundry.answer(message(text("Hel", gate, "lo")))  # for the next request that passes every check
        ...  # base_url = foundry.base_url

Tokens are issued to a managed identity, by the endpoint that App Service has for it. They end, and can be revoked.

Sources of what it refuses, and in which words: "Claude in Microsoft Foundry" in platform.claude.com/docs (header
fields, scope, features that deployments hosted on Azure lack), "Managed identities" of App Service in
learn.microsoft.com (the REST endpoint), and public reports: Azure/azure-sdk-for-net#50872 (the audience),
microsoft/vscode#283763 (the role), BerriAI/litellm#16964 (the key), posit-dev/positron#12858 (the deployment).
"""

import base64
import json
import time
from collections import deque
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.standin.answers import Answer, error, json_answer, message, text, whole_message
from tests.standin.provider import Provider, ReceivedRequest
from tests.standin.steps import Hold

AUDIENCE = "https://ai.azure.com"
TENANT = "72f988bf-0000-4000-8000-2d7cd011db47"
CLIENT = "00c0ffee-1111-4222-8333-444455556666"
_IDENTITY = "/msi/token"
_IDENTITY_HEADER = "853b9a84-stand-in"
_API = "/anthropic/v1/messages"
_VERSIONS = ("2023-06-01", "2026-10-21")
"""Claude Code sends the older one, Anthropic's SDK the newer."""
_NOT_HOSTED_ON_AZURE = ("web_search", "web_fetch", "code_execution", "tool_search")


class Foundry(Provider):
    """Listens like any provider; what it knows and allows are plain attributes that a test may change."""

    def __init__(self) -> None:
        super().__init__()
        self.respond = self._respond
        self.keys = {"standin0123456789abcdef0123456789abcdef"}
        """The keys that it accepts."""
        self.deployments = {
            "claude-sonnet-5-5": "claude-sonnet-5-5",
            "claude-haiku-4-5": "claude-haiku-4-5-20251001",
            "my-opus": "claude-opus-5-5",
        }
        """The model of each deployment."""
        self.hosted_on_azure: set[str] = set()
        """The deployments that lack server-side tools and structured outputs."""
        self.may_use = True
        """The principal of the tokens has a role at the resource."""
        self.token_lifetime_s = 86400
        self.tokens_issued = 0
        self.before_token: list[Hold] = []
        """Gates that the token endpoint goes through before it answers."""
        self._answers: deque[Answer] = deque()
        self._tokens: dict[str, float] = {}

    @property
    def base_url(self) -> str:
        """The base URL of the Messages API."""
        return f"{self.url}/anthropic"

    @property
    def asked(self) -> list[ReceivedRequest]:
        """The requests to models that arrived, also those that were refused."""
        return [request for request in self.requests if request.path.startswith("/anthropic/")]

    def answer(self, *answers: Answer) -> None:
        """Queue answers for the next requests that pass every check, one each."""
        self._answers.extend(answers)

    def managed_identity(self) -> dict[str, str]:
        """The variables with which azure-identity takes this for App Service with a managed identity."""
        return {"IDENTITY_ENDPOINT": self.url + _IDENTITY, "IDENTITY_HEADER": _IDENTITY_HEADER}

    def issue(self, audience: str = AUDIENCE, *, lifetime_s: float | None = None) -> str:
        """A token for an audience, accepted until it ends or is revoked if it is for this service."""
        self.tokens_issued += 1
        ends = time.time() + (self.token_lifetime_s if lifetime_s is None else lifetime_s)
        claims = {"aud": audience, "appid": CLIENT, "tid": TENANT, "exp": int(ends), "jti": str(self.tokens_issued)}
        parts = [{"typ": "JWT", "alg": "RS256"}, claims]
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        token = ".".join([*encoded, "c3RhbmQtaW4tc2lnbmF0dXJl"])
        if audience == AUDIENCE:
            self._tokens[token] = ends
        return token

    def revoke_tokens(self) -> None:
        """Accept none of the tokens issued so far."""
        self._tokens.clear()

    def _respond(self, request: ReceivedRequest) -> Answer:
        if request.path == _IDENTITY:
            return self._identity(request).but(before_head=list(self.before_token))
        if request.method != "POST" or request.path not in (_API, f"{_API}/count_tokens"):
            return json_answer({"error": {"code": "404", "message": "Resource not found"}}, 404)
        return self._unauthorized(request) or self._complaint(request) or self._answer_to(request)

    def _identity(self, request: ReceivedRequest) -> Answer:
        query = parse_qs(urlsplit(request.target).query)
        if request.header("x-identity-header") != _IDENTITY_HEADER or query.get("api-version") != ["2019-08-01"]:
            return json_answer({"statusCode": 400, "message": "bad identity request"}, 400)
        [resource] = query["resource"]
        document = {
            "access_token": self.issue(resource.rstrip("/")),
            "expires_on": str(int(time.time() + self.token_lifetime_s)),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": CLIENT,
        }
        return json_answer(document)

    def _unauthorized(self, request: ReceivedRequest) -> Answer | None:
        given = [key for name in ("x-api-key", "api-key") if (key := request.header(name)) is not None]
        bearer = request.header("authorization")
        if given:
            return None if all(key in self.keys for key in given) else self.wrong_key()
        if bearer is None:
            return self.wrong_key()
        token = bearer.removeprefix("Bearer ")
        if self._tokens.get(token, 0) <= time.time():
            words = (
                "Unauthorized. Access token is missing, invalid, audience is incorrect"
                " (https://cognitiveservices.azure.com or https://ai.azure.com), or have expired."
            )
            return json_answer({"statusCode": 401, "message": words}, 401)
        if not self.may_use:
            words = (
                f"The principal `{CLIENT}` lacks the required data action"
                " `Microsoft.CognitiveServices/accounts/AIServices/anthropic/messages/action` to perform"
                f" `{request.method} {request.path}` operation."
            )
            return json_answer({"error": {"code": "PermissionDenied", "message": words}}, 401)
        return None

    def wrong_key(self) -> Answer:
        """What comes for a key that it does not know."""
        words = (
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for"
            " an active subscription and use a correct regional API endpoint for your resource."
        )
        return json_answer({"error": {"code": "401", "message": words}}, 401)

    def throttled(self) -> Answer:
        """What comes when the quota of the subscription is used up; there are no anthropic-ratelimit fields."""
        words = (
            "Requests to the Messages operation have exceeded rate limit for your subscription. Please retry after 24"
            " seconds."
        )
        document = {"error": {"code": "RateLimitReached", "message": words}}
        return json_answer(document, 429, [("retry-after", "24")])

    def _complaint(self, request: ReceivedRequest) -> Answer | None:
        if request.header("anthropic-version") not in _VERSIONS:
            return error(400, "anthropic-version: header is required")
        body = request.json
        deployment = body.get("model")
        if deployment not in self.deployments:
            words = (
                "The API deployment for this resource does not exist. If you created the deployment within the last 5"
                " minutes, please wait a moment and try again."
            )
            kind = {"type": "invalid_request_error", "code": "DeploymentNotFound", "message": words}
            return json_answer({"error": kind}, 404)
        if deployment in self.hosted_on_azure and (lacking := list(_not_on_azure(body))):
            return error(400, f"{', '.join(lacking)} not supported in your workspace")
        return None

    def _answer_to(self, request: ReceivedRequest) -> Answer:
        if request.path.endswith("/count_tokens"):
            return json_answer({"input_tokens": 2095})
        if self._answers:
            return self._answers.popleft()
        asked = request.json
        answer = message if asked.get("stream") else whole_message
        return answer(text("Hi", " there"), model=self.deployments[asked["model"]])


def _not_on_azure(body: dict[str, Any]) -> Iterable[str]:
    kinds = [str(tool.get("type", "")) for tool in body.get("tools", [])]
    yield from (name for name in _NOT_HOSTED_ON_AZURE if any(kind.startswith(name) for kind in kinds))
    if "format" in body.get("output_config", {}) or any(tool.get("strict") for tool in body.get("tools", [])):
        yield "structured_outputs"
