"""What a request puts into the context window, piece by piece: tools, sections of the system prompt, parts of messages.

Each piece has an estimate of its tokens. Bodies can have 10 MB, so they are read in steps, and of long texts only a
sample is looked at (see ``token_estimate``).
"""

import base64
import binascii
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from itertools import chain
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from candela_tui.analysis.items import Item, Items, is_billing_note, same_items
from candela_tui.analysis.steps import result_of
from candela_tui.analysis.token_estimate import UNKNOWN_IMAGE, Estimator, document_tokens
from candela_tui.analysis.tool_use_prompt import tool_use_tokens
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
    PROVIDER = "provider"
    """What the provider adds by itself."""
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


TOOL_USE_PROMPT = "prompt for tool use"
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
_LONG = 32 * 1024
"""Bytes of a block that is a step of its own."""
_TOGETHER = 32
"""Shorter blocks of a message that are read in one step."""
_PDF_HEAD = 4 * 1024 * 1024
"""Characters of a document's base64 that are read to count its pages."""


class ContextItem(msgspec.Struct, frozen=True, gc=False):
    """One piece of a prompt. As ``Item``, unknown to the collector."""

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


class _Call(msgspec.Struct, frozen=True, gc=False):
    """A tool call, by which its result is known."""

    id: str
    tool: str
    target: str | None


_Calls = dict[str, _Call]
"""The tool calls so far, by id."""
_At = tuple[int, int]
"""The number of a message, from 1, and of a block in it, from 0."""


class MessagePieces(msgspec.Struct, frozen=True, gc=False):
    """What is in one message."""

    pieces: tuple[ContextItem, ...]
    calls: tuple[_Call, ...]
    loaded: tuple[str, ...]
    """The tools that a tool search found."""


_CALLS, _LOADED = attrgetter("calls"), attrgetter("loaded")
"""Read of each message of a conversation at each of its requests, so that it must be fast."""


@dataclass(frozen=True, slots=True)
class ReadContext:
    """The pieces of a request's prompt."""

    items: Items
    model: str | None
    tools: tuple[ContextItem, ...]
    system: tuple[ContextItem, ...]
    messages: tuple[MessagePieces, ...]

    def pieces(self) -> Iterator[ContextItem]:
        """Yield all pieces, in the prompt's order."""
        yield from self.tools
        yield from self.system
        for message in self.messages:
            yield from message.pieces

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found: the body is not a Messages request."""
        return next(self.pieces(), None) is None


def read_context(
    items: Items, model: str | None, known: ReadContext | None = None
) -> Generator[None, None, ReadContext]:
    """Return the pieces of a request's prompt, in steps. ``known`` is another request's: what both share is taken from
    it."""
    if known is not None and known.model != model:
        known = None
    by = Estimator(model)
    shared = known.messages[: same_items(items.messages, known.items.messages)] if known is not None else ()
    messages = list(shared)
    calls = {call.id: call for call in chain.from_iterable(map(_CALLS, shared))}
    for number, message in enumerate(items.messages[len(shared) :], len(shared) + 1):
        messages.append((yield from _message(message, number, calls, by)))
    loaded = frozenset(chain.from_iterable(map(_LOADED, messages)))
    tools = yield from _tools(items, loaded, known, by)
    if known is not None and _digests(items.system) == _digests(known.items.system):
        system = known.system
    else:
        system = tuple((yield from _system(items, by)))
    return ReadContext(items, model, tools, system, tuple(messages))


def context_pieces(items: Items, model: str | None, known: ReadContext | None = None) -> ReadContext:
    """Return what ``read_context`` does, at once."""
    return result_of(read_context(items, model, known))


def _digests(items: Sequence[Item]) -> list[bytes]:
    return [item.digest for item in items]


def _system(items: Items, by: Estimator) -> Generator[None, None, list[ContextItem]]:
    found: list[ContextItem] = []
    for block in items.system:
        if not is_billing_note(block):
            found += [_of_section(section, by, source=Source.SYSTEM) for section in system_sections(_text(block.raw))]
        yield
    return found


def _message(message: Item, number: int, calls: _Calls, by: Estimator) -> Generator[None, None, MessagePieces]:
    """Return the pieces of a message, and add its calls to ``calls``."""
    found: list[ContextItem] = []
    own: list[_Call] = []
    for place, part in enumerate(message.parts):
        members = raw_members(part.raw) if not _is_string(part.raw) else None
        if members is not None and (call := _call_of(part, members)) is not None:
            own.append(call)
            calls[call.id] = call
        found += _block(part, members, message.label, (number, place), calls, by)
        if len(part.raw) >= _LONG or place % _TOGETHER == 0:
            yield
    loaded = tuple(referenced_tools(bytes(message.raw)))
    if len(message.raw) >= _LONG:
        yield
    return MessagePieces(tuple(found), tuple(own), loaded)


def mcp_server(tool: str) -> str | None:
    """Return the MCP server of a tool by its name, ``mcp__SERVER__TOOL``; None for others."""
    prefix, _, rest = tool.partition("mcp__")
    server, divider, _ = rest.partition("__")
    return server if not prefix and divider and server else None


def _tools(
    items: Items, loaded: frozenset[str], known: ReadContext | None, by: Estimator
) -> Generator[None, None, tuple[ContextItem, ...]]:
    its, pieces = (known.items.tools, known.tools) if known is not None else ((), ())
    found: list[ContextItem] = []
    for place, tool in enumerate(items.tools):
        piece = pieces[place] if place < len(its) and its[place] is tool else None
        if piece is None:
            piece = _tool(tool, by)
            yield
        if piece.kind in (Kind.DEFERRED, Kind.LOADED):
            kind = Kind.LOADED if tool.label in loaded else Kind.DEFERRED
            tokens = by.json(memoryview(tool.raw)) if kind is Kind.LOADED else 0.0
            piece = replace(piece, kind=kind, estimate=tokens)
        found.append(piece)
    found += _tool_use_prompt(items, by.model)
    return tuple(found)


def _tool_use_prompt(items: Items, model: str | None) -> Iterator[ContextItem]:
    """Yield what the provider adds to a request with tools, if that is known."""
    choice = next((decode_json(setting.raw) for setting in items.settings if setting.label == "tool_choice"), None)
    tokens = tool_use_tokens(model, choice) if items.tools else None
    if tokens is not None:
        yield ContextItem(Source.TOOLS, Kind.PROVIDER, TOOL_USE_PROMPT, 0, float(tokens), b"", formula=True)


def _tool(tool: Item, by: Estimator) -> ContextItem:
    """Return a tool's piece; that of a deferred one before anything is known of searches."""
    kind = Kind.MCP if mcp_server(tool.label) else Kind.BUILT_IN
    raw = memoryview(tool.raw)
    if (raw_members(tool.raw) or {}).get("defer_loading", NULL) == msgspec.Raw(b"true"):
        return ContextItem(Source.TOOLS, Kind.DEFERRED, tool.label, raw.nbytes, 0.0, tool.digest)
    return ContextItem(Source.TOOLS, kind, tool.label, raw.nbytes, by.json(raw), tool.digest)


