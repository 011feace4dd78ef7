"""Answers of the Messages API, decoded as they arrive: content blocks, usage, stop reason, error.

Source: https://docs.claude.com/en/docs/build-with-claude/streaming. Unknown events, blocks and deltas
change nothing, and malformed ones never raise.
"""

from codecs import BOM_UTF8
from typing import Any

import msgspec

from candela_tui.protocol.answer_facts import AnswerFacts
from candela_tui.protocol.answer_form import AnswerForm, begins_event, form_by_header, form_of
from candela_tui.protocol.bedrock.events import BedrockEventDecoder
from candela_tui.protocol.errors import (
    ApiError,
    error_from_body,
    error_from_wire,
    not_a_message,
    quoted,
    states_failure,
)
from candela_tui.protocol.raw_json import decode_json, is_truncated, raw_items
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder
from candela_tui.protocol.usage import Usage, UsageFold, fallback_model

_MOST_DOCUMENT_BYTES = 32 * 1024 * 1024
_MOST_ERROR_BYTES = 1024 * 1024
_MOST_TEXT_BYTES = 16 * 1024
"""How much is kept of a body that is neither JSON nor events, to quote from."""

TOOL_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
"""The types of content blocks that call a tool: the client's, the provider's own, an MCP server's."""

_DELTA_TEXT = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "compaction_delta": "content",
}


class ContentBlock:
    """A content block as it grows."""

    __slots__ = ("_signature", "citations", "done", "pieces", "start", "type")

    def __init__(self, start: dict[str, Any]) -> None:
        kind = start.get("type")
        self.type = kind if isinstance(kind, str) else "unknown"
        self.start = start
        """The block as ``content_block_start`` (or the whole answer) gave it."""
        self.pieces: list[str] = []
        """The pieces of its text, its thinking, or its tool input as JSON."""
        self.citations: list[Any] = []
        self.done = False
        self._signature: list[str] = []

    @property
    def text(self) -> str:
        """The text of all deltas so far."""
        return "".join(self.pieces)

    @property
    def signature(self) -> str:
        """The signature of thinking so far."""
        return "".join(self._signature)

    def add_signature(self, piece: object) -> None:
        """Add a piece of the signature; anything but text is ignored."""
        if isinstance(piece, str):
            self._signature.append(piece)


class _Delta(msgspec.Struct):
    type: str
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None

    @property
    def piece(self) -> str | None:
        if self.type == "text_delta":
            return self.text
        if self.type == "input_json_delta":
            return self.partial_json
        return self.thinking if self.type == "thinking_delta" else None


class _ContentBlockDelta(msgspec.Struct, tag="content_block_delta", tag_field="type"):
    index: int
    delta: _Delta


class _Document(msgspec.Struct):
    """A whole answer whose content stays undecoded: decoding a big one at once would block the interpreter."""

    type: Any = None
    id: Any = None
    model: Any = None
    stop_reason: Any = None
    usage: Any = None
    stop_sequence: Any = None
    stop_details: Any = None
    safeguard_results: Any = None
    diagnostics: Any = None
    context_management: Any = None
    input_transformations: Any = None
    container: Any = None
    content: msgspec.Raw = msgspec.Raw(b"null")
    error: Any = None
    message: Any = None


# Nearly every event of a stream is a delta, and decoding it into its own type takes a third of the time.
_DELTA_DECODER = msgspec.json.Decoder(_ContentBlockDelta)
_DOCUMENT_DECODER = msgspec.json.Decoder(_Document)


