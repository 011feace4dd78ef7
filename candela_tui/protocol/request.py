"""What a Messages request asks for, read without decoding the whole conversation.

``msgspec.Raw`` keeps each message, tool and system block as a slice of the body, to be decoded one at a time by
whoever shows it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from candela_tui.protocol.native_calls import Verb, bedrock_call, vertex_call
from candela_tui.protocol.raw_json import (
    NULL,
    decode_json,
    raw_items,
    raw_members,
    text_prefix,
    without_lone_surrogates,
)


class Kind(StrEnum):
    """What a request is for."""

    MESSAGES = "messages"
    TITLE = "title"
    CLASSIFIER = "classifier"
    """The client asks whether a tool call may run by itself."""
    COMPACTION = "compaction"
    """The client has the conversation summed up, to go on with the summary."""
    SIDE = "side"
    """Another request of the client's own beside the conversation."""
    COUNT_TOKENS = "count_tokens"
    MODELS = "models"
    PROBE = "probe"
    OTHER = "other"


class MessagesRequest(msgspec.Struct, frozen=True):
    """The top level of a Messages request; what is long or of many forms stays raw JSON."""

    model: str | None = None
    stream: bool = False
    speed: str | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    max_tokens: int | None = None
    user: str | None = None
    """Only in chat completions: what is ``metadata.user_id`` in the Messages API."""
    metadata: msgspec.Raw = NULL
    system: msgspec.Raw = NULL
    messages: list[msgspec.Raw] = []
    tools: list[msgspec.Raw] = []
    output_config: msgspec.Raw = NULL

    def system_blocks(self) -> list[Any]:
        """The system prompt as blocks, decoded; a plain string becomes one text block."""
        value = decode_json(self.system)
        if isinstance(value, str):
            return [{"type": "text", "text": value}]
        return value if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class SessionClues:
    """What one request tells about its session. Each may be None: not told."""

    title: str | None = None
    """The first text of the user, without system reminders, in one line of up to 200 characters."""
    cwd: str | None = None
    git_branch: str | None = None
    model: str | None = None
    """The client's own name of the model, such as ``claude-opus-4-8[1m]``."""


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
        return Call(_kind_of_messages(request) if kind is Kind.MESSAGES else kind, model, streamed, request)
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

_DECODER = msgspec.json.Decoder(MessagesRequest)


