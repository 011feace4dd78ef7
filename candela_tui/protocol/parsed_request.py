"""Requests of every dialect, parsed into the same facts."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from candela_tui.protocol.claude_code.request_kinds import has_kind, kind_of_messages
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.native_calls import NativeOperation, bedrock_call, vertex_call
from candela_tui.protocol.request import MessagesRequest, decode_request
from candela_tui.providers.identity import Dialect


@dataclass(frozen=True)
class ParsedRequest:
    """The purpose, model and body of a request in any dialect."""

    operation: Kind
    """The kind as the path says it, where every request for a message is one of the conversation."""
    model: str | None = None
    streamed: bool = False
    request: MessagesRequest | None = None
    """The body, if it has the form of the Messages API or a similar one. Chat completions are similar: their system
    prompt is among the messages."""
    form_says_more: bool = False
    """Whether the form of the body says more of the kind than the path does."""

    @cached_property
    def kind(self) -> Kind:
        """The kind, which takes a look at the last message."""
        return kind_of_messages(self.request) if self.form_says_more else self.operation

    def is_any_of(self, kinds: AbstractSet[Kind]) -> bool:
        """Return whether the kind is one of these, without reading more than that takes."""
        if self.form_says_more and self.request is not None:
            return has_kind(self.request, kinds)
        return self.operation in kinds


def parse_request(dialect: Dialect, method: str, path: str, body: bytes) -> ParsedRequest:
    """Read a request. ``path`` is without route and query."""
    request = decode_request(body) if method == "POST" else None
    if dialect in _NATIVE:
        native = _NATIVE[dialect](method, path)
        # At other paths, a model in the body is not the one that is asked.
        in_body = request.model if request and native.operation is not NativeOperation.OTHER else None
        model = native.model or in_body
        streamed = native.streamed or bool(request and request.stream)
        kind = _KINDS[native.operation]
        return ParsedRequest(kind, model, streamed, request, kind is Kind.MESSAGES)
    chat = dialect == Dialect.OPENAI and is_chat(path) and method == "POST"
    kind = Kind.MESSAGES if chat else _operation(method, path)
    streamed = bool(request and request.stream)
    return ParsedRequest(
        kind, request.model if request else None, streamed, request, kind is Kind.MESSAGES and not chat
    )


def is_chat(path: str) -> bool:
    """Return whether a path (without its query) is that of OpenAI's chat completions."""
    return path.endswith("/chat/completions")


_NATIVE = {Dialect.VERTEX: vertex_call, Dialect.BEDROCK: bedrock_call}
_KINDS = {
    NativeOperation.INVOKE: Kind.MESSAGES,
    NativeOperation.COUNT_TOKENS: Kind.COUNT_TOKENS,
    NativeOperation.MODELS: Kind.MODELS,
    NativeOperation.OTHER: Kind.OTHER,
}


def kind_of(method: str, path: str, request: MessagesRequest | None) -> Kind:
    """Return the kind of a request to this path (without its route's prefix and query)."""
    kind = _operation(method, path)
    return kind_of_messages(request) if kind is Kind.MESSAGES else kind


def _operation(method: str, path: str) -> Kind:
    if method == "HEAD":
        return Kind.PROBE
    if path.endswith("/v1/messages") and method == "POST":
        return Kind.MESSAGES
    if path.endswith("/count_tokens"):
        return Kind.COUNT_TOKENS
    if "/v1/models" in path and method == "GET":
        return Kind.MODELS
    return Kind.OTHER
