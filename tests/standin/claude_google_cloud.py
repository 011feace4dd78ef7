"""A stand-in for Claude on Google Cloud managed by Anthropic: Google's front, and Anthropic's whole API behind it.

Typical use::

    async with ClaudeGoogleCloud() as cloud:
        keys = cloud.service_account(tmp_path)  # for GOOGLE_APPLICATION_CREDENTIALS; its token_uri is the stand-in
        cloud.answer(message(text("Hel", gate, "lo")))  # for the next POST …/v1/messages that passes every check
        ...  # base_url = cloud.base_url

Sources: AnthropicGoogleCloud of the anthropic SDK 2.14.0 (URLs), platform.claude.com/docs/en/api/
claude-models-on-google-cloud-anthropic-managed-iam-permissions (403 without the permission), and Google's general
forms of errors (https://cloud.google.com/apis/design/errors). It refuses a model that Anthropic does not have in
Anthropic's form.
"""

import re
from collections import deque

from tests.standin.answers import Answer, error, json_answer
from tests.standin.google_service import GoogleService
from tests.standin.provider import ReceivedRequest, usual_answer

WORKSPACE = "wrkspc_01standin"
_PATH = re.compile(
    r"/v1/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)"
    r"/(?:workspaces/(?P<workspace>[^/]+)|claudeOrganization)/invoke(?P<path>/.*)"
)
_VERSIONS = ("2023-06-01", "2026-10-21")
"""Claude Code sends the older one, Anthropic's SDK the newer."""
_ORGANIZATION = re.compile(r"/v1/(?:organizations/.*|user_profiles(?:/.*)?)")


class ClaudeGoogleCloud(GoogleService):
    """Listens like any provider; what it knows and allows are plain attributes that a test may change."""

    def __init__(self) -> None:
        super().__init__()
        self.respond = self._respond
        self.workspace = WORKSPACE
        self.locations = {"global", "us"}
        self.models = {"claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5"}
        self.enabled = True
        """The service claude.googleapis.com is on in the project."""
        self.may_use = True
        """The caller has the role roles/claude.user."""
        self._answers: deque[Answer] = deque()

    @property
    def base_url(self) -> str:
        """The base URL of the workspace."""
        return f"{self.url}{self.place}"

    @property
    def place(self) -> str:
        """The path of the workspace."""
        return f"/v1/projects/{self.project}/locations/global/workspaces/{self.workspace}/invoke"

    @property
    def asked(self) -> list[ReceivedRequest]:
        """The requests to the API that arrived, also those that were refused."""
        return [request for request in self.requests if request.path != "/token"]

    def answer(self, *answers: Answer) -> None:
        """Queue answers for the next messages that pass every check, one each."""
        self._answers.extend(answers)

    def _respond(self, request: ReceivedRequest) -> Answer:
        if (request.method, request.path) == ("POST", "/token"):
            return self.token(request)
        place = _PATH.fullmatch(request.path)
        if place is None or bool(place["workspace"]) is bool(_ORGANIZATION.fullmatch(place["path"])):
            return Answer(
                [b"<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b></html>\n"],
                status=404,
                headers=(("Content-Type", "text/html; charset=UTF-8"),),
                framing="length",
            )
        if not self.knows(request):
            return self.unauthenticated()
        return self._refusal(place) or self._answer_to(request, place["path"])

    def _refusal(self, place: re.Match[str]) -> Answer | None:
        if not self.enabled:
            words = (
                f"Claude API has not been used in project {self.project} before or it is disabled. Enable it by"
                f" visiting https://console.developers.google.com/apis/api/claude.googleapis.com/overview?project={self.project}"
                " then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our"
                " systems and retry."
            )
            return self.google_error(403, "PERMISSION_DENIED", words)
        known = (place["project"], place["workspace"] or self.workspace) == (self.project, self.workspace)
        if not known or not self.may_use:
            return self.google_error(403, "PERMISSION_DENIED", "The caller does not have permission")
        if place["location"] not in self.locations:
            words = f"Location {place['location']} is not found or access is unauthorized."
            return self.google_error(404, "NOT_FOUND", words)
        return None

    def _answer_to(self, request: ReceivedRequest, path: str) -> Answer:
        if path.startswith("/v1/user_profiles"):
            return json_answer({"data": [], "has_more": False, "first_id": None, "last_id": None})
        if not path.startswith("/v1/messages"):
            return usual_answer(request)
        if request.header("anthropic-version") not in _VERSIONS:
            return error(400, "anthropic-version: header is required")
        if (model := request.json.get("model")) not in self.models:
            return error(404, f"model: {model}")
        if path == "/v1/messages" and self._answers:
            return self._answers.popleft()
        return usual_answer(request)
