"""Reads requests of OTLP over HTTP, as JSON or protocol buffers, into one form: that of the JSON.

Source: https://opentelemetry.io/docs/specs/otlp/
"""

import base64
import binascii
import zlib
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Final

import msgspec

JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"
MOST_BYTES: Final = 16 * 2**20
"""The largest body that is read, also after decompression."""
_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId"})
_PARTS: Final = {"traces": "resourceSpans", "metrics": "resourceMetrics", "logs": "resourceLogs"}

Document = dict[str, Any]


class BadPayload(ValueError):
    """A body can't be read; ``str()`` says why."""


class NoProtobuf(Exception):
    """The package that reads protocol buffers is not installed."""


def can_read(content_type: str) -> bool:
    """Return whether bodies of this type can be read: protocol buffers need a package."""
    if content_type == JSON:
        return True
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.proto") is not None


def decompressed(body: bytes, encoding: str) -> bytes:
    """Return a body without its content encoding. Raises BadPayload."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise BadPayload(f"content-encoding {encoding[:20]} is not read, only gzip")
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        whole = decoder.decompress(body, MOST_BYTES)
    except zlib.error:
        raise BadPayload("the body is not gzip") from None
    if decoder.unconsumed_tail:
        raise BadPayload("the body is too large")
    return whole


def read(signal: str, content_type: str, body: bytes) -> Document:
    """Return the document of a body. Raises BadPayload, or NoProtobuf."""
    if content_type == JSON:
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadPayload("the body is not JSON") from None
    message = _message(signal)
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError

    try:
        message.ParseFromString(body)
    except DecodeError:
        raise BadPayload(f"the body is not an OTLP request for {signal}") from None
    document: Document = MessageToDict(message)
    found: Document = _with_ids(document, _to_hex)
    return found


def as_protobuf(signal: str, document: Document) -> bytes:
    """Return a document of JSON as protocol buffers. Raises BadPayload, or NoProtobuf."""
    message = _message(signal)
    from google.protobuf.json_format import ParseDict, ParseError

    try:
        ParseDict(_with_ids(document, _to_base64), message, ignore_unknown_fields=True)
    except ParseError:
        raise BadPayload(f"the body is not an OTLP request for {signal}") from None
    data: bytes = message.SerializeToString()
    return data


def records(signal: str, document: Document) -> Iterator[Mapping[str, Any]]:
    """Yield the spans or log records of a document."""
    scopes, items = ("scopeSpans", "spans") if signal == "traces" else ("scopeLogs", "logRecords")
    for part in _listed(document, _PARTS[signal]):
        for scope in _listed(part, scopes):
            yield from _listed(scope, items)


def attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a span or log record that have one value."""
    found: dict[str, Any] = {}
    for each in _listed(record, "attributes"):
        key, value = each.get("key"), each.get("value")
        if isinstance(key, str) and isinstance(value, Mapping):
            for kind in ("stringValue", "intValue", "doubleValue", "boolValue"):
                if kind in value:
                    found[key] = value[kind]
    return found


def _listed(of: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    value = of.get(name)
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping):
            yield each


def _message(signal: str) -> Any:
    if not can_read(PROTOBUF):
        raise NoProtobuf
    match signal:
        case "traces":
            from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

            return ExportTraceServiceRequest()
        case "metrics":
            from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

            return ExportMetricsServiceRequest()
        case _:
            from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

            return ExportLogsServiceRequest()


def _with_ids(value: Any, change: Callable[[str], str]) -> Any:
    """Return a document with its ids in another form: OTLP's JSON has them as hexadecimal digits, that of protocol
    buffers in base64."""
    if isinstance(value, dict):
        return {
            name: change(each) if name in _IDS and isinstance(each, str) else _with_ids(each, change)
            for name, each in value.items()
        }
    return [_with_ids(each, change) for each in value] if isinstance(value, list) else value


def _to_hex(text: str) -> str:
    return base64.b64decode(text).hex()


def _to_base64(text: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(text)).decode()
    except (ValueError, binascii.Error):
        raise BadPayload("an id is not hexadecimal") from None
