"""Messages answers folded into a response: content blocks, usage, stop reason, error.

Source: https://docs.claude.com/en/docs/build-with-claude/streaming. Unknown events, blocks and deltas pass and
change nothing; garbage never raises.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from candela_tui.protocol.errors import ApiError, error_from_body, error_from_wire
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder
from candela_tui.protocol.usage import Usage, UsageFold

_DELTA_TEXT = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}


@dataclass(slots=True)
class ContentBlock:
    """A content block as it grows. ``pieces`` joined are its text, its thinking, or its tool input as JSON."""

    type: str
    start: dict[str, Any]
    """The block as ``content_block_start`` (or the whole answer) gave it."""
    pieces: list[str] = field(default_factory=list)
    citations: list[Any] = field(default_factory=list)
    signature: str = ""
    done: bool = False

    @property
    def text(self) -> str:
        """Everything that the deltas brought so far, joined."""
        return "".join(self.pieces)


class MessageFold:
    """Folds the events of one answer, or a whole JSON answer, into what it means."""

    __slots__ = (
        "_usage",
        "blocks",
        "error",
        "has_content",
        "message_id",
        "model",
        "output_characters",
        "stop_reason",
        "stopped",
        "usage_final",
    )

    def __init__(self) -> None:
        self.message_id: str | None = None
        self.model: str | None = None
        """The model that answered."""
        self.stop_reason: str | None = None
        self.error: ApiError | None = None
        """An ``error`` event inside the stream, or an error document."""
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
        self._usage = UsageFold()

    @property
    def usage(self) -> Usage | None:
        """The usage as known so far."""
        return self._usage.usage

    def event(self, event: ServerSentEvent) -> None:
        """Fold one event of the stream."""
        try:
            document = msgspec.json.decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if not isinstance(document, dict):
            return
        kind = document.get("type") or event.name
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
            self._usage.merge(document.get("usage"))
            self.usage_final = self.usage_final or isinstance(document.get("usage"), dict)
            delta = document.get("delta")
            if isinstance(delta, dict) and isinstance(delta.get("stop_reason"), str):
                self.stop_reason = delta["stop_reason"]
        elif kind == "message_stop":
            self.stopped = True
        elif kind == "error":
            self.error = error_from_wire(document) or ApiError("api_error", "an error event without a message")

    def document(self, document: object) -> None:
        """Fold a whole (not streamed) answer, decoded from JSON."""
        if not isinstance(document, dict):
            return
        if document.get("type") == "error":
            self.error = error_from_wire(document)
            return
        self._head(document)
        content = document.get("content")
        for index, start in enumerate(content if isinstance(content, list) else ()):
            if isinstance(start, dict):
                self.blocks[index] = _whole_block(start)
                self.output_characters += sum(map(len, self.blocks[index].pieces))
                self.has_content = True
        self.stopped = self.usage_final = document.get("type") == "message"

    def _head(self, message: object) -> None:
        if not isinstance(message, dict):
            return
        for name in ("model", "stop_reason"):
            if isinstance(message.get(name), str):
                setattr(self, name, message[name])
        if isinstance(message.get("id"), str):
            self.message_id = message["id"]
        self._usage.merge(message.get("usage"))

    def _start_block(self, document: dict[str, Any]) -> None:
        index, start = document.get("index"), document.get("content_block")
        if isinstance(index, int) and isinstance(start, dict):
            kind = start.get("type")
            block = self.blocks[index] = ContentBlock(kind if isinstance(kind, str) else "unknown", start)
            for name in ("text", "thinking"):
                if isinstance(start.get(name), str) and start[name]:
                    block.pieces.append(start[name])
                    self.output_characters += len(start[name])
                    self.has_content = True

    def _delta(self, document: dict[str, Any]) -> None:
        block, delta = self._block(document), document.get("delta")
        if block is None or not isinstance(delta, dict):
            return
        kind = delta.get("type")
        name = _DELTA_TEXT.get(kind) if isinstance(kind, str) else None
        if name is not None:
            piece = delta.get(name)
            if isinstance(piece, str):
                block.pieces.append(piece)
                self.output_characters += len(piece)
                self.has_content = True
        elif kind == "signature_delta" and isinstance(delta.get("signature"), str):
            block.signature += delta["signature"]
        elif kind == "citations_delta" and "citation" in delta:
            block.citations.append(delta["citation"])

    def _block(self, document: dict[str, Any]) -> ContentBlock | None:
        index = document.get("index")
        return self.blocks.get(index) if isinstance(index, int) else None


def _whole_block(start: dict[str, Any]) -> ContentBlock:
    kind = start.get("type")
    block = ContentBlock(kind if isinstance(kind, str) else "unknown", start, done=True)
    for name in ("text", "thinking"):
        if isinstance(start.get(name), str):
            block.pieces.append(start[name])
    if isinstance(start.get("input"), dict):
        block.pieces.append(msgspec.json.encode(start["input"]).decode())
    if isinstance(start.get("signature"), str):
        block.signature = start["signature"]
    if isinstance(start.get("citations"), list):
        block.citations = list(start["citations"])
    return block


class AnswerDecoder:
    """Decodes the (uncompressed) body of an answer as it arrives: a stream of events, or one JSON document.

    ``feed`` each chunk and ``finish`` once. ``fold`` is what is known at any time.
    """

    __slots__ = ("_document", "_sse", "_status", "fold")

    def __init__(self, status: int, content_type: str) -> None:
        self._status = status
        self._sse = SSEDecoder() if content_type.lower().startswith("text/event-stream") else None
        self._document: list[bytes] = []
        self.fold = MessageFold()

    @property
    def streamed(self) -> bool:
        """Whether the answer is an event stream."""
        return self._sse is not None

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next decoded bytes; return the events that they completed (none for a document)."""
        if self._sse is None:
            self._document.append(chunk)
            return []
        events = self._sse.feed(chunk)
        for event in events:
            self.fold.event(event)
        return events

    def finish(self) -> None:
        """The body has ended, by itself or not: fold a document that is not a stream."""
        if self._sse is not None:
            return
        body = b"".join(self._document)
        self._document = []
        if self._status >= 400:
            self.fold.error = error_from_body(self._status, body)
            return
        try:
            document = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        self.fold.document(document)
