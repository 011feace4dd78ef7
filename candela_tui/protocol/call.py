"""What a request asks its provider for, whatever its client speaks."""

from dataclasses import dataclass

from candela_tui.protocol.client_requests import kind_of_messages
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.native_calls import Verb, bedrock_call, vertex_call
from candela_tui.protocol.request import MessagesRequest, decode_request


@dataclass(frozen=True, slots=True)
class Call:
    """What a request asks for, whatever the client speaks."""

    kind: Kind
    model: str | None = None
    streamed: bool = False
    request: MessagesRequest | None = None
    """The body where it has the form of the Messages API, or one that is near enough to be read so: chat completions
    have their messages, and the system prompt among them."""


def call_of(dialect: str, method: str, path: str, body: bytes) -> Call:
    """Read a request. ``dialect`` is messages, vertex, bedrock or openai; ``path`` is without route and query."""
    request = decode_request(body) if method == "POST" else None
    if dialect in _NATIVE:
        native = _NATIVE[dialect](method, path)
        model = native.model or (request.model if request else None)
        streamed = native.streamed or bool(request and request.stream)
        kind = _KINDS[native.verb]
        return Call(kind_of_messages(request) if kind is Kind.MESSAGES else kind, model, streamed, request)
    chat = dialect == "openai" and is_chat(path) and method == "POST"
    kind = Kind.MESSAGES if chat else kind_of(method, path, request)
    return Call(kind, request.model if request else None, bool(request and request.stream), request)


def is_chat(path: str) -> bool:
    """Whether this is the path (without its query) of OpenAI's chat completions."""
    return path.endswith("/chat/completions")


_NATIVE = {"vertex": vertex_call, "bedrock": bedrock_call}
_KINDS = {
    Verb.INVOKE: Kind.MESSAGES,
    Verb.COUNT_TOKENS: Kind.COUNT_TOKENS,
    Verb.MODELS: Kind.MODELS,
    Verb.OTHER: Kind.OTHER,
}


def kind_of(method: str, path: str, request: MessagesRequest | None) -> Kind:
    """What a request to this path (without its route's prefix and query) is for."""
    if method == "HEAD":
        return Kind.PROBE
    if path.endswith("/v1/messages") and method == "POST":
        return kind_of_messages(request)
    if path.endswith("/count_tokens"):
        return Kind.COUNT_TOKENS
    if "/v1/models" in path and method == "GET":
        return Kind.MODELS
    return Kind.OTHER
