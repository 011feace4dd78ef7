"""Frames of ``application/vnd.amazon.eventstream`` as Bedrock sends them, and broken ones."""

import base64
import json
import struct
import uuid
from binascii import crc32
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

EVENT_STREAM = "application/vnd.amazon.eventstream"

METRICS = {"inputTokenCount": 12, "outputTokenCount": 15, "invocationLatency": 1403, "firstByteLatency": 402}
"""As Bedrock adds them to ``message_stop``."""


class Typed:
    """A header value with its wire type, where Python's types don't tell it: 2 byte, 3 short, 4 integer, 5 long."""

    def __init__(self, kind: int, value: int) -> None:
        self.kind, self.value = kind, value


Value = bool | int | bytes | str | datetime | uuid.UUID | Typed


def frame(headers: Mapping[str, Value], payload: bytes = b"") -> bytes:
    """One frame."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    lengths = struct.pack("!II", 12 + len(head) + len(payload) + 4, len(head))
    body = lengths + struct.pack("!I", crc32(lengths)) + head + payload
    return body + struct.pack("!I", crc32(body))


def _header(name: str, value: Value) -> bytes:
    return struct.pack("!B", len(name.encode())) + name.encode() + _value(value)


def _value(value: Value) -> bytes:
    match value:
        case bool():
            return b"\x00" if value else b"\x01"
        case Typed():
            return struct.pack("!B" + {2: "b", 3: "h", 4: "i", 5: "q"}[value.kind], value.kind, value.value)
        case int():
            return struct.pack("!Bq", 5, value)
        case bytes():
            return struct.pack("!BH", 6, len(value)) + value
        case str():
            return struct.pack("!BH", 7, len(value.encode())) + value.encode()
        case datetime():
            return struct.pack("!Bq", 8, round(value.timestamp() * 1000))
        case uuid.UUID():
            return b"\x09" + value.bytes


def chunk(event: Mapping[str, Any] | bytes, padding: str = "abcdefghijkl") -> bytes:
    """The frame of one Messages event, or of its JSON as it is."""
    data = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    payload = json.dumps({"bytes": base64.b64encode(data).decode(), "p": padding}, separators=(",", ":"))
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, payload.encode())


def exception(kind: str, words: str) -> bytes:
    """An exception frame such as ``exception("throttlingException", "Too many tokens, …")``."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": words}).encode())


def error(code: str, words: str) -> bytes:
    """An error that the service has no shape for: in the headers only."""
    return frame({":message-type": "error", ":error-code": code, ":error-message": words})


def chunks(events: Iterable[Mapping[str, Any]], *, metrics: Mapping[str, Any] | None = METRICS) -> list[bytes]:
    """The frames of a message: no ``ping``, and Bedrock's measurements in ``message_stop``."""
    frames = []
    for event in events:
        if event.get("type") == "ping":
            continue
        if event.get("type") == "message_stop" and metrics is not None:
            event = {**event, "amazon-bedrock-invocationMetrics": metrics}
        frames.append(chunk(event))
    return frames


def corrupted(data: bytes, at: int = -1) -> bytes:
    """The same bytes with one bit of one byte turned over."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
