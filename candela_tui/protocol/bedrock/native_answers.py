"""Answers of the Messages API, translated for a client of Bedrock's invoke API."""

import msgspec

from candela_tui.protocol.bedrock.event_stream import EVENT_STREAM, encoded_frame
from candela_tui.protocol.bedrock.events import event_frame
from candela_tui.protocol.errors import ApiError, error_from_wire
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder

_OF_THE_BODY = frozenset({"content-type", "content-length", "content-encoding", "cache-control"})


class InvokeFrames:
    """Translates the events of a stream into the frames that Bedrock would send. Bedrock sends no pings."""

    ping = b""
    over = False
    metrics: tuple[tuple[str, str], ...] = ()

    def __init__(self, headers: HeaderList) -> None:
        self.headers: HeaderList = [
            ("Content-Type", EVENT_STREAM),
            ("X-Amzn-Bedrock-Content-Type", "application/json"),
            *(field for field in headers if field[0].lower() not in _OF_THE_BODY),
        ]
        self._events = SSEDecoder()

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of events, and return the frames of those that they complete."""
        return b"".join(map(_frame, self._events.feed(chunk)))

    def finish(self) -> bytes:
        """Return nothing: a stream that ended early ends early for the client, too."""
        return b""


def _frame(event: ServerSentEvent) -> bytes:
    if event.name == "ping":
        return b""
    if event.name != "error":
        return event_frame(event.data)
    error = error_from_wire(decode_json(event.data)) or ApiError("api_error", "an error event without a message")
    kind = "throttlingException" if error.type == "rate_limit_error" else "modelStreamErrorException"
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return encoded_frame(headers, msgspec.json.encode({"message": error.message}))
