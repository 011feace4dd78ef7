"""Native calls of Vertex AI and Bedrock, whose paths name the model and whether to stream.

Sources: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models (rawPredict,
streamRawPredict, count-tokens) and https://docs.aws.amazon.com/bedrock/latest/APIReference/ (InvokeModel,
InvokeModelWithResponseStream, CountTokens, Converse, ListInferenceProfiles, ListFoundationModels); November 2026.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote


class NativeOperation(Enum):
    """The operation of a native call."""

    INVOKE = auto()
    """An answer in the form of the Messages API."""
    COUNT_TOKENS = auto()
    MODELS = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class NativeCall:
    """A native call, parsed from its path."""

    operation: NativeOperation
    model: str | None = None
    """None if the path names none; for Vertex AI's token counts the body does."""
    streamed: bool = False


# Between encoded slashes, too: some servers decode a path, even more than once, before they resolve it.
_DOT_SEGMENT = re.compile(
    r"(?:[/\\]|%(?:25)*(?:2f|5c))(?:\.|%(?:25)*2e){1,2}(?:[/\\#;]|%(?:25)*(?:2f|5c|23|3b)|$)", re.IGNORECASE
)
_VERTEX = re.compile(r"/publishers/anthropic/models(?:/([^/:]+))?(?::(\w+))?/?$")
_BEDROCK = re.compile(r"^/model/([^/]+)/([\w-]+)/?$")
_BEDROCK_LISTS = re.compile(r"^/(?:inference-profiles|foundation-models)(?:/|$)")


def has_dot_segment(path: str) -> bool:
    """Return whether a path has ``.`` or ``..`` segments, percent-encoded or not, that may lead elsewhere.

    A query may have any."""
    return _DOT_SEGMENT.search(path.partition("?")[0]) is not None


def vertex_call(method: str, path: str) -> NativeCall:
    """Parse a path below Vertex AI's version, without its query: ``/projects/…/models/MODEL:streamRawPredict``."""
    match = _VERTEX.search(unquote(path))
    if match is None:
        return NativeCall(NativeOperation.OTHER)
    model, operation = match.groups()
    if operation is None:
        return NativeCall(NativeOperation.MODELS if method == "GET" else NativeOperation.OTHER, model)
    if operation not in ("rawPredict", "streamRawPredict"):
        return NativeCall(NativeOperation.OTHER, model)
    if model == "count-tokens":
        return NativeCall(NativeOperation.COUNT_TOKENS)
    return NativeCall(NativeOperation.INVOKE, model, operation == "streamRawPredict")


def is_messages_of_bedrock(path: str) -> bool:
    """Return whether a path of Bedrock is that of its Messages API, whose bodies name the model."""
    return path.startswith("/anthropic/")


def bedrock_call(method: str, path: str) -> NativeCall:
    """Parse a path of Bedrock, without its query: ``/model/ID/invoke``.

    The id is percent-encoded, including the slashes of an ARN.
    """
    match = _BEDROCK.match(path)
    if match is None:
        return NativeCall(
            NativeOperation.MODELS if method == "GET" and _BEDROCK_LISTS.match(path) else NativeOperation.OTHER
        )
    model = unquote(match[1])
    match match[2]:
        case "invoke":
            return NativeCall(NativeOperation.INVOKE, model)
        case "invoke-with-response-stream":
            return NativeCall(NativeOperation.INVOKE, model, streamed=True)
        case "count-tokens":
            return NativeCall(NativeOperation.COUNT_TOKENS, model)
    return NativeCall(NativeOperation.OTHER, model, match[2].endswith("-stream"))