def _block(
    part: Item, members: Mapping[str, msgspec.Raw] | None, role: str, at: _At, calls: _Calls, by: Estimator
) -> Iterator[ContextItem]:
    """Yield the pieces of a block of a message."""
    kind = part.label.partition(" ")[0]
    if kind == "text":
        yield from _of_text(members["text"] if members and "text" in members else part.raw, role, by, at)
    elif members is None:
        yield _piece(Kind.OTHER, kind, part.raw, by.json(memoryview(part.raw)), part.digest, at)
    elif kind == "thinking" or kind == "redacted_thinking":
        text = members.get("thinking", msgspec.Raw(b'""'))
        signature = memoryview(members.get("signature", members.get("data", msgspec.Raw(b"")))).nbytes
        tokens = by.thinking(memoryview(text)[1:-1], signature)
        yield _piece(Kind.THINKING, "thinking", part.raw, tokens, part.digest, at)
    elif kind.endswith("tool_use"):
        arguments = members.get("input", NULL)
        tokens = by.call(memoryview(arguments))
        yield _piece(Kind.TOOL_CALL, part.label.partition(" ")[2], part.raw, tokens, part.digest, at)
    elif kind.endswith("tool_result"):
        yield from _result(part, members, calls, by, at)
    elif kind == "image":
        yield _image(part.raw, members, part.digest, by, at)
    elif kind == "document":
        yield _document(part.raw, members, part.digest, by, at)
    else:
        yield _piece(Kind.OTHER, kind, part.raw, by.json(memoryview(part.raw)), part.digest, at)


def _of_text(raw: msgspec.Raw, role: str, by: Estimator, at: _At) -> Iterator[ContextItem]:
    """Yield the pieces of a text. Only one with sections in it is decoded whole."""
    view = memoryview(raw)
    if role == "assistant":
        yield _piece(Kind.ASSISTANT, "assistant", raw, by.json(view), _digest(raw), at)
    elif role == "system":
        for section in reminder_sections(_text(raw)):
            yield _of_section(section, by, at)
    elif _REMINDER in bytes(raw):
        for section in user_sections(_text(raw)):
            yield _of_section(section, by, at)
    else:
        summary = is_summary(text_prefix(raw, 256) or "")
        kind, name = (Kind.SUMMARY, SUMMARY) if summary else (Kind.USER, "user")
        yield _piece(kind, name, raw, by.json(view), _digest(raw), at)


