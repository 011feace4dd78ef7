"""What a native call of Vertex AI or Bedrock asks for: there the model, and whether to stream, stand in the path.

Sources: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models (rawPredict,
streamRawPredict, count-tokens) and https://docs.aws.amazon.com/bedrock/latest/APIReference/ (InvokeModel,
InvokeModelWithResponseStream, CountTokens, Converse, ListInferenceProfiles, ListFoundationModels); November 2026.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote


class Verb(Enum):
    """What is asked of a model, or of the provider."""

    INVOKE = auto()
    """An answer in the form of the Messages API."""
    COUNT_TOKENS = auto()
    MODELS = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class NativeCall:
    """One call."""

    verb: Verb
    model: str | None = None
    """None: the path names none; for Vertex AI's token counts the body does."""
    streamed: bool = False


# Between encoded slashes, too: some servers decode a path before they resolve it.
_DOT_SEGMENT = re.compile(r"(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\?#;]|%2f|%5c|$)", re.IGNORECASE)
_VERTEX = re.compile(r"/publishers/anthropic/models(?:/([^/:]+))?(?::(\w+))?/?$")
_BEDROCK = re.compile(r"^/model/([^/]+)/([\w-]+)/?$")
_BEDROCK_LISTS = re.compile(r"^/(?:inference-profiles|foundation-models)(?:/|$)")


def has_dot_segment(path: str) -> bool:
    """Whether a path has ``.`` or ``..`` in it, percent-encoded or not, by which it may end elsewhere than it says."""
    return _DOT_SEGMENT.search(path) is not None


def vertex_call(method: str, path: str) -> NativeCall:
    """Read a path below Vertex AI's version, without its query: ``/projects/…/models/MODEL:streamRawPredict``."""
    match = _VERTEX.search(unquote(path))
    if match is None:
        return NativeCall(Verb.OTHER)
    model, verb = match.groups()
    if verb is None:
        return NativeCall(Verb.MODELS if method == "GET" else Verb.OTHER, model)
    if verb not in ("rawPredict", "streamRawPredict"):
        return NativeCall(Verb.OTHER, model)
    if model == "count-tokens":
        return NativeCall(Verb.COUNT_TOKENS)
    return NativeCall(Verb.INVOKE, model, verb == "streamRawPredict")


def bedrock_call(method: str, path: str) -> NativeCall:
    """Read a path of Bedrock, without its query: ``/model/ID/invoke``. The id is percent-encoded, also the slashes of
    an ARN."""
    match = _BEDROCK.match(path)
    if match is None:
        return NativeCall(Verb.MODELS if method == "GET" and _BEDROCK_LISTS.match(path) else Verb.OTHER)
    model = unquote(match[1])
    match match[2]:
        case "invoke":
            return NativeCall(Verb.INVOKE, model)
        case "invoke-with-response-stream":
            return NativeCall(Verb.INVOKE, model, streamed=True)
        case "count-tokens":
            return NativeCall(Verb.COUNT_TOKENS, model)
    return NativeCall(Verb.OTHER, model, match[2].endswith("-stream"))
