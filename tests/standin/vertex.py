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
import re
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.standin.answers import Answer, error, json_answer, message, text, whole_message
from tests.standin.claude_body import VERTEX, VERTEX_FLAGS, extra, refusal, refused_flag
from tests.standin.google_service import GoogleService
from tests.standin.provider import ReceivedRequest
from tests.standin.steps import PATIENCE_S, Hold

_PREDICTION = re.compile(
    r"/v1/projects/(?P<project>[^/]+)/locations/(?P<region>[^/]+)/publishers/anthropic/models/(?P<model>[^/]+)"
    r":(?:streamRawPredict|rawPredict)"
)
_LISTING = "/v1beta1/publishers/anthropic/models"
_MODEL_PAGES = "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions"
_COUNTED = frozenset(
    ["anthropic_version", "cache_control", "messages", "model", "system", "thinking", "tool_choice", "tools"]
)
_VERSIONS = ("vertex-2023-10-16", "2026-10-21")
"""Anthropic's SDK sends the newer one, Claude Code the older."""


class Vertex(GoogleService):
    """Listens like any provider; what it knows and allows are plain attributes that a test may change."""

    def __init__(self) -> None:
        super().__init__()
        self.respond = self._respond
        self.models: dict[str, set[str]] = {
            "claude-opus-4-8": {"global", "us", "eu"},
            "claude-sonnet-4-5@20250929": {"global", "us-east5", "europe-west1"},
            "claude-haiku-4-5@20251001": {"global", "us-east5"},
        }
        """The regions that serve each model."""
        self.counting_regions: set[str] | None = None
        """The regions that count tokens; None: all."""
        self.betas = set(VERTEX_FLAGS)
        """The flags of anthropic-beta that it knows, among them those that Claude Code sends to Vertex AI by itself; it
        refuses a request with any other."""
        self.refused_fields: set[str] = set()
        """Fields of the body that it refuses whatever flags come along."""
        self.inside_google = False
        """The model's own errors come as a text inside Google's form."""
        self.may_list = True
        self.needs_quota_project = False
        """The list of models is refused without x-goog-user-project, as for a user's own credentials."""
        self.page_size = 2
        self.before_list: list[Hold] = []
        """Gates that a page of the list of models goes through before it is sent."""
        self._answers: deque[Answer] = deque()

    def answer(self, *answers: Answer) -> None:
        """Queue answers for the next predictions that pass every check, one each."""
        self._answers.extend(answers)

    def environment(self, folder: Path) -> dict[str, str]:
        """The variables that lead Google's own libraries to this account and project."""
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.service_account(folder)),
            "ANTHROPIC_VERTEX_PROJECT_ID": self.project,
        }

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
            return self.token(request)
        prediction = _PREDICTION.fullmatch(unquote(request.path))
        if prediction is None and (request.method, request.path) != ("GET", _LISTING):
            return Answer(
                [b"<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b></html>\n"],
                status=404,
                headers=(("Content-Type", "text/html; charset=UTF-8"),),
                framing="length",
            )
        if not self.knows(request):
            return self.unauthenticated()
        if prediction is None:
            return self._models(request)
        return self._refusal(request, prediction) or self._answer_to(request, prediction["model"])

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
        complaint = self._complaint(request, body, asked_model, _COUNTED if counting else None)
        return self.model_error(400, complaint) if complaint else None

    def _complaint(
        self, request: ReceivedRequest, body: dict[str, Any], model: str, fields: frozenset[str] | None
    ) -> str | None:
        flags = [flag.strip() for flag in (request.header("anthropic-beta") or "").split(",") if flag.strip()]
        if unknown := [flag for flag in flags if refused_flag(VERTEX, model, [flag], self.betas)]:
            named = ", ".join(f"`{flag}`" for flag in unknown)
            return (
                f"Unexpected value(s) {named} for the `anthropic-beta` header. Please consult our documentation at"
                " docs.claude.com or try again without the header."
            )
        if fields is None and body.get("anthropic_version") not in _VERSIONS:
            return "anthropic_version: Input should be 'vertex-2023-10-16'"
        if refused := next((name for name in body if name in self.refused_fields), None):
            return extra(refused)
        return refusal(VERTEX, model, body, flags, fields)

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
