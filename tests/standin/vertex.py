"""A stand-in for Vertex AI: it checks what Google and the model behind it check, then plays scripted answers.

Typical use::

    async with Vertex() as vertex:
        keys = vertex.service_account(tmp_path)  # for GOOGLE_APPLICATION_CREDENTIALS; its token_uri is the stand-in
        vertex.answer(message(text("Hel", gate, "lo")))  # for the next prediction that passes every check
        ...  # base_url = vertex.url
        request = await vertex.prediction(0)

Tokens are issued by ``POST /token`` for a signed assertion, and can be revoked. Words of refusals are the real ones:
https://docs.claude.com/en/api/errors, https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/api-errors
and public reports of both.
"""

import asyncio
import base64
import json
import re
from collections import deque
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.standin.answers import Answer, error, json_answer, message, text, whole_message
from tests.standin.provider import Provider, ReceivedRequest
from tests.standin.steps import PATIENCE_S, Hold

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_AUDIENCE = "https://oauth2.googleapis.com/token"
"""google-auth writes it whatever the key file's token_uri is."""
ACCOUNT = "candela@test-project.iam.gserviceaccount.com"

_PREDICTION = re.compile(
    r"/v1/projects/(?P<project>[^/]+)/locations/(?P<region>[^/]+)/publishers/anthropic/models/(?P<model>[^/]+)"
    r":(?:streamRawPredict|rawPredict)"
)
_LISTING = "/v1beta1/publishers/anthropic/models"
_MODEL_PAGES = "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions"
_FIELDS = frozenset(
    [
        "anthropic_version",
        "cache_control",
        "max_tokens",
        "messages",
        "metadata",
        "output_config",
        "output_format",
        "service_tier",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    ]
)
_COUNTED = frozenset(
    ["anthropic_version", "cache_control", "messages", "model", "system", "thinking", "tool_choice", "tools"]
)
_VERSIONS = ("vertex-2023-10-16", "2026-10-21")
"""Anthropic's SDK sends the newer one, Claude Code the older."""
_GATED = {"context_management": "context-management-2025-06-27"}
_TOOL_FIELDS = frozenset(
    ["cache_control", "description", "input_schema", "name", "strict", "type", "eager_input_streaming"]
)
_GATED_TOOL_FIELDS = {
    "defer_loading": "tool-search-tool-2025-10-19",
    "input_examples": "tool-search-tool-2025-10-19",
    "allowed_callers": "tool-search-tool-2025-10-19",
}


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Vertex(Provider):
    """Listens like any provider; what it knows and allows are plain attributes that a test may change."""

    def __init__(self) -> None:
        super().__init__()
        self.respond = self._respond
        self.project = "test-project"
        self.models: dict[str, set[str]] = {
            "claude-opus-4-8": {"global", "us", "eu", "us-east5"},
            "claude-sonnet-4-5@20250929": {"global", "us-east5", "europe-west1"},
            "claude-haiku-4-5@20251001": {"global", "us-east5"},
        }
        """The regions that serve each model."""
        self.counting_regions: set[str] | None = None
        """The regions that count tokens; None: all."""
        self.betas = {
            "claude-code-20250219",
            "computer-use-2025-01-24",
            "context-1m-2025-08-07",
            "context-management-2025-06-27",
            "effort-2025-11-24",
            "interleaved-thinking-2025-05-14",
            "tool-search-tool-2025-10-19",
            "web-search-2025-03-05",
        }
        """The flags of anthropic-beta that it knows, among them those that Claude Code sends to Vertex AI by itself; it
        refuses a request with any other."""
        self.refused_fields: set[str] = set()
        """Fields of the body that it refuses whatever flags come along."""
        self.inside_google = False
        """The model's own errors come as a text inside Google's form."""
        self.as_list = False
        """Google's errors come inside a list, as from its streaming methods."""
        self.tokens_are_dead = False
        """The tokens that it issues are refused from the start."""
        self.may_list = True
        self.needs_quota_project = False
        """The list of models is refused without x-goog-user-project, as for a user's own credentials."""
        self.page_size = 2
        self.token_lifetime_s = 3600
        self.tokens_issued = 0
        self.before_token: list[Hold] = []
        """Gates that the token endpoint goes through before it answers."""
        self.before_list: list[Hold] = []
        """The same for a page of the list of models."""
        self._answers: deque[Answer] = deque()
        self._tokens: set[str] = set()

    def answer(self, *answers: Answer) -> None:
        """Queue answers for the next predictions that pass every check, one each."""
        self._answers.extend(answers)

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

    def environment(self, folder: Path) -> dict[str, str]:
        """The variables that lead Google's own libraries to this account and project."""
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.service_account(folder)),
            "ANTHROPIC_VERTEX_PROJECT_ID": self.project,
        }

    def issue(self, token: str) -> str:
        """Accept this token from now on."""
        self._tokens.add(token)
        return token

    def revoke_tokens(self) -> None:
        """Accept none of the tokens issued so far."""
        self._tokens.clear()

    @property
    def predictions(self) -> list[ReceivedRequest]:
        """The requests to models that arrived, also those that were refused."""
        return [request for request in self.requests if _PREDICTION.fullmatch(unquote(request.path))]

    @property
    def listings(self) -> list[ReceivedRequest]:
        """The requests for pages of the list of models."""
        return [request for request in self.requests if request.path == _LISTING]

    async def prediction(self, number: int = 0) -> ReceivedRequest:
        """The request to a model of this number, from 0; waits for it. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.predictions) > number)
        return self.predictions[number]

    def _respond(self, request: ReceivedRequest) -> Answer:
        if (request.method, request.path) == ("POST", "/token"):
            return self._token(request)
        prediction = _PREDICTION.fullmatch(unquote(request.path))
        if prediction is None and (request.method, request.path) != ("GET", _LISTING):
            return Answer(
                [b"<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b></html>\n"],
                status=404,
                headers=(("Content-Type", "text/html; charset=UTF-8"),),
                framing="length",
            )
        if (request.header("authorization") or "").removeprefix("Bearer ") not in self._tokens:
            return self._unauthenticated()
        if prediction is None:
            return self._models(request)
        return self._refusal(request, prediction) or self._answer_to(request, prediction["model"])

    def _token(self, request: ReceivedRequest) -> Answer:
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

    def _refusal(self, request: ReceivedRequest, prediction: re.Match[str]) -> Answer | None:
        project, region, model = prediction["project"], prediction["region"], prediction["model"]
        counting = model == "count-tokens"
        resource = f"projects/{project}/locations/{region}/publishers/anthropic/models/{model}"
        if project != self.project:
            return self.google_error(
                403,
                "PERMISSION_DENIED",
                "Permission 'aiplatform.endpoints.predict' denied on resource"
                f" '//aiplatform.googleapis.com/{resource}' (or it may not exist).",
            )
        try:
            body = request.json
        except ValueError:
            return self.google_error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
        asked_model = body.get("model", "") if counting else model
        uncounted = counting and self.counting_regions is not None and region not in self.counting_regions
        if uncounted or asked_model not in self.models:
            return self.google_error(
                404,
                "NOT_FOUND",
                f"Publisher Model `{resource.replace('count-tokens', asked_model)}` was not found or your project does"
                " not have access to it. Please ensure you are using a valid model version. For more information, see:"
                f" {_MODEL_PAGES}",
            )
        if region not in self.models[asked_model]:
            words = f"Publisher Model `{resource}` is not servable in region {region}."
            return self.google_error(400, "FAILED_PRECONDITION", words)
        complaint = self._complaint(request, body, _COUNTED if counting else _FIELDS)
        return self.model_error(400, complaint) if complaint else None

    def _complaint(self, request: ReceivedRequest, body: dict[str, Any], fields: frozenset[str]) -> str | None:
        flags = [flag.strip() for flag in (request.header("anthropic-beta") or "").split(",") if flag.strip()]
        if unknown := [flag for flag in flags if flag not in self.betas]:
            named = ", ".join(f"`{flag}`" for flag in unknown)
            return (
                f"Unexpected value(s) {named} for the `anthropic-beta` header. Please consult our documentation at"
                " docs.claude.com or try again without the header."
            )
        if "model" not in fields and body.get("anthropic_version") not in _VERSIONS:
            return "anthropic_version: Input should be 'vertex-2023-10-16'"
        for name in body:
            if name in self.refused_fields or (name not in fields and _GATED.get(name) not in flags):
                return f"{name}: Extra inputs are not permitted"
        for index, tool in enumerate(body.get("tools", [])):
            if tool.get("type", "custom") != "custom":
                continue
            for name in tool:
                if name not in _TOOL_FIELDS and _GATED_TOOL_FIELDS.get(name) not in flags:
                    return f"tools.{index}.custom.{name}: Extra inputs are not permitted"
        for message_ in body["messages"]:
            if message_["role"] not in ("user", "assistant"):
                return (
                    f'messages: Unexpected role "{message_["role"]}". The Messages API accepts a top-level `system`'
                    ' parameter, not "system" as an input message role.'
                )
        if re.search(r'"cache_control": \{[^}]*"scope"', json.dumps(body.get("system"))):
            return "system.0.cache_control.ephemeral.scope: Extra inputs are not permitted"
        return None

    def _answer_to(self, request: ReceivedRequest, model: str) -> Answer:
        if model == "count-tokens":
            return json_answer({"input_tokens": 2095})
        if self._answers:
            return self._answers.popleft()
        answer = message if request.json.get("stream") else whole_message
        return answer(text("Hi", " there"), model=model.replace("@", "-"))

    def _models(self, request: ReceivedRequest) -> Answer:
        if self.needs_quota_project and not request.header("x-goog-user-project"):
            return self.google_error(
                403,
                "PERMISSION_DENIED",
                "Your application is authenticating by using local Application Default Credentials. The"
                " aiplatform.googleapis.com API requires a quota project, which is not set by default. To learn how to"
                " set your quota project, see https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds"
                " .",
            )
        if not self.may_list:
            return self.google_error(403, "PERMISSION_DENIED", "The caller does not have permission")
        query = parse_qs(urlsplit(request.target).query)
        start = int(query.get("pageToken", ["0"])[0])
        size = min(self.page_size, int(query.get("pageSize", ["100"])[0]))
        names = [name.partition("@") for name in self.models]
        rows = [
            {
                "name": f"publishers/anthropic/models/{name}",
                "versionId": version or "default",
                "openSourceCategory": "PROPRIETARY",
                "launchStage": "GA",
            }
            for name, _, version in names
        ]
        page: dict[str, Any] = {"publisherModels": rows[start : start + size]}
        if start + size < len(rows):
            page["nextPageToken"] = str(start + size)
        return json_answer(page).but(before_head=list(self.before_list))

    def google_error(self, status: int, kind: str, words: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        """An error in Google's form, such as ``google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded …")``."""
        document: Any = {"error": {"code": status, "message": words, "status": kind}}
        return json_answer([document] if self.as_list else document, status, headers)

    def model_error(self, status: int, words: str) -> Answer:
        """An error of the model's own servers."""
        answer = error(status, words)
        if not self.inside_google:
            return answer
        inner = b"".join(step for step in answer.steps if isinstance(step, bytes)).decode()
        return self.google_error(status, "INVALID_ARGUMENT", inner)

    def throttled(self) -> Answer:
        """What comes when the project's quota is used up."""
        return self.google_error(
            429,
            "RESOURCE_EXHAUSTED",
            "Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model with base model:"
            " anthropic-claude-opus-4-8. Please submit a quota increase request."
            " https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai.",
        )

    def _unauthenticated(self) -> Answer:
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
