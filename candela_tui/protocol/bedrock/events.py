"""Bedrock's frames as the events of the Messages API.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html. A frame
of the type ``chunk`` holds one event's JSON, which passes unchanged, except for Amazon's measurements at the end.
"""

from typing import Any

import msgspec

from candela_tui.protocol.bedrock.errors import error_type_in_stream
from candela_tui.protocol.bedrock.event_stream import CorruptFrame, Frame, FrameDecoder, encoded_frame
from candela_tui.protocol.errors import ApiError, about_length, and_then, error_document, error_from_wire, quoted
from candela_tui.protocol.json_splice import NotSpliceable, Splice
from candela_tui.protocol.raw_json import decode_json, without_lone_surrogates
from candela_tui.protocol.sse import ServerSentEvent

_METRICS = "amazon-bedrock-invocationMetrics"


class _Chunk(msgspec.Struct):
    event: bytes = msgspec.field(name="bytes", default=b"")


class _Event(msgspec.Struct):
    type: str = ""


# These decode only the fields that they name, and the base64 in them.
_CHUNK = msgspec.json.Decoder(_Chunk)
_EVENT = msgspec.json.Decoder(_Event)


def event_frame(data: bytes) -> bytes:
    """Return the frame of one event's JSON."""
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    return encoded_frame(headers, msgspec.json.encode(_Chunk(data)))


class BedrockEventDecoder:
    """An incremental decoder for the body of a streamed answer, which never raises.

    The events do not depend on how the stream is split into chunks. An exception frame, or anything that is not a
    frame, becomes a final ``error`` event.
    """

    __slots__ = ("_frames", "_request_id", "metrics", "over")

    def __init__(self, request_id: str | None = None) -> None:
        self._frames = FrameDecoder()
        self._request_id = request_id
        self.over = False
        """Whether an error has ended the stream."""
        self.metrics: tuple[tuple[str, str], ...] = ()
        """Amazon's measurements: ``invocationLatency``, ``firstByteLatency`` (in ms), token counts."""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next bytes, and return the events that they complete, in order."""
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
        """Return the event of a frame, or None if the frame has none."""
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
    """Read the error of an exception frame: ``{"message"}``, or only headers."""
    document = decode_json(frame.payload)
    kind = error_type_in_stream(name, document)
    error = error_from_wire(document, kind)
    words = error.message if error else frame.text(":error-message") or quoted(frame.payload)
    return ApiError(kind, and_then(words or f"{name or 'an exception'} without a message", about_length(words)))


def _type_of(data: bytes) -> str:
    try:
        return _EVENT.decode(data).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A lone surrogate, which JavaScript accepts, or not an event at all.
        repaired = without_lone_surrogates(data)
        return _type_of(repaired) if repaired is not None else ""


def _without_metrics(data: bytes) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """Return the event without Amazon's member, every other byte unchanged, and the values of that member."""
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
