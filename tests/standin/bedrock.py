"""A stand-in for AWS Bedrock: it checks what AWS and the model behind it check, then plays scripted answers.

Typical use::

    async with Bedrock() as bedrock:
        environment = bedrock.environment(tmp_path)  # a profile whose keys the stand-in knows
        bedrock.answer(message(text("Hel", gate, "lo")))  # for the next invocation that passes every check
        ...  # base_url = bedrock.url
        request = await bedrock.invocation(0)

It is both bedrock-runtime and the control plane (bedrock). Scripts are those of the Messages API; what is sent are
Bedrock's frames. A step that is no event is sent as it is: a frame of ``event_frames``, whole or broken.

Signatures are recomputed with botocore over what arrived. Words of refusals are the real ones:
https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html and public reports.
"""

import asyncio
import base64
import hashlib
import json
import re
import shlex
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.standin.answers import Answer, json_answer, message, text, whole_message
from tests.standin.event_frames import EVENT_STREAM, METRICS, chunk, exception
from tests.standin.provider import Provider, ReceivedRequest
from tests.standin.steps import PATIENCE_S, Hold, Step

ACCOUNT = "111122223333"
TEAM_PROFILE = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/abc123def456"
"""An application inference profile of claude-opus-4-8."""

_MODEL_PATH = re.compile(r"/model/([^/]+)/(invoke|invoke-with-response-stream|count-tokens)")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)
_MUST_BE_SIGNED = frozenset({"host", "x-amz-date", "x-amz-security-token"})
_FIVE_MINUTES = timedelta(minutes=5)
_FIELDS = frozenset(
    [
        "anthropic_beta",
        "anthropic_version",
        "cache_control",
        "max_tokens",
        "messages",
        "metadata",
        "output_config",
        "stop_sequences",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    ]
)
_VERSIONS = ("bedrock-2023-05-31", "2026-10-21")
"""Anthropic's SDK sends the newer one, Claude Code the older."""
_GATED = {"context_management": "context-management-2025-06-27"}
_TOOL_FIELDS = frozenset(["cache_control", "description", "input_schema", "name", "type"])
_GATED_TOOL_FIELDS = {
    "defer_loading": "tool-search-tool-2025-10-19",
    "input_examples": "tool-search-tool-2025-10-19",
    "allowed_callers": "tool-search-tool-2025-10-19",
    "eager_input_streaming": "fine-grained-tool-streaming-2025-05-14",
}
_EVENT = re.compile(rb"event: ?(\S+)\r?\ndata: ?(.*?)\r?\n\r?\n", re.DOTALL)


@dataclass(slots=True)
class _Key:
    secret: str
    token: str | None
    expired: bool = False


