"""Messages answers folded into a response: content blocks, usage, stop reason, error.

Source: https://docs.claude.com/en/docs/build-with-claude/streaming. Unknown events, blocks and deltas pass and
change nothing; garbage never raises.
"""

from codecs import BOM_UTF8
from typing import Any

import msgspec

from candela_tui.protocol.answer_facts import AnswerFacts
from candela_tui.protocol.answer_form import Form, begins_event, form_by_header, form_of
from candela_tui.protocol.bedrock_events import BedrockEventDecoder
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
"""Of a body that is neither JSON nor events: what its words are read from."""

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
        """Joined: its text, its thinking, or its tool input as JSON."""
        self.citations: list[Any] = []
        self.done = False
        self._signature: list[str] = []

    @property
    def text(self) -> str:
        """Everything that the deltas brought so far, joined."""
        return "".join(self.pieces)

    @property
    def signature(self) -> str:
        """The signature of thinking, as far as it came."""
        return "".join(self._signature)

    def add_signature(self, piece: object) -> None:
        """Take the next piece of the signature; what is not text is left out."""
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
    """A whole answer with its content left as a slice: decoding a big one at once would hold the interpreter."""

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
    """Folds the events of one answer, or a whole JSON answer, into what it means."""

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
        """``most_text``: characters of content that are kept; those beyond are only counted."""
        self._most_text = most_text
        self.message_id: str | None = None
        self.model: str | None = None
        """The model that answered."""
        self.stop_reason: str | None = None
        self.error: ApiError | None = None
        """An ``error`` event inside the stream, or an error document."""
        self.begun = False
        """Whether anything of a message came, or an error."""
        self.stopped = False
        """Whether ``message_stop`` came (or the answer was one whole document)."""
        self.usage_final = False
        """Whether the usage is the answer's last word, not the placeholder of ``message_start``."""
        self.has_content = False
        """Whether a first content token arrived."""
        self.output_characters = 0
        """Characters of text, thinking and tool input so far."""
        self.blocks: dict[int, ContentBlock] = {}
        """Content blocks by their index."""
        self.facts = AnswerFacts()
        """What else the answer states."""
        self._usage = UsageFold()

    @property
    def usage(self) -> Usage | None:
        """The usage as known so far."""
        return self._usage.usage

    @property
    def refused_before_output(self) -> bool:
        """Whether the model refused and had generated nothing; the count of output is then 0 or a placeholder of 1."""
        output = (self.usage.output_tokens if self.usage else None) or 0
        return self.stop_reason == "refusal" and output <= 1 and not self.output_characters

    @property
    def unread_counts(self) -> tuple[str, ...]:
        """The counts of the usage that can't be read in full, each with its value."""
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
        """From here on another model answers, and its price counts."""
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
    """Some gateways leave the type out, which no client needs."""
    if document.type is None:
        return isinstance(document.usage, dict) and bytes(memoryview(document.content)[:1]) == b"["
    return bool(document.type == "message")


class AnswerDecoder:
    """Decodes the (uncompressed) body of an answer as it arrives: a stream of events, as Anthropic or as Bedrock
    frames them, or one JSON document. Which of them it is say its first bytes, and where they don't its Content-Type.

    ``feed`` each chunk and ``finish`` once. ``fold`` is what is known at any time. A document longer than 32 MiB is
    not read, and of an error not more than 1 MiB.
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
        """``most_text``: see ``MessageFold``."""
        self._status = status
        self._content_type = content_type
        self._form: Form | None = Form.TEXT if status >= 400 else None
        self._events: SSEDecoder | BedrockEventDecoder | None = None
        self._head = b""
        """The first bytes, as long as they don't say which form it is."""
        self._beginning = b""
        """Of a stream that is not a message's, as far as is known: its first event, or its text."""
        self._no_events = False
        """It is a stream by its header alone."""
        self._kept: list[bytes] = []
        self._length = 0
        self.fold = MessageFold(most_text)
        self.failure: ApiError | None = None
        """Once finished: why an answer with a good status is not a message."""
        self.incomplete = False
        """Once finished: whether the answer, as far as it can be read, ended before its end."""

    @property
    def streamed(self) -> bool:
        """Whether the answer is an event stream."""
        form = self._form or form_by_header(self._content_type)
        return form in (Form.EVENTS, Form.FRAMES)

    @property
    def too_long(self) -> bool:
        """Whether it is a document that is too long to be read."""
        return self._form is Form.DOCUMENT and self._length > _MOST_DOCUMENT_BYTES

    @property
    def metrics(self) -> tuple[tuple[str, str], ...]:
        """What the provider measured beside the message, by name: only Bedrock's own streams tell."""
        return self._events.metrics if isinstance(self._events, BedrockEventDecoder) else ()

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next decoded bytes; return the events that they completed (none for a document)."""
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
        """Take bytes of what is not a stream, or not known to be one yet."""
        if self._form is None:
            self._head += chunk
            form = form_of(self._head, self._content_type)
            return [] if form is None else self._begin(form)
        self._length += len(chunk)
        room = self._most - self._length + len(chunk)
        if room > 0 and chunk:
            self._kept.append(chunk[:room])
        return []

    def _begin(self, form: Form) -> list[ServerSentEvent]:
        self._form = form
        if form is Form.EVENTS:
            self._events = SSEDecoder()
            self._no_events = not begins_event(self._head)
        elif form is Form.FRAMES:
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
        return _MOST_DOCUMENT_BYTES if self._form is Form.DOCUMENT else _MOST_TEXT_BYTES

    def finish(self) -> None:
        """The body has ended, by itself or not: fold a document that is not a stream."""
        if self._form is None:
            self._begin(form_of(self._head, self._content_type, whole=True) or Form.TEXT)
        body = b"".join(self._kept).removeprefix(BOM_UTF8)
        self._kept = []
        if self._status >= 400:
            self._finish_error(body)
        elif self._events is not None:
            self.incomplete = not self.fold.stopped and self.fold.error is None
            if not self.fold.begun and (self._beginning or not self._length):
                self.failure = not_a_message(self._beginning)
        elif not self.too_long:
            if self._form is Form.DOCUMENT:
                self.fold.document(body)
            if not self.fold.begun:
                self.incomplete = self._form is Form.DOCUMENT and is_truncated(body)
                self.failure = None if self.incomplete else not_a_message(body)

    def _finish_error(self, body: bytes) -> None:
        # Some gateways answer with an error status and an event stream that holds one error event.
        for event in SSEDecoder().feed(body + b"\n\n"):
            self.fold.event(event)
        self.fold.error = self.fold.error or error_from_body(self._status, body)
