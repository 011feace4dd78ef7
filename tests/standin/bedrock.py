"""A stand-in for AWS Bedrock: it checks what AWS and the model behind it check, then plays scripted answers.

Typical use::

    async with Bedrock() as bedrock:
        environment = bedrock.environment(tmp_path)  # a profile whose keys the stand-in knows
        bedrock.answer(message(text("Hel", gate, "lo")))  # for the next invocation that passes every check
        ...  # base_url = bedrock.url
        request = await bedrock.invocation(0)

It is both bedrock-runtime and the control plane (bedrock). Scripts are those of the Messages API; what is sent are
Bedrock's frames. A step that is no event is sent as it is: a frame of ``event_frames``, whole or broken.

Signatures are checked (see ``tests.standin.aws``). Words of refusals are the real ones:
https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html and public reports.
"""

import asyncio
import base64
import json
import re
from collections import deque
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.standin.answers import Answer, error, json_answer, message, text, whole_message
from tests.standin.aws import ACCOUNT, AwsProvider
from tests.standin.claude_body import BEDROCK, BEDROCK_FLAGS, extra, refusal, refused_flag
from tests.standin.event_frames import EVENT_STREAM, METRICS, chunk, exception
from tests.standin.provider import ReceivedRequest
from tests.standin.steps import PATIENCE_S, Hold, Step

TEAM_PROFILE = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/abc123def456"
"""An application inference profile of claude-opus-4-8."""

_MODEL_PATH = re.compile(r"/model/([^/]+)/(invoke|invoke-with-response-stream|count-tokens)")
_MANTLE_COUNT = "/anthropic/v1/messages/count_tokens"
_COUNTED = frozenset(["messages", "model", "output_config", "system", "thinking", "tool_choice", "tools"])
_VERSIONS = ("bedrock-2023-05-31", "2026-10-21")
"""Anthropic's SDK sends the newer one, Claude Code the older."""
_EVENT = re.compile(rb"event: ?(\S+)\r?\ndata: ?(.*?)\r?\n\r?\n", re.DOTALL)


