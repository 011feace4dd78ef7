"""What a request puts into the context window, piece by piece: tools, sections of the system prompt, parts of messages.

Each piece has an estimate of its tokens. Bodies can have 10 MB, so they are read in steps, and of long texts only a
sample is looked at (see ``token_estimate``).
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import blake2b

import msgspec

from candela_tui.analysis import token_estimate as estimate
from candela_tui.analysis.items import Item, Items, is_billing_note
from candela_tui.protocol.claude_code.prompt_sections import (
    Section,
    SectionKind,
    reminder_sections,
    system_sections,
    user_sections,
)
from candela_tui.protocol.claude_code.user_text import is_summary
from candela_tui.protocol.deferred_tools import referenced_tools
from candela_tui.protocol.image_size import image_size
from candela_tui.protocol.raw_json import NULL, decode_json, raw_items, raw_members, text_prefix


class Source(StrEnum):
    """Where in the prompt a piece belongs. Claude Code puts sections of its system prompt into messages, too."""

    SYSTEM = "system"
    TOOLS = "tools"
    MESSAGES = "messages"


class Kind(StrEnum):
    """What a piece is, beside the kinds of sections."""

    BUILT_IN = "built_in"
    MCP = "mcp"
    DEFERRED = "deferred"
    """A tool whose schema is not in the prompt, or the names of such tools."""
    LOADED = "loaded"
    """A deferred tool that a tool search has loaded."""
    USER = "user"
    ASSISTANT = "assistant"
    THINKING = "thinking"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    REMINDER = "reminder"
    SUMMARY = "summary"
    """What is left of a conversation that was compacted."""
    IMAGE = "image"
    DOCUMENT = "document"
    OTHER = "other"


SUMMARY = "summary of the compacted conversation"
_OF_MESSAGES = {
    SectionKind.USER: Kind.USER,
    SectionKind.REMINDER: Kind.REMINDER,
    SectionKind.ATTACHED_FILE: Kind.REMINDER,
}
_TARGETS = ("file_path", "notebook_path", "path", "url")
"""The arguments that say what a tool reads."""
_REMINDER = b"<system-reminder>"
_LARGE = 256 * 1024
"""Bytes above which a result is not read once more for its digest: it counts as another if its call is another."""
_PDF_HEAD = 4 * 1024 * 1024
"""Characters of a document's base64 that are read to count its pages."""


@dataclass(frozen=True, slots=True)
class ContextItem:
    """One piece of a prompt."""

    source: Source
    kind: str
    name: str
    """A heading, the path of a CLAUDE.md file, or the name of a tool."""
    size: int
    """Bytes."""
    estimate: float
    """Tokens."""
    digest: bytes
    """Equal for pieces with the same content."""
    message: int | None = None
    """The number of its message, from 1; None: it is not in a message."""
    block: int | None = None
    """The number of its block in the message, from 0."""
    formula: bool = False
    """Whether the provider has a formula for its tokens: they need no scaling."""
    target: str | None = None
    """Of a tool's result: the file or address that it read."""


@dataclass(slots=True)
class _Calls:
    """What is known of the tool calls so far, by id."""

    names: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)


def read_context(items: Items, model: str | None, found: list[ContextItem]) -> Iterator[None]:
    """Add the pieces of a request's prompt to ``found``, in the prompt's order."""
    yield from _tools(items, found)
    for block in items.system:
        if not is_billing_note(block):
            found += [_of_section(section, Source.SYSTEM) for section in system_sections(_text(block.raw))]
        yield
    calls = _Calls()
    for number, message in enumerate(items.messages, 1):
        for place, part in enumerate(message.parts):
            for item in _block(part, message.label, calls, model):
                found.append(replace(item, message=number, block=place))
            yield


def mcp_server(tool: str) -> str | None:
    """Return the MCP server of a tool by its name, ``mcp__SERVER__TOOL``; None for others."""
    prefix, _, rest = tool.partition("mcp__")
    server, divider, _ = rest.partition("__")
    return server if not prefix and divider and server else None


