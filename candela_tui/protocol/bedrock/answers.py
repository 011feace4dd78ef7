"""Bedrock's answers, translated for a client of the Messages API."""

from candela_tui.protocol.bedrock.event_stream import EVENT_STREAM
from candela_tui.protocol.bedrock.events import BedrockEventDecoder
from candela_tui.protocol.bedrock.headers import with_request_id, without_body_fields
from candela_tui.protocol.headers import HeaderList, header, request_id
from candela_tui.protocol.sse import encoded

_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_MEASURED = "x-amzn-bedrock-"


class InvokeStream:
    """Translates the frames of ``/invoke-with-response-stream`` into the events that Anthropic would send.

    Each event comes out with the chunk that completes it. ``ping`` is empty before ``message_start`` and after
    ``message_stop``.
    """

    __slots__ = ("_events", "headers", "over", "ping")

    def __init__(self, headers: HeaderList) -> None:
        self._events = BedrockEventDecoder(request_id(headers))
        self.headers: HeaderList = [
            ("content-type", "text/event-stream; charset=utf-8"),
            ("cache-control", "no-cache"),
            *with_request_id(without_body_fields(headers)),
        ]
        self.ping = b""
        self.over = False

    @property
    def metrics(self) -> tuple[tuple[str, str], ...]:
        """Amazon's measurements, removed from ``message_stop``."""
        return self._events.metrics

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of frames, and return the events that they complete."""
        events = self._events.feed(chunk)
        for event in events:
            if event.name == "message_start":
                self.ping = _PING
            elif event.name in ("message_stop", "error"):
                self.ping = b""
        self.over = self._events.over
        return b"".join(map(encoded, events))

    def finish(self) -> bytes:
        """Return nothing: a stream that ended early ends early for the client, too."""
        return b""


class InvokeDocument:
    """Passes the JSON of ``/invoke``, which is Anthropic's, with the request id under Anthropic's name."""

    __slots__ = ("headers", "metrics", "over", "ping")

    def __init__(self, headers: HeaderList) -> None:
        kind = header(headers, "content-type") or "application/json"
        self.headers: HeaderList = [("content-type", kind), *with_request_id(without_body_fields(headers))]
        self.metrics = tuple(
            (name.lower().removeprefix(_MEASURED), value)
            for name, value in headers
            if name.lower().startswith(_MEASURED) and name.lower().endswith(("-count", "-latency"))
        )
        self.ping = b""
        self.over = False

    def feed(self, chunk: bytes) -> bytes:
        """Return the bytes unchanged."""
        return chunk

    def finish(self) -> bytes:
        """Return nothing: no bytes are held back."""
        return b""


def invoke_answer(status: int, headers: HeaderList) -> InvokeStream | InvokeDocument:
    """Return the translation for an answer with these header fields, streamed or not."""
    kind = header(headers, "content-type") or ""
    return InvokeStream(headers) if kind.lower().startswith(EVENT_STREAM) else InvokeDocument(headers)