class Bedrock(AwsProvider):
    """Listens like any provider; what it knows and allows are plain attributes that a test may change."""

    services = ("bedrock",)

    def __init__(self) -> None:
        super().__init__()
        self.on_demand = {"anthropic.claude-3-5-sonnet-20240620-v1:0"}
        """Foundation models that can be called directly."""
        self.models = {
            "anthropic.claude-3-5-sonnet-20240620-v1:0",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            "anthropic.claude-opus-4-8",
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
        }
        """Foundation models; all have inference profiles of ``prefixes``."""
        self.prefixes = ["us", "global"]
        self.only_profiles: set[str] | None = None
        """The ids of the inference profiles, if not every model has all of ``prefixes``."""
        self.without_access: set[str] = set()
        """Foundation models that the account has not enabled."""
        self.cannot_count: set[str] = {"anthropic.claude-opus-4-8"}
        """Foundation models whose tokens are not counted at bedrock-runtime."""
        self.mantle_models = {"anthropic.claude-opus-4-8", "anthropic.claude-haiku-4-5"}
        """The ids at bedrock-mantle, of which only the counting of tokens is here, at the same address."""
        self.mantle_access = True
        self.betas = set(BEDROCK_FLAGS)
        """The flags of anthropic_beta that it knows; it refuses a request with any other."""
        self.refused_fields: set[str] = set()
        """Fields of the body that it refuses whatever flags come along."""
        self.may_list = True
        self.page_size = 3
        self.before_list: list[Hold] = []
        """Gates that each page of a list goes through before it is answered."""
        self._answers: deque[Answer] = deque()

    def answer(self, *answers: Answer) -> None:
        """Queue answers for the next invocations that pass every check, one each."""
        self._answers.extend(answers)

    @property
    def counts_at_mantle(self) -> list[ReceivedRequest]:
        """Every request to count tokens at bedrock-mantle, in order."""
        return [request for request in self.requests if request.path == _MANTLE_COUNT]

    def _services(self, request: ReceivedRequest) -> tuple[str, ...]:
        return ("bedrock-mantle",) if request.path == _MANTLE_COUNT else self.services

    @property
    def invocations(self) -> list[ReceivedRequest]:
        """Every request to a model, in order."""
        return [request for request in self.requests if _MODEL_PATH.fullmatch(request.path)]

    async def invocation(self, number: int = 0) -> ReceivedRequest:
        """The request to a model of this number, from 0; waits for it. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.invocations) > number)
        return self.invocations[number]

    def _checked(self, request: ReceivedRequest) -> Answer:
        refusal = self._unauthenticated(request)
        if refusal is not None:
            return refusal
        if request.path == _MANTLE_COUNT and request.method == "POST":
            return self._count_at_mantle(request)
        called = _MODEL_PATH.fullmatch(request.path)
        if called is not None and request.method == "POST":
            return self._call(request, unquote(called[1]), called[2])
        if request.method == "GET" and request.path == "/inference-profiles":
            return self._listing(request, "inferenceProfileSummaries", self._profiles(request))
        if request.method == "GET" and request.path == "/foundation-models":
            return self._foundation_models()
        return self.aws_error(404, "UnknownOperationException", "")

    def _call(self, request: ReceivedRequest, id: str, verb: str) -> Answer:
        counting = verb == "count-tokens"
        model = id if counting else self._foundation_model(id)
        if model is None:
            return self.aws_error(400, "ValidationException", "The provided model identifier is invalid.")
        if counting and (model not in self.models or model in self.cannot_count):
            words = "The provided model doesn't support counting tokens."
            return self.aws_error(400, "ValidationException", words)
        if not counting and id == model and id not in self.on_demand:
            return self.aws_error(
                400,
                "ValidationException",
                f"Invocation of model ID {id} with on-demand throughput isn\u2019t supported. Retry your request with"
                " the ID or ARN of an inference profile that contains this model.",
            )
        if model in self.without_access:
            words = "You don't have access to the model with the specified model ID."
            return self.aws_error(403, "AccessDeniedException", words)
        try:
            document = request.json
            body = json.loads(base64.b64decode(document["input"]["invokeModel"]["body"])) if counting else document
        except (ValueError, KeyError, TypeError):
            return self.aws_error(400, "ValidationException", "Malformed input request, please reformat your input.")
        complaint = self._complaint(body, model)
        if complaint is not None:
            return self.aws_error(400, "ValidationException", complaint)
        if counting:
            return json_answer({"inputTokens": 2095})
        stream = verb == "invoke-with-response-stream"
        answer = self._answer_to(request, model, stream=stream)
        return in_frames(answer) if stream and answer.status == 200 else answer

    def _count_at_mantle(self, request: ReceivedRequest) -> Answer:
        body = request.json
        if not self.mantle_access:
            words = (
                f"User: arn:aws:sts::{ACCOUNT}:assumed-role/dev/me is not authorized to perform: bedrock-mantle:Call"
            )
            return error(403, words)
        if request.header("anthropic-version") != "2023-06-01":
            return error(400, "anthropic-version: header is required")
        if body.get("model") not in self.mantle_models:
            return error(404, f"The model '{body.get('model')}' does not exist")
        flags = [flag for flag in (request.header("anthropic-beta") or "").split(",") if flag]
        for name in body:
            if name in self.refused_fields:
                return error(400, extra(name))
        complaint = refusal(BEDROCK, body["model"], body, flags, _COUNTED)
        return error(400, complaint) if complaint else json_answer({"input_tokens": 2096})

    def _foundation_model(self, id: str) -> str | None:
        if id == TEAM_PROFILE:
            return "anthropic.claude-opus-4-8"
        name = id.rpartition("/")[2] if id.startswith(f"arn:aws:bedrock:{self.region}:") else id
        prefix, _, rest = name.partition(".")
        if self.only_profiles is not None:
            return rest if name in self.only_profiles else None
        if prefix in self.prefixes and rest in self.models:
            return rest
        return name if name in self.models else None

    def _complaint(self, body: dict[str, Any], model: str) -> str | None:
        flags = body.get("anthropic_beta", [])
        if refused_flag(BEDROCK, model, flags, self.betas) is not None:
            return "invalid beta flag"
        if body.get("anthropic_version") not in _VERSIONS:
            return "anthropic_version: Field required"
        if "max_tokens" not in body:
            return "max_tokens: Field required"
        if refused := next((name for name in body if name in self.refused_fields), None):
            return extra(refused)
        return refusal(BEDROCK, model, body, flags)

    def _answer_to(self, request: ReceivedRequest, model: str, *, stream: bool) -> Answer:
        """In the form of the Messages API; ``model`` is the foundation model."""
        if self._answers:
            return self._answers.popleft()
        name = re.sub(r"-v\d+(:\d+)?$", "", model.removeprefix("anthropic."))
        return (message if stream else whole_message)(text("Hi", " there"), model=name)

    def _profiles(self, request: ReceivedRequest) -> list[dict[str, Any]]:
        kind = parse_qs(urlsplit(request.target).query).get("type", ["SYSTEM_DEFINED"])[0]
        if kind == "APPLICATION":
            return [_profile("abc123def456", "team-opus", TEAM_PROFILE, "anthropic.claude-opus-4-8", kind)]
        systems = [
            _profile(
                f"{prefix}.{model}",
                f"{prefix.upper()} Anthropic {model.removeprefix('anthropic.')}",
                f"arn:aws:bedrock:{self.region}:{ACCOUNT}:inference-profile/{prefix}.{model}",
                model,
                kind,
            )
            for prefix in self.prefixes
            for model in sorted(self.models)
        ]
        other = "amazon.nova-pro-v1:0"
        arn = f"arn:aws:bedrock:{self.region}:{ACCOUNT}:inference-profile/us.{other}"
        return [_profile(f"us.{other}", "US Nova Pro", arn, other, kind), *systems]

    def _listing(self, request: ReceivedRequest, member: str, rows: Sequence[dict[str, Any]]) -> Answer:
        if not self.may_list:
            words = (
                f"User: arn:aws:sts::{ACCOUNT}:assumed-role/dev/me is not authorized to perform:"
                " bedrock:ListInferenceProfiles because no identity-based policy allows the"
                " bedrock:ListInferenceProfiles action"
            )
            return self.aws_error(403, "AccessDeniedException", words)
        start = int(parse_qs(urlsplit(request.target).query).get("nextToken", ["0"])[0].removeprefix("page/+="))
        page: dict[str, Any] = {member: rows[start : start + self.page_size]}
        if start + self.page_size < len(rows):
            page["nextToken"] = f"page/+={start + self.page_size}"
        return json_answer(page).but(before_head=list(self.before_list))

    def _foundation_models(self) -> Answer:
        if not self.may_list:
            words = "You are not authorized to perform: bedrock:ListFoundationModels"
            return self.aws_error(403, "AccessDeniedException", words)
        rows = [
            {
                "modelArn": f"arn:aws:bedrock:{self.region}::foundation-model/{model}",
                "modelId": model,
                "modelName": f"Foundation {model.removeprefix('anthropic.')}",
                "providerName": "Anthropic",
                "inferenceTypesSupported": ["ON_DEMAND" if model in self.on_demand else "INFERENCE_PROFILE"],
                "modelLifecycle": {"status": "ACTIVE"},
                "responseStreamingSupported": True,
            }
            for model in sorted(self.models)
        ]
        return json_answer({"modelSummaries": rows})

    def throttled(self) -> Answer:
        """What comes when the account's quota is used up."""
        words = "Too many requests, please wait before trying again."
        return self.aws_error(429, "ThrottlingException", words)


