"""What a Messages request asks for, read without decoding the whole conversation.

``msgspec.Raw`` keeps each message, tool and system block as a slice of the body, to be decoded one at a time by
whoever shows it: a whole 10 MB document would hold the interpreter for a third of a second.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """What a request is for."""

    MESSAGES = "messages"
    TITLE = "title"
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
    metadata: msgspec.Raw = msgspec.Raw(b"null")
    system: msgspec.Raw = msgspec.Raw(b"null")
    messages: list[msgspec.Raw] = []
    tools: list[msgspec.Raw] = []
    output_config: msgspec.Raw = msgspec.Raw(b"null")

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


_DECODER = msgspec.json.Decoder(MessagesRequest)


def decode_request(body: bytes) -> MessagesRequest | None:
    """Read the body of a Messages or count_tokens request; None where it is not one."""
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def decode_json(raw: msgspec.Raw | bytes) -> Any:
    """Decode a slice; None where it is not JSON."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def kind_of(method: str, path: str, request: MessagesRequest | None) -> Kind:
    """What a request to this path (without its route's prefix and query) is for."""
    if method == "HEAD":
        return Kind.PROBE
    if path.endswith("/v1/messages") and method == "POST":
        return Kind.TITLE if request and _asks_title(request) else Kind.MESSAGES
    if path.endswith("/count_tokens"):
        return Kind.COUNT_TOKENS
    if "/v1/models" in path and method == "GET":
        return Kind.MODELS
    return Kind.OTHER


def _asks_title(request: MessagesRequest) -> bool:
    if request.tools or len(request.messages) > 2 or b"json_schema" not in bytes(request.output_config):
        return False
    return b"title" in bytes(request.output_config) or b"title" in bytes(request.system)


def session_in_metadata(request: MessagesRequest) -> str | None:
    """The session that ``metadata.user_id`` names: its ``session_id`` where it is the client's JSON, else itself."""
    metadata = decode_json(request.metadata)
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(user, str) or not user:
        return None
    inner = decode_json(user.encode())
    if isinstance(inner, dict):
        session = inner.get("session_id")
        return session if isinstance(session, str) and session else None
    old_form = re.search(r"_session_([0-9a-f-]{36})$", user)
    return old_form.group(1) if old_form else user


_REMINDER = re.compile(r"<system-reminder>.*?(?:</system-reminder>|\Z)", re.DOTALL)
_CWD = re.compile(r"^[ \t*-]*(?:Primary w|W)orking directory: *(\S[^\n]*)$", re.MULTILINE)
_BRANCH = re.compile(r"^Current branch: *(\S[^\n]*)$", re.MULTILINE)
_MODEL = re.compile(r"exact model ID is ([\w.\-:@/]+(?:\[\w+\])?)")


def session_clues(request: MessagesRequest) -> SessionClues:
    """Read the session's title, directory, branch and model from a request of its main agent."""
    cwd = branch = model = None
    for block in request.system_blocks():
        text = block.get("text") if isinstance(block, dict) else None
        if isinstance(text, str):
            cwd = cwd or _found(_CWD, text)
            branch = branch or _found(_BRANCH, text)
            model = model or _found(_MODEL, text)
    return SessionClues(first_user_text(request), cwd, branch, model)


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(1).strip()[:400] if match else None


def first_user_text(request: MessagesRequest) -> str | None:
    """The first words of the user in the conversation, system reminders left out, cut at 200 characters."""
    for raw in request.messages[:4]:
        message = decode_json(raw)
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        texts = [content] if isinstance(content, str) else _texts(content)
        for text in texts:
            words = " ".join(_REMINDER.sub(" ", text).split())
            if words:
                return words if len(words) <= 200 else words[:199] + "…"
    return None


def _texts(content: object) -> list[str]:
    if not isinstance(content, list):
        return []
    return [block["text"] for block in content if isinstance(block, dict) and isinstance(block.get("text"), str)]


def title_in_answer(text: str) -> str | None:
    """The title that the client's own title request was answered with: ``{"title": "…"}``."""
    document = decode_json(text.encode("utf-8", "replace"))
    title = document.get("title") if isinstance(document, dict) else None
    return " ".join(title.split())[:200] or None if isinstance(title, str) else None