def _of_section(
    section: Section, by: Estimator, at: _At | tuple[None, None] = (None, None), source: Source | None = None
) -> ContextItem:
    text = section.text.encode("utf-8", "replace")
    kind: str = section.kind
    if section.kind in _OF_MESSAGES:
        kind, source = _OF_MESSAGES[section.kind], Source.MESSAGES
    elif section.kind is SectionKind.DEFERRED_TOOLS:
        kind, source = Kind.DEFERRED, Source.TOOLS
    digest = blake2b(text, digest_size=16).digest()
    return ContextItem(source or Source.SYSTEM, kind, section.name, len(text), by.text(text), digest, *at)


def _call_of(part: Item, members: Mapping[str, msgspec.Raw]) -> _Call | None:
    """Return the call in a block; None if it is not a call, or has no id."""
    kind, _, tool = part.label.partition(" ")
    call_id = decode_json(members.get("id", NULL)) if kind.endswith("tool_use") else None
    return _Call(call_id, tool, _target(members.get("input", NULL))) if isinstance(call_id, str) else None


def _target(arguments: msgspec.Raw) -> str | None:
    members = raw_members(arguments) or {}
    for name in _TARGETS:
        if name in members:
            value = text_prefix(members[name], 1024)
            return value or None
    return None


def _result(
    part: Item, members: Mapping[str, msgspec.Raw], calls: _Calls, by: Estimator, at: _At
) -> Iterator[ContextItem]:
    """Yield a tool's result, and the reminders, images and documents in it on their own."""
    call_id = decode_json(members.get("tool_use_id", NULL))
    call = calls.get(call_id) if isinstance(call_id, str) else None
    name = call.tool if call is not None else "unknown tool"
    target = call.target if call is not None else None
    content = members.get("content", NULL)
    whole = _is_string(content)
    texts = [content] if whole else []
    for block in () if whole else raw_items(content):
        inner = raw_members(block) or {}
        kind = bytes(inner.get("type", NULL))
        if kind == b'"image"':
            yield _image(block, inner, _digest(block), by, at)
        elif kind == b'"document"':
            yield _document(block, inner, _digest(block), by, at)
        elif kind != b'"tool_reference"':
            texts.append(inner.get("text", block))
    tokens, size, digest = by.around_result, 0, blake2b(digest_size=16)
    for text in texts:
        if _REMINDER in bytes(text) and _is_string(text):
            for section in user_sections(_text(text)):
                if section.kind is SectionKind.USER:
                    plain = section.text.encode("utf-8", "replace")
                    tokens, size = tokens + by.text(plain), size + len(plain)
                    digest.update(plain)
                else:
                    yield _of_section(section, by, at)
        else:
            tokens, size = tokens + by.json(memoryview(text)), size + memoryview(text).nbytes
            if size <= _LARGE:
                digest.update(text)
    same = digest.digest() if size <= _LARGE else part.digest
    yield ContextItem(Source.MESSAGES, Kind.TOOL_RESULT, name, size, tokens, same, *at, target=target)


def _image(raw: msgspec.Raw, members: Mapping[str, msgspec.Raw], digest: bytes, by: Estimator, at: _At) -> ContextItem:
    size = image_size(_beginning(members, 64 * 1024))
    tokens = UNKNOWN_IMAGE if size is None else float(by.image(*size))
    return replace(_piece(Kind.IMAGE, "images", raw, tokens, digest, at), formula=size is not None)


def _document(
    raw: msgspec.Raw, members: Mapping[str, msgspec.Raw], digest: bytes, by: Estimator, at: _At
) -> ContextItem:
    source = raw_members(members.get("source", NULL)) or {}
    data = source.get("data", source.get("content", NULL))
    if bytes(source.get("type", NULL)) == b'"base64"':
        tokens = document_tokens(_beginning(members, _PDF_HEAD))
    else:
        tokens = by.json(memoryview(data))
    return _piece(Kind.DOCUMENT, "documents", raw, tokens, digest, at)


def _beginning(members: Mapping[str, msgspec.Raw], most: int) -> bytes:
    """Return the first bytes of an image or document in the request; none if it is elsewhere or not base64."""
    source = raw_members(members.get("source", NULL)) or {}
    encoded = bytes(memoryview(source.get("data", msgspec.Raw(b'""')))[1 : most + 1]).rstrip(b'"')
    try:
        return base64.b64decode(encoded[: len(encoded) // 4 * 4])
    except binascii.Error:
        return b""


def _piece(kind: Kind, name: str, raw: msgspec.Raw, tokens: float, digest: bytes, at: _At) -> ContextItem:
    return ContextItem(Source.MESSAGES, kind, name, memoryview(raw).nbytes, tokens, digest, *at)


def _digest(raw: msgspec.Raw) -> bytes:
    return blake2b(raw, digest_size=16).digest()


def _is_string(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b'"'


def _text(raw: msgspec.Raw) -> str:
    """Return the text of a JSON string or of a text block; empty for anything else."""
    value = decode_json(raw if _is_string(raw) else (raw_members(raw) or {}).get("text", NULL))
    return value if isinstance(value, str) else ""