class MessageFold:
    """The state of one answer, built from its events or from a whole JSON document."""

    __slots__ = (
        "_most_text",
        "_usage",
        "begun",
        "blocks",
        "error",
        "facts",
        "has_content",
        "message_id",
        "model",
        "output_characters",
        "stop_reason",
        "stopped",
        "usage_final",
    )

    def __init__(self, most_text: int | None = None) -> None:
        """``most_text``: how many characters of content to keep; the rest is only counted."""
        self._most_text = most_text
        self.message_id: str | None = None
        self.model: str | None = None
        """The model that answered."""
        self.stop_reason: str | None = None
        self.error: ApiError | None = None
        """An ``error`` event inside the stream, or an error document."""
        self.begun = False
        """Whether any part of a message, or an error, has arrived."""
        self.stopped = False
        """Whether ``message_stop`` has arrived, or the answer was one whole document."""
        self.usage_final = False
        """Whether the usage is final, not the placeholder of ``message_start``."""
        self.has_content = False
        """Whether a first content token has arrived."""
        self.output_characters = 0
        """Characters of text, thinking and tool input so far."""
        self.blocks: dict[int, ContentBlock] = {}
        """Content blocks by their index."""
        self.facts = AnswerFacts()
        """Other facts that the answer states."""
        self._usage = UsageFold()

    @property
    def usage(self) -> Usage | None:
        """The usage so far."""
        return self._usage.usage

    @property
    def unread_counts(self) -> tuple[str, ...]:
        """The counts of the usage that are not whole numbers, each with its value."""
        return self._usage.unread

    def event(self, event: ServerSentEvent) -> None:
        """Fold one event of the stream."""
        if event.name == "content_block_delta":
            try:
                typed = _DELTA_DECODER.decode(event.data)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
            else:
                piece = typed.delta.piece
                if piece is not None:
                    self.begun = True
                    block = self.blocks.get(typed.index)
                    if block is not None:
                        self._grow(block, piece)
                    return
        document = decode_json(event.data)
        if isinstance(document, dict):
            self._event(event.name, document)
        elif event.name == "error":
            self.begun = True
            self.error = ApiError("api_error", quoted(event.data))

    def _event(self, name: str, document: dict[str, Any]) -> None:
        kind = document.get("type")
        if not isinstance(kind, str):
            kind = name
        if kind == "content_block_restated":
            self.facts.restated(document)
        if kind not in _EVENTS:
            if name in ("", "message") and states_failure(document):
                kind = "error"
            else:
                return
        self.begun = True
        if kind == "content_block_delta":
            self._delta(document)
        elif kind == "content_block_start":
            self._start_block(document)
        elif kind == "content_block_stop":
            block = self._block(document)
            if block:
                block.done = True
        elif kind == "message_start":
            self._head(document.get("message"))
        elif kind == "message_delta":
            usage, delta = document.get("usage"), document.get("delta")
            self._merge_usage(usage)
            self.facts.delta(document)
            self.usage_final = self.usage_final or isinstance(usage, dict)
            if isinstance(delta, dict) and isinstance(delta.get("stop_reason"), str):
                self.stop_reason = delta["stop_reason"]
        elif kind == "message_stop":
            self.stopped = True
        elif kind == "error":
            self.error = error_from_wire(document) or ApiError("api_error", "an error event without a message")

    def document(self, body: bytes) -> None:
        """Fold a whole (not streamed) answer."""
        try:
            document = _DOCUMENT_DECODER.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if _is_message(document):
            self.begun = True
            self._head(msgspec.structs.asdict(document))
            for index, raw in enumerate(raw_items(document.content)):
                start = decode_json(raw)
                if isinstance(start, dict):
                    self._whole_block(index, start)
            self.stopped = self.usage_final = True
        elif document.type == "error" or document.error is not None:
            self.error = error_from_wire(msgspec.structs.asdict(document))
            self.begun = self.error is not None

    def _head(self, message: object) -> None:
        if not isinstance(message, dict):
            return
        if isinstance(message.get("model"), str):
            self.model = message["model"]
        if isinstance(message.get("stop_reason"), str):
            self.stop_reason = message["stop_reason"]
        if isinstance(message.get("id"), str):
            self.message_id = message["id"]
        self._merge_usage(message.get("usage"))
        self.facts.message(message)

    def _merge_usage(self, wire: object) -> None:
        self._usage.merge(wire)
        self.facts.usage(wire)
        self.model = fallback_model(wire) or self.model

    def _start_block(self, document: dict[str, Any]) -> None:
        index, start = document.get("index"), document.get("content_block")
        if type(index) is not int or not isinstance(start, dict):
            return
        block = self.blocks[index] = ContentBlock(start)
        for name in ("text", "thinking"):
            if isinstance(start.get(name), str):
                self._grow(block, start[name])
        # A tool's name or redacted thinking is content that comes with the start itself.
        self.has_content = self.has_content or block.type not in ("text", "thinking", "fallback")
        self._fallback(block)

    def _whole_block(self, index: int, start: dict[str, Any]) -> None:
        block = self.blocks[index] = ContentBlock(start)
        block.done = self.has_content = True
        for name in ("text", "thinking"):
            if isinstance(start.get(name), str):
                self._grow(block, start[name])
        if isinstance(start.get("input"), dict):
            self._grow(block, msgspec.json.encode(start["input"]).decode())
        block.add_signature(start.get("signature"))
        if isinstance(start.get("citations"), list):
            block.citations = list(start["citations"])
        self._fallback(block)

    def _fallback(self, block: ContentBlock) -> None:
        """Note that another model answers from here on: its price counts."""
        to = block.start.get("to") if block.type == "fallback" else None
        if isinstance(to, dict) and isinstance(to.get("model"), str):
            self.model = to["model"]

    def _delta(self, document: dict[str, Any]) -> None:
        block, delta = self._block(document), document.get("delta")
        if block is None or not isinstance(delta, dict):
            return
        kind = delta.get("type")
        name = _DELTA_TEXT.get(kind) if isinstance(kind, str) else None
        if name is not None:
            piece = delta.get(name)
            if isinstance(piece, str):
                self._grow(block, piece)
        elif kind == "signature_delta":
            block.add_signature(delta.get("signature"))
        elif kind == "citations_delta" and "citation" in delta:
            block.citations.append(delta["citation"])

    def _grow(self, block: ContentBlock, piece: str) -> None:
        if piece:
            if self._most_text is None or self.output_characters < self._most_text:
                block.pieces.append(piece)
            self.output_characters += len(piece)
            self.has_content = True

    def _block(self, document: dict[str, Any]) -> ContentBlock | None:
        index = document.get("index")
        return self.blocks.get(index) if type(index) is int else None