class Bedrock(Provider):
    """Listens like any provider; what it knows and allows are plain attributes that a test may change."""

    def __init__(self) -> None:
        super().__init__()
        self.respond = self._respond
        self.region = "us-east-1"
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
        self.without_access: set[str] = set()
        """Foundation models that the account has not enabled."""
        self.cannot_count: set[str] = set()
        self.betas = {
            "computer-use-2025-01-24",
            "context-1m-2025-08-07",
            "context-management-2025-06-27",
            "effort-2025-11-24",
            "fine-grained-tool-streaming-2025-05-14",
            "interleaved-thinking-2025-05-14",
            "tool-search-tool-2025-10-19",
        }
        """The flags of anthropic_beta that it knows; it refuses a request with any other."""
        self.refused_fields: set[str] = set()
        """Fields of the body that it refuses whatever flags come along."""
        self.may_list = True
        self.page_size = 3
        self.clock_ahead = timedelta(0)
        """How far Amazon's clock is ahead of this machine's."""
        self.bearer_keys: set[str] = set()
        self.before_list: list[Hold] = []
        """Gates that each page of a list goes through before it is answered."""
        self._answers: deque[Answer] = deque()
        self._keys: dict[str, _Key] = {}
        self._folder: Path | None = None
        self._numbers = iter(range(1, 10**6))

    def answer(self, *answers: Answer) -> None:
        """Queue answers for the next invocations that pass every check, one each."""
        self._answers.extend(answers)

    def issue(self) -> tuple[str, str, str]:
        """New keys that it takes: access key, secret key, session token."""
        number = next(self._numbers)
        access_key = f"ASIASTANDIN{number:09d}"
        key = _Key(f"secret/of+{number:030d}", f"session-token-{number}")
        self._keys[access_key] = key
        assert key.token is not None
        return access_key, key.secret, key.token

    def expire_keys(self) -> None:
        """Every key that was issued so far has expired."""
        for key in self._keys.values():
            key.expired = True

    def forget_keys(self) -> None:
        """Nothing that was issued so far is known any more."""
        self._keys.clear()

    def environment(self, folder: Path) -> dict[str, str]:
        """Variables of a user whose default profile gets its keys from a command (``put_keys`` says which)."""
        self._folder = folder
        command = folder / "keys.sh"
        command.write_text(f"echo asked >> {folder / 'asked'}\ncat {folder / 'keys.json'}\n")
        (folder / "aws-config").write_text(f"[default]\ncredential_process = sh {shlex.quote(str(command))}\n")
        self.put_keys()
        return {
            "AWS_CONFIG_FILE": str(folder / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": self.region,
        }

    def put_keys(self) -> None:
        """The user's command gives new keys from now on, such as after a login."""
        assert self._folder is not None, "environment() comes first"
        access_key, secret_key, token = self.issue()
        ends = datetime.now(UTC) + timedelta(hours=6)
        document = {
            "Version": 1,
            "AccessKeyId": access_key,
            "SecretAccessKey": secret_key,
            "SessionToken": token,
            "Expiration": ends.isoformat(),
        }
        (self._folder / "keys.json").write_text(json.dumps(document))

    @property
    def times_asked_for_keys(self) -> int:
        """How often the user's command ran."""
        assert self._folder is not None, "environment() comes first"
        asked = self._folder / "asked"
        return len(asked.read_text().splitlines()) if asked.exists() else 0

    @property
    def invocations(self) -> list[ReceivedRequest]:
        """Every request to a model, in order."""
        return [request for request in self.requests if _MODEL_PATH.fullmatch(request.path)]

    async def invocation(self, number: int = 0) -> ReceivedRequest:
        """The request to a model of this number, from 0; waits for it. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.invocations) > number)
        return self.invocations[number]

    def _respond(self, request: ReceivedRequest) -> Answer:
        answer = self._checked(request)
        headers = [
            ("Date", format_datetime(self._now(), usegmt=True)),
            ("x-amzn-RequestId", f"b6b1c1f2-0000-4000-8000-{next(self._numbers):012d}"),
        ]
        others = [(name, value) for name, value in answer.headers if name.lower() != "request-id"]
        return answer.but(headers=(*headers, *others))

    def _checked(self, request: ReceivedRequest) -> Answer:
        refusal = self._unauthenticated(request)
        if refusal is not None:
            return refusal
        called = _MODEL_PATH.fullmatch(request.path)
        if called is not None and request.method == "POST":
            return self._call(request, unquote(called[1]), called[2])
        if request.method == "GET" and request.path == "/inference-profiles":
            return self._listing(request, "inferenceProfileSummaries", self._profiles(request))
        if request.method == "GET" and request.path == "/foundation-models":
            return self._foundation_models()
        return self.aws_error(404, "UnknownOperationException", "")

    def _unauthenticated(self, request: ReceivedRequest) -> Answer | None:
        authorization = request.header("authorization") or ""
        if not authorization:
            return self.aws_error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        if authorization.startswith("Bearer "):
            if authorization.removeprefix("Bearer ") in self.bearer_keys:
                return None
            words = "Authentication failed: Please make sure your API Key is valid."
            return self.aws_error(403, "AccessDeniedException", words)
        parts = _AUTHORIZATION.fullmatch(authorization)
        if parts is None:
            words = f"Authorization header requires 'Credential' parameter. Authorization={authorization[:16]}"
            return self.aws_error(403, "IncompleteSignatureException", words)
        access_key, _day, region, service, names, signature = parts.groups()
        key = self._keys.get(access_key)
        if key is None or request.header("x-amz-security-token") != key.token:
            words = "The security token included in the request is invalid."
            return self.aws_error(403, "UnrecognizedClientException", words)
        if region != self.region:
            words = "Credential should be scoped to a valid region. "
            return self.aws_error(403, "InvalidSignatureException", words)
        if service != "bedrock":
            words = "Credential should be scoped to correct service: 'bedrock'. "
            return self.aws_error(403, "InvalidSignatureException", words)
        wrong_time = self._wrong_time(request.header("x-amz-date") or "")
        if wrong_time is not None:
            return self.aws_error(403, "InvalidSignatureException", wrong_time)
        if signature != _signature(request, key, access_key, region, names.split(";")):
            words = (
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
                " Access Key and signing method. Consult the service documentation for details."
            )
            return self.aws_error(403, "InvalidSignatureException", words)
        if key.expired:
            words = "The security token included in the request is expired"
            return self.aws_error(403, "ExpiredTokenException", words)
        return None

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.clock_ahead

    def _wrong_time(self, signed_at: str) -> str | None:
        now = self._now()
        then = datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        first, last = (f"{moment:%Y%m%dT%H%M%SZ}" for moment in (now - _FIVE_MINUTES, now + _FIVE_MINUTES))
        if then < now - _FIVE_MINUTES:
            return f"Signature expired: {signed_at} is now earlier than {first} ({now:%Y%m%dT%H%M%SZ} - 5 min.)"
        if then > now + _FIVE_MINUTES:
            return f"Signature not yet current: {signed_at} is still later than {last} ({now:%Y%m%dT%H%M%SZ} + 5 min.)"
        return None

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
        complaint = self._complaint(body)
        if complaint is not None:
            return self.aws_error(400, "ValidationException", complaint)
        if counting:
            return json_answer({"inputTokens": 2095})
        stream = verb == "invoke-with-response-stream"
        answer = self._answer_to(request, model, stream=stream)
        return in_frames(answer) if stream and answer.status == 200 else answer

    def _foundation_model(self, id: str) -> str | None:
        if id == TEAM_PROFILE:
            return "anthropic.claude-opus-4-8"
        name = id.rpartition("/")[2] if id.startswith(f"arn:aws:bedrock:{self.region}:") else id
        prefix, _, rest = name.partition(".")
        if prefix in self.prefixes and rest in self.models:
            return rest
        return name if name in self.models else None

    def _complaint(self, body: dict[str, Any]) -> str | None:
        if any(flag not in self.betas for flag in body.get("anthropic_beta", [])):
            return "invalid beta flag"
        if body.get("anthropic_version") not in _VERSIONS:
            return "anthropic_version: Field required"
        if "max_tokens" not in body:
            return "max_tokens: Field required"
        flags = body.get("anthropic_beta", [])
        for name in body:
            if name in self.refused_fields or (name not in _FIELDS and _GATED.get(name) not in flags):
                return f"{name}: Extra inputs are not permitted"
        for index, tool in enumerate(body.get("tools", [])):
            if tool.get("type", "custom") != "custom":
                continue
            for name in tool:
                if name not in _TOOL_FIELDS and _GATED_TOOL_FIELDS.get(name) not in flags:
                    return f"tools.{index}.custom.{name}: Extra inputs are not permitted"
        for said in body["messages"]:
            if said["role"] not in ("user", "assistant"):
                return (
                    f'messages: Unexpected role "{said["role"]}". The Messages API accepts a top-level `system`'
                    ' parameter, not "system" as an input message role.'
                )
        if re.search(r'"cache_control": \{[^}]*"scope"', json.dumps(body)):
            return "system.0.cache_control.ephemeral.scope: Extra inputs are not permitted"
        return None

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

    def aws_error(self, status: int, kind: str, words: str) -> Answer:
        """An error in Amazon's form, such as ``aws_error(429, "ThrottlingException", "Too many requests, …")``."""
        document = {"message": words} if words else {}
        return json_answer(document, status, [("x-amzn-ErrorType", f"{kind}:http://internal.amazon.com/coral/{kind}/")])

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


def _signature(request: ReceivedRequest, key: _Key, access_key: str, region: str, names: list[str]) -> str:
    """What the signature should be. A field that must be signed and is not makes another one, as at AWS."""
    fields = {name: value for name, value in request.headers if name.lower() in names}
    host = next(value for name, value in request.headers if name.lower() == "host")
    missing = {name for name in _MUST_BE_SIGNED if request.header(name) is not None} - set(names)
    digest = request.header("x-amz-content-sha256")
    if missing or (digest is not None and digest != hashlib.sha256(request.body).hexdigest()):
        return "0" * 64
    signed = AWSRequest(request.method, f"http://{host}{request.target}", fields, request.body)
    signed.context["timestamp"] = request.header("x-amz-date")
    signer = SigV4Auth(Credentials(access_key, key.secret, key.token), "bedrock", region)
    return str(signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed))
