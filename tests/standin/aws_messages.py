"""Stand-ins for the two places at AWS that speak the Messages API: Bedrock's endpoint, and Claude Platform on AWS.

Typical use::

    async with Mantle() as mantle:  # or ClaudeAws()
        environment = mantle.environment(tmp_path)  # a profile whose keys the stand-in knows
        mantle.answer(message(text("Hel", gate, "lo")))  # for the next message that passes every check
        ...  # base_url = mantle.base_url
        request = await mantle.messages_request(0)

Both check the signature or the API key, the API version and the model, and answer in Messages form. Sources, as of
2026-10:

- https://platform.claude.com/docs/en/build-with-claude/claude-in-amazon-bedrock and
  https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html: base URL, ``anthropic.NAME`` without
  a profile (another id is answered with 404, https://github.com/obra/lace/pull/355), API keys as bearer or x-api-key;
- https://docs.aws.amazon.com/claude-platform/latest/userguide/making-requests.html and .../authentication.html: base
  URL, anthropic-workspace-id, API keys;
- https://github.com/BerriAI/litellm/pull/31476: a signature for another service is answered with 401.

In which form they say that keys have expired is documented nowhere, so ``form`` chooses it.
"""

import re
from collections import deque
from typing import Literal

from tests.standin.answers import Answer, error, json_answer, message, text, whole_message
from tests.standin.aws import ACCOUNT, AwsProvider
from tests.standin.provider import ReceivedRequest

WORKSPACE = "wrkspc_01StandIn"
_VERSIONS = ("2023-06-01", "2026-10-21")
"""Claude Code sends the older, the SDK the newer."""


class AwsMessages(AwsProvider):
    """What both places check and answer."""

    prefix = ""
    """What comes before ``/v1/messages``."""
    action = ""
    """The IAM action of a message."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Literal["messages", "aws"] = "messages"
        """The form of a refusal of keys."""
        self.models: set[str] = set()
        self.denied: set[str] = set()
        """The models that the account may not use."""
        self.cannot_list = False
        self._answers: deque[Answer] = deque()

    @property
    def base_url(self) -> str:
        """The URL that clients of the place are given."""
        return self.url + self.prefix

    @property
    def messages(self) -> list[ReceivedRequest]:
        """Every request for a message, in order."""
        return [request for request in self.requests if request.path == f"{self.prefix}/v1/messages"]

    def answer(self, *answers: Answer) -> None:
        """Queue answers for the next messages that pass every check, one each."""
        self._answers.extend(answers)

    def aws_error(self, status: int, kind: str, words: str) -> Answer:
        """A refusal of keys, in the form that the test chose."""
        if self.form == "aws":
            return super().aws_error(status, kind, words)
        return error(401 if "service" in words or "expired" in words else status, words)

    def _api_key(self, request: ReceivedRequest) -> str | None:
        return super()._api_key(request) or request.header("x-api-key")

    def _checked(self, request: ReceivedRequest) -> Answer:
        both = request.header("x-api-key") is not None and request.header("authorization") is not None
        if both:
            return error(400, "x-api-key and Authorization were both sent")
        refusal = self._unauthenticated(request) or self._misplaced(request)
        if refusal is not None:
            return refusal
        what = request.path.removeprefix(self.prefix)
        if not request.path.startswith(self.prefix) or (request.method, what) not in _OPERATIONS:
            return error(404, "Not Found")
        if request.header("anthropic-version") not in _VERSIONS:
            return error(400, "anthropic-version: header is required")
        if what == "/v1/models":
            return self._listed()
        return self._asked(request, counting=what.endswith("/count_tokens"))

    def _misplaced(self, request: ReceivedRequest) -> Answer | None:
        """The refusal of a request whose header fields do not say what the place needs, or None."""
        return None

    def _listed(self) -> Answer:
        if self.cannot_list:
            return error(404, "Not Found")
        rows = [
            {"type": "model", "id": id, "display_name": id, "created_at": "2026-09-01T00:00:00Z"}
            for id in sorted(self.models)
        ]
        return json_answer(
            {"data": rows, "has_more": False, "first_id": rows[0]["id"] if rows else None, "last_id": None}
        )

    def _asked(self, request: ReceivedRequest, *, counting: bool) -> Answer:
        try:
            body = request.json
            model, messages = body["model"], body["messages"]
        except (ValueError, KeyError, TypeError):
            return error(400, "messages: Field required")
        if "anthropic_version" in body or "anthropic_beta" in body:
            return error(400, "anthropic_version: Extra inputs are not permitted")
        if model not in self.models:
            return error(404, self._no_model(model))
        if model in self.denied:
            who = f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/me"
            return error(403, f"User: {who} is not authorized to perform: {self.action}")
        if counting:
            return json_answer({"input_tokens": 2095})
        if not messages or "max_tokens" not in body:
            return error(400, "max_tokens: Field required")
        return self._answer_to(request, model, stream=bool(body.get("stream")))

    def _no_model(self, model: str) -> str:
        return f"model: {model}"

    def _answer_to(self, request: ReceivedRequest, model: str, *, stream: bool) -> Answer:
        if self._answers:
            return self._answers.popleft()
        return (message if stream else whole_message)(text("Hi", " there"), model=model.removeprefix("anthropic."))


_OPERATIONS = {("POST", "/v1/messages"), ("POST", "/v1/messages/count_tokens"), ("GET", "/v1/models")}


class Mantle(AwsMessages):
    """Bedrock's endpoint for the Messages API, at bedrock-mantle."""

    services = ("bedrock-mantle",)
    prefix = "/anthropic"
    action = "bedrock-mantle:CreateInference"

    def __init__(self) -> None:
        super().__init__()
        self.models = {"anthropic.claude-opus-5-5", "anthropic.claude-opus-4-8", "anthropic.claude-haiku-4-5"}

    def _no_model(self, model: str) -> str:
        return f"The model '{model}' does not exist"


class BedrockMessages(Mantle):
    """Bedrock's endpoint for the Messages API, at bedrock-runtime: models are called by inference profiles.

    It has no count_tokens: AWS answers unknown operations with status 200 (seen in public reports)."""

    services = ("bedrock",)
    action = "bedrock:InvokeModel"

    def __init__(self) -> None:
        super().__init__()
        self.models = {"us.anthropic.claude-opus-4-8", "global.anthropic.claude-opus-5-5"}

    def _checked(self, request: ReceivedRequest) -> Answer:
        if request.path == f"{self.prefix}/v1/messages" or self._unauthenticated(request) is not None:
            return super()._checked(request)
        return json_answer(
            {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"}
        )


class ClaudeAws(AwsMessages):
    """Claude Platform on AWS."""

    services = ("aws-external-anthropic",)
    action = "aws-external-anthropic:CreateInference"

    def __init__(self) -> None:
        super().__init__()
        self.workspaces = {WORKSPACE}
        self.models = {"claude-opus-5-5", "claude-opus-4-8", "claude-haiku-4-5-20251001", "claude-haiku-4-5"}

    def _misplaced(self, request: ReceivedRequest) -> Answer | None:
        workspace = request.header("anthropic-workspace-id")
        if workspace is None:
            return error(400, "anthropic-workspace-id header is required")
        if not re.fullmatch(r"wrkspc_\w+", workspace):
            return error(400, "anthropic-workspace-id header must be a valid workspace ID.")
        if workspace not in self.workspaces:
            return error(404, f"Workspace not found: {workspace}")
        return None