def _tools(items: Items, found: list[ContextItem]) -> Iterator[None]:
    deferred = {}
    for place, tool in enumerate(items.tools):
        deferred[place] = (raw_members(tool.raw) or {}).get("defer_loading", NULL) == msgspec.Raw(b"true")
        yield
    loaded: set[str] = set()
    if any(deferred.values()):
        for message in items.messages:
            loaded.update(referenced_tools(bytes(message.raw)))
            yield
    for place, tool in enumerate(items.tools):
        kind = Kind.MCP if mcp_server(tool.label) else Kind.BUILT_IN
        if deferred[place]:
            kind = Kind.LOADED if tool.label in loaded else Kind.DEFERRED
        raw = memoryview(tool.raw)
        tokens = 0.0 if kind is Kind.DEFERRED else estimate.json_tokens(raw)
        found.append(ContextItem(Source.TOOLS, kind, tool.label, raw.nbytes, tokens, tool.digest))
        yield


def _block(part: Item, role: str, calls: _Calls, model: str | None) -> Iterator[ContextItem]:
    """Yield the pieces of a block of a message."""
    members = raw_members(part.raw) if not _is_string(part.raw) else None
    kind = part.label.partition(" ")[0]
    if kind == "text":
        yield from _of_text(members["text"] if members and "text" in members else part.raw, role)
    elif members is None:
        yield _piece(Kind.OTHER, kind, part.raw, estimate.json_tokens(memoryview(part.raw)), part.digest)
    elif kind == "thinking" or kind == "redacted_thinking":
        text = members.get("thinking", msgspec.Raw(b'""'))
        signature = memoryview(members.get("signature", members.get("data", msgspec.Raw(b"")))).nbytes
        tokens = estimate.thinking_tokens(memoryview(text)[1:-1], signature)
        yield _piece(Kind.THINKING, "thinking", part.raw, tokens, part.digest)
    elif kind.endswith("tool_use"):
        yield _call(part, members, calls)
    elif kind.endswith("tool_result"):
        yield from _result(part, members, calls, model)
    elif kind == "image":
        yield _image(part.raw, members, part.digest, model)
    elif kind == "document":
        yield _document(part.raw, members, part.digest)
    else:
        yield _piece(Kind.OTHER, kind, part.raw, estimate.json_tokens(memoryview(part.raw)), part.digest)


def _of_text(raw: msgspec.Raw, role: str) -> Iterator[ContextItem]:
    """Yield the pieces of a text. Only one with sections in it is decoded whole."""
    view = memoryview(raw)
    if role == "assistant":
        yield _piece(Kind.ASSISTANT, "assistant", raw, estimate.json_tokens(view), _digest(raw))
    elif role == "system":
        yield from map(_of_section, reminder_sections(_text(raw)))
    elif _REMINDER in bytes(raw):
        yield from map(_of_section, user_sections(_text(raw)))
    else:
        summary = is_summary(text_prefix(raw, 256) or "")
        kind, name = (Kind.SUMMARY, SUMMARY) if summary else (Kind.USER, "user")
        yield _piece(kind, name, raw, estimate.json_tokens(view), _digest(raw))


def _of_section(section: Section, source: Source | None = None) -> ContextItem:
    text = section.text.encode("utf-8", "replace")
    kind: str = section.kind
    if section.kind in _OF_MESSAGES:
        kind, source = _OF_MESSAGES[section.kind], Source.MESSAGES
    elif section.kind is SectionKind.DEFERRED_TOOLS:
        kind, source = Kind.DEFERRED, Source.TOOLS
    digest = blake2b(text, digest_size=16).digest()
    return ContextItem(source or Source.SYSTEM, kind, section.name, len(text), estimate.text_tokens(text), digest)


def _call(part: Item, members: Mapping[str, msgspec.Raw], calls: _Calls) -> ContextItem:
    name = part.label.partition(" ")[2]
    arguments = members.get("input", NULL)
    call_id = decode_json(members.get("id", NULL))
    if isinstance(call_id, str):
        calls.names[call_id] = name
        if target := _target(arguments):
            calls.targets[call_id] = target
    tokens = estimate.PER_CALL + estimate.CALL_WEIGHT * estimate.json_tokens(memoryview(arguments))
    return _piece(Kind.TOOL_CALL, name, part.raw, tokens, part.digest)