_EVENTS = frozenset(
    {
        "content_block_delta",
        "content_block_start",
        "content_block_stop",
        "error",
        "message_delta",
        "message_start",
        "message_stop",
        "ping",
    }
)
"""The events of a message's stream."""


def _is_message(document: _Document) -> bool:
    """Return whether a document is a message. Some gateways omit the type, which no client needs."""
    if document.type is None:
        return isinstance(document.usage, dict) and bytes(memoryview(document.content)[:1]) == b"["
    return bool(document.type == "message")


class AnswerDecoder:
    """An incremental decoder for the (uncompressed) body of an answer.

    The body is a stream of events, framed as Anthropic or as Bedrock do it, or one JSON document. Its first bytes tell
    which, or else its Content-Type. ``feed`` each chunk and ``finish`` once; ``fold`` is the state at any time. Of a
    document at most 32 MiB are read, of an error at most 1 MiB.
    """

    __slots__ = (
        "_beginning",
        "_content_type",
        "_events",
        "_form",
        "_head",
        "_kept",
        "_length",
        "_no_events",
        "_status",
        "failure",
        "fold",
        "incomplete",
    )

    def __init__(self, status: int, content_type: str, *, most_text: int | None = None) -> None:
        """``most_text``: how many characters of content to keep; the rest is only counted."""
        self._status = status
        self._content_type = content_type
        self._form: AnswerForm | None = AnswerForm.TEXT if status >= 400 else None
        self._events: SSEDecoder | BedrockEventDecoder | None = None
        self._head = b""
        """The first bytes, until they tell the form of the body."""
        self._beginning = b""
        """The first event, or the text, of a stream that has no part of a message so far."""
        self._no_events = False
        """Whether only its header says that the body is a stream."""
        self._kept: list[bytes] = []
        self._length = 0
        self.fold = MessageFold(most_text)
        self.failure: ApiError | None = None
        """After ``finish``: why an answer with a good status is not a message."""
        self.incomplete = False
        """After ``finish``: whether the answer broke off."""

    @property
    def streamed(self) -> bool:
        """Whether the answer is an event stream."""
        form = self._form or form_by_header(self._content_type)
        return form in (AnswerForm.EVENTS, AnswerForm.FRAMES)

    @property
    def too_long(self) -> bool:
        """Whether the body is a document that is too long to read."""
        return self._form is AnswerForm.DOCUMENT and self._length > _MOST_DOCUMENT_BYTES

    @property
    def metrics(self) -> tuple[tuple[str, str], ...]:
        """The provider's own measurements by name; only Bedrock's streams have some."""
        return self._events.metrics if isinstance(self._events, BedrockEventDecoder) else ()

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next decoded bytes, and return the events that they complete (none for a document)."""
        if self._events is None:
            return self._feed_document(chunk)
        self._length += len(chunk)
        events = self._events.feed(chunk)
        if not self.fold.begun and len(self._beginning) < _MOST_TEXT_BYTES:
            self._begin_with(chunk, events)
        for event in events:
            self.fold.event(event)
        return events

    def _feed_document(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take bytes of a body that is not a stream, or not yet known to be one."""
        if self._form is None:
            self._head += chunk
            form = form_of(self._head, self._content_type)
            return [] if form is None else self._begin(form)
        self._length += len(chunk)
        room = self._most - self._length + len(chunk)
        if room > 0 and chunk:
            self._kept.append(chunk[:room])
        return []

    def _begin(self, form: AnswerForm) -> list[ServerSentEvent]:
        self._form = form
        if form is AnswerForm.EVENTS:
            self._events = SSEDecoder()
            self._no_events = not begins_event(self._head)
        elif form is AnswerForm.FRAMES:
            self._events = BedrockEventDecoder()
        head, self._head = self._head, b""
        return self.feed(head)

    def _begin_with(self, chunk: bytes, events: list[ServerSentEvent]) -> None:
        if self._no_events:
            self._beginning += chunk
        elif events and not self._beginning:
            self._beginning = events[0].data

    @property
    def _most(self) -> int:
        if self._status >= 400:
            return _MOST_ERROR_BYTES
        return _MOST_DOCUMENT_BYTES if self._form is AnswerForm.DOCUMENT else _MOST_TEXT_BYTES

    def finish(self) -> None:
        """End the body, complete or not; a document is read now."""
        if self._form is None:
            self._begin(form_of(self._head, self._content_type, whole=True) or AnswerForm.TEXT)
        body = b"".join(self._kept).removeprefix(BOM_UTF8)
        self._kept = []
        if self._status >= 400:
            self._finish_error(body)
        elif self._events is not None:
            self.incomplete = not self.fold.stopped and self.fold.error is None
            if not self.fold.begun and (self._beginning or not self._length):
                self.failure = not_a_message(self._beginning, status=self._status)
        elif not self.too_long:
            if self._form is AnswerForm.DOCUMENT:
                self.fold.document(body)
            if not self.fold.begun:
                self.incomplete = self._form is AnswerForm.DOCUMENT and is_truncated(body)
                self.failure = None if self.incomplete else not_a_message(body, status=self._status)

    def _finish_error(self, body: bytes) -> None:
        # Some gateways answer with an error status and an event stream that holds one error event.
        for event in SSEDecoder().feed(body + b"\n\n"):
            self.fold.event(event)
        self.fold.error = self.fold.error or error_from_body(self._status, body)
