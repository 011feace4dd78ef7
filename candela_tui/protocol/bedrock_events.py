"""Bedrock's frames as the events of the Messages API.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html. A frame
of the type ``chunk`` holds one event's JSON, which goes on as it is; Amazon's measurements at its end are cut out.
"""

from typing import Any

import msgspec

from candela_tui.protocol.aws_errors import error_type_in_stream
from candela_tui.protocol.errors import ApiError, about_length, and_then, error_document, error_from_wire, quoted
from candela_tui.protocol.event_stream import CorruptFrame, Frame, FrameDecoder
from candela_tui.protocol.raw_json import decode_json, without_lone_surrogates
from candela_tui.protocol.splice import NotSpliceable, Splice
from candela_tui.protocol.sse import ServerSentEvent

_METRICS = "amazon-bedrock-invocationMetrics"


class _Chunk(msgspec.Struct):
    event: bytes = msgspec.field(name="bytes", default=b"")


class _Event(msgspec.Struct):
    type: str = ""


# Only what is asked for is decoded; base64 is undone on the way.
_CHUNK = msgspec.json.Decoder(_Chunk)
_EVENT = msgspec.json.Decoder(_Event)


class BedrockEventDecoder:
    """Decodes the body of a streamed answer as it arrives. Any chunking gives the same events; nothing raises.

    An exception frame, and what is no frame, becomes an ``error`` event, and nothing comes after it.
    """

    __slots__ = ("_frames", "_request_id", "metrics", "over")

    def __init__(self, request_id: str | None = None) -> None:
        self._frames = FrameDecoder()
        self._request_id = request_id
        self.over = False
        """An error came: the stream is at its end."""
        self.metrics: tuple[tuple[str, str], ...] = ()
        """What Amazon measured: ``invocationLatency``, ``firstByteLatency`` (in ms), token counts."""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next bytes; return the events that they complete, in order."""
        if self.over:
            return []
        corrupt = ""
        try:
            frames = self._frames.feed(chunk)
        except CorruptFrame as error:
            frames, corrupt = error.frames, str(error)
        events = []
        for frame in frames:
            event = self._event(frame)
            if event is not None:
                events.append(event)
            if self.over:
                return events
        if corrupt:
            events.append(self._error(ApiError("api_error", _broken(corrupt))))
        return events

    def _event(self, frame: Frame) -> ServerSentEvent | None:
        """None: the frame says nothing of the message."""
        kind = frame.text(":message-type")
        if kind in ("exception", "error"):
            return self._error(_error_in(frame, frame.text(":exception-type") or frame.text(":error-code")))
        if frame.text(":event-type") != "chunk":
            return None
        try:
            data = _CHUNK.decode(frame.payload).event
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._error(ApiError("api_error", _broken(f"a chunk can't be read: {error}")))
        if not data:
            return None
        name = _type_of(data)
        if name == "message_stop":
            data, self.metrics = _without_metrics(data)
        return ServerSentEvent(name, data)

    def _error(self, error: ApiError) -> ServerSentEvent:
        self.over = True
        return ServerSentEvent("error", error_document(error, self._request_id))


def _broken(why: str) -> str:
    return f"Bedrock's event stream is corrupt: {why}. What came before is all that can be read of the answer."


def _error_in(frame: Frame, name: str) -> ApiError:
    """``{"message"}``, or headers only."""
    kind = error_type_in_stream(name)
    error = error_from_wire(decode_json(frame.payload), kind)
    words = error.message if error else frame.text(":error-message") or quoted(frame.payload)
    return ApiError(kind, and_then(words or f"{name or 'an exception'} without a message", about_length(words)))


def _type_of(data: bytes) -> str:
    try:
        return _EVENT.decode(data).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Half a surrogate pair, which JavaScript takes, or no event at all.
        mended = without_lone_surrogates(data)
        return _type_of(mended) if mended is not None else ""


def _without_metrics(data: bytes) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """The event without Amazon's member and the comma that goes with it, every other byte as it is; what was in it."""
    try:
        event = Splice(data)
    except NotSpliceable:
        return data, ()
    for number, member in enumerate(event.inside(event.root)):
        if member.name == _METRICS:
            event.remove(event.root, number)
            return event.rendered(), _pairs(decode_json(event.raw(member)))
    return data, ()


def _pairs(metrics: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(metrics, dict):
        return ()
    return tuple(
        (name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
        for name, value in metrics.items()
    )