def decode_request(body: bytes) -> MessagesRequest | None:
    """Read the body of a Messages or count_tokens request; None where it is no JSON object.

    A field of an unexpected type counts as not there, and costs none of the others.
    """
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError:
        members = raw_members(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        mended = without_lone_surrogates(body)
        return decode_request(mended) if mended is not None else None
    return _lenient(members) if members is not None else None


def _lenient(members: dict[str, msgspec.Raw]) -> MessagesRequest:
    def word(name: str) -> str | None:
        value = decode_json(members.get(name, NULL))
        return value if isinstance(value, str) else None

    most = decode_json(members.get("max_tokens", NULL))
    return MessagesRequest(
        model=word("model"),
        stream=decode_json(members.get("stream", NULL)) is True,
        speed=word("speed"),
        service_tier=word("service_tier"),
        inference_geo=word("inference_geo"),
        max_tokens=most if type(most) is int else None,
        user=word("user"),
        metadata=members.get("metadata", NULL),
        system=members.get("system", NULL),
        messages=raw_items(members.get("messages", NULL)),
        tools=raw_items(members.get("tools", NULL)),
        output_config=members.get("output_config", NULL),
    )


def kind_of(method: str, path: str, request: MessagesRequest | None) -> Kind:
    """What a request to this path (without its route's prefix and query) is for."""
    if method == "HEAD":
        return Kind.PROBE
    if path.endswith("/v1/messages") and method == "POST":
        return _kind_of_messages(request)
    if path.endswith("/count_tokens"):
        return Kind.COUNT_TOKENS
    if "/v1/models" in path and method == "GET":
        return Kind.MODELS
    return Kind.OTHER


_PROBES = frozenset({".", "Hi", "quota", "test"})
"""What Claude Code (2.1.197) asks for one token, to see whether a model, a key or a limit lets it."""


def _kind_of_messages(request: MessagesRequest | None) -> Kind:
    if request is None:
        return Kind.MESSAGES
    if request.max_tokens == 1 and len(request.messages) == 1 and first_user_text(request) in _PROBES:
        return Kind.PROBE
    return Kind.TITLE if _asks_title(request) else Kind.MESSAGES


def _asks_title(request: MessagesRequest) -> bool:
    """The client's own title request: no tools, and an answer whose one field is the title."""
    if request.tools or len(request.messages) > 2:
        return False
    config = decode_json(request.output_config)
    for name in ("format", "schema", "properties"):
        config = config.get(name) if isinstance(config, dict) else None
    return isinstance(config, dict) and set(config) == {"title"}


def session_in_metadata(request: MessagesRequest) -> str | None:
    """Return the session that ``metadata.user_id`` names in either of Claude Code's forms; another client's is a user,
    not a session."""
    metadata = decode_json(request.metadata)
    user = metadata.get("user_id", request.user) if isinstance(metadata, dict) else request.user
    if not isinstance(user, str) or not user:
        return None
    inner = decode_json(user.encode())
    if isinstance(inner, dict):
        session = inner.get("session_id")
        return session[:_LONGEST_ID] if isinstance(session, str) and session else None
    old_form = re.search(r"_session_([0-9a-f-]{36})$", user)
    return old_form.group(1) if old_form else None


# What the client itself puts into the user's messages: reminders, and the frame of slash commands and their output.
_NOT_THE_USERS = re.compile(
    r"<(system-reminder|local-command-caveat|local-command-std(?:out|err)|command-message|command-contents)>"
    r".*?(?:</\1>|\Z)",
    re.DOTALL,
)
_COMMAND_TAG = re.compile(r"</?command-(?:name|args)>")
_CWD = re.compile(r"^[ \t*-]*(?:Primary w|W)orking directory: *(\S[^\n]*)$", re.MULTILINE)
_BRANCH = re.compile(r"^Current branch: *(\S[^\n]*)$", re.MULTILINE)
_MODEL = re.compile(r"exact model ID is ([\w.\-:@/]*\w(?:\[\w+\])?)")
_LONGEST_ID = 200
_LONGEST_TITLE = 200
_MOST_TEXT_BYTES = 64 * 1024


def session_clues(request: MessagesRequest) -> SessionClues:
    """Read the session's title, directory, branch and model from a request of its main agent."""
    cwd = branch = model = None
    for text in _system_texts(request):
        cwd = cwd or _found(_CWD, text)
        branch = branch or _found(_BRANCH, text)
        model = model or _found(_MODEL, text)
    return SessionClues(first_user_text(request), cwd, branch, model)


def _system_texts(request: MessagesRequest) -> Iterator[str]:
    """The system prompt, also where it stands among the messages."""
    yield from _texts(request.system)
    for raw in request.messages[:4]:
        message = raw_members(raw) or {}
        if decode_json(message.get("role", NULL)) in ("system", "developer"):
            yield from _texts(message.get("content", NULL))


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(1).strip()[:400] if match else None


def first_user_text(request: MessagesRequest) -> str | None:
    """The first words of the user in the conversation, what the client added left out, cut at 200 characters."""
    for raw in request.messages[:4]:
        message = raw_members(raw)
        if message is None or decode_json(message.get("role", NULL)) != "user":
            continue
        for text in _texts(message.get("content", NULL)):
            words = first_words(text)
            if words:
                return words
    return None


def first_words(text: str) -> str | None:
    """A text of the user in one line of up to 200 characters, what the client added left out; None: nothing is left."""
    words = " ".join(_COMMAND_TAG.sub(" ", _NOT_THE_USERS.sub(" ", text[:_MOST_TEXT_BYTES])).split())
    if len(words) > _LONGEST_TITLE:
        return words[: _LONGEST_TITLE - 1] + "…"
    return words or None


def _texts(content: msgspec.Raw) -> Iterator[str]:
    """The texts of a content or system prompt (a string, or blocks), of each the first 64 KB."""
    whole = text_prefix(content, _MOST_TEXT_BYTES)
    if whole is not None:
        yield whole
    for block in raw_items(content) if whole is None else ():
        text = text_prefix((raw_members(block) or {}).get("text", NULL), _MOST_TEXT_BYTES)
        if text is not None:
            yield text


def title_in_answer(text: str) -> str | None:
    """The title that the client's own title request was answered with: ``{"title": "…"}``."""
    document = decode_json(text.encode("utf-8", "replace"))
    title = document.get("title") if isinstance(document, dict) else None
    return " ".join(title.split())[:_LONGEST_TITLE] or None if isinstance(title, str) else None