def in_frames(answer: Answer) -> Answer:
    """A streamed Messages answer as Bedrock sends it: frames for events, no ``ping``, its measurements at the end."""
    steps: list[Step] = []
    for step in answer.steps:
        if not isinstance(step, bytes) or not step.startswith(b"event:"):
            steps.append(step)
            continue
        steps += [encoded for found in _EVENT.finditer(step) if (encoded := _frame(found[1], found[2]))]
    kept = [(name, value) for name, value in answer.headers if name.lower() not in ("content-type", "cache-control")]
    own = (("Content-Type", EVENT_STREAM), ("X-Amzn-Bedrock-Content-Type", "application/json"))
    return answer.but(steps=steps, headers=(*own, *kept))


def _frame(name: bytes, data: bytes) -> bytes:
    if name == b"ping":
        return b""
    document = json.loads(data)
    if name == b"error":
        return exception("modelStreamErrorException", document["error"]["message"])
    if name == b"message_stop":
        return chunk({**document, "amazon-bedrock-invocationMetrics": METRICS})
    return chunk(data)


def _profile(id: str, name: str, arn: str, model: str, kind: str) -> dict[str, Any]:
    return {
        "inferenceProfileId": id,
        "inferenceProfileName": name,
        "inferenceProfileArn": arn,
        "models": [{"modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model}"}],
        "status": "ACTIVE",
        "type": kind,
    }