def _target(arguments: msgspec.Raw) -> str | None:
    members = raw_members(arguments) or {}
    for name in _TARGETS:
        if name in members:
            value = text_prefix(members[name], 1024)
            return value or None
    return None


def _result(part: Item, members: Mapping[str, msgspec.Raw], calls: _Calls, model: str | None) -> Iterator[ContextItem]:
    """Yield a tool's result, and the reminders, images and documents in it on their own."""
    call_id = decode_json(members.get("tool_use_id", NULL))
    name = calls.names.get(call_id, "unknown tool") if isinstance(call_id, str) else "unknown tool"
    target = calls.targets.get(call_id) if isinstance(call_id, str) else None
    content = members.get("content", NULL)
    whole = _is_string(content)
    texts = [content] if whole else []
    for block in () if whole else raw_items(content):
        inner = raw_members(block) or {}
        kind = bytes(inner.get("type", NULL))
        if kind == b'"image"':
            yield _image(block, inner, _digest(block), model)
        elif kind == b'"document"':
            yield _document(block, inner, _digest(block))
        elif kind != b'"tool_reference"':
            texts.append(inner.get("text", block))
    tokens, size, digest = estimate.PER_RESULT, 0, blake2b(digest_size=16)
    for text in texts:
        if _REMINDER in bytes(text) and _is_string(text):
            for section in user_sections(_text(text)):
                if section.kind is SectionKind.USER:
                    plain = section.text.encode("utf-8", "replace")
                    tokens, size = tokens + estimate.text_tokens(plain), size + len(plain)
                    digest.update(plain)
                else:
                    yield _of_section(section)
        else:
            tokens, size = tokens + estimate.json_tokens(memoryview(text)), size + memoryview(text).nbytes
            if size <= _LARGE:
                digest.update(text)
    same = digest.digest() if size <= _LARGE else part.digest
    yield ContextItem(Source.MESSAGES, Kind.TOOL_RESULT, name, size, tokens, same, target=target)


def _image(raw: msgspec.Raw, members: Mapping[str, msgspec.Raw], digest: bytes, model: str | None) -> ContextItem:
    size = image_size(_beginning(members, 64 * 1024))
    tokens = estimate.UNKNOWN_IMAGE if size is None else float(estimate.image_tokens(*size, model))
    return replace(_piece(Kind.IMAGE, "images", raw, tokens, digest), formula=size is not None)


def _document(raw: msgspec.Raw, members: Mapping[str, msgspec.Raw], digest: bytes) -> ContextItem:
    source = raw_members(members.get("source", NULL)) or {}
    data = source.get("data", source.get("content", NULL))
    if bytes(source.get("type", NULL)) == b'"base64"':
        tokens = estimate.document_tokens(_beginning(members, _PDF_HEAD))
    else:
        tokens = estimate.json_tokens(memoryview(data))
    return _piece(Kind.DOCUMENT, "documents", raw, tokens, digest)


def _beginning(members: Mapping[str, msgspec.Raw], most: int) -> bytes:
    """Return the first bytes of an image or document in the request; none if it is elsewhere or not base64."""
    source = raw_members(members.get("source", NULL)) or {}
    encoded = bytes(memoryview(source.get("data", msgspec.Raw(b'""')))[1 : most + 1]).rstrip(b'"')
    try:
        return base64.b64decode(encoded[: len(encoded) // 4 * 4])
    except binascii.Error:
        return b""


def _piece(kind: Kind, name: str, raw: msgspec.Raw, tokens: float, digest: bytes) -> ContextItem:
    return ContextItem(Source.MESSAGES, kind, name, memoryview(raw).nbytes, tokens, digest)


def _digest(raw: msgspec.Raw) -> bytes:
    return blake2b(raw, digest_size=16).digest()


def _is_string(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b'"'


def _text(raw: msgspec.Raw) -> str:
    """Return the text of a JSON string or of a text block; empty for anything else."""
    value = decode_json(raw if _is_string(raw) else (raw_members(raw) or {}).get("text", NULL))
    return value if isinstance(value, str) else ""
