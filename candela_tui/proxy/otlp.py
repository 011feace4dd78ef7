"""Receives the telemetry of clients, as OTLP over HTTP. Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp"""

from typing import Final

from aiohttp import web

from candela_tui.api_root import OTLP_ROOT
from candela_tui.client_telemetry.intake import SIGNALS, ClientTelemetry, Payload
from candela_tui.client_telemetry.payload import JSON, MOST_BYTES, PROTOBUF, can_read
from candela_tui.installation import install_command
from candela_tui.proxy.client_answer import error_response
from candela_tui.proxy.request_body import BodyTooLarge, read_body

_RETRY_AFTER_S: Final = "5"
_PACKAGE: Final = "opentelemetry-proto"


def takes(target: str) -> bool:
    """Return whether a request target is for telemetry."""
    return target.startswith(f"{OTLP_ROOT}/")


async def receive(request: web.BaseRequest, target: str, telemetry: ClientTelemetry) -> web.Response:
    """Queue what a client sends. It needs no token: it can only be written, by those who may use the port."""
    signal = target.partition("?")[0].removeprefix(f"{OTLP_ROOT}/v1/")
    if signal not in SIGNALS:
        return error_response(404, f"telemetry is sent to {OTLP_ROOT}/v1/{{{','.join(SIGNALS)}}}")
    if request.method != "POST":
        return error_response(405, "telemetry is sent with POST")
    kind = request.content_type
    if kind not in (JSON, PROTOBUF):
        return error_response(415, f"telemetry is {JSON} or {PROTOBUF}")
    if not can_read(kind):
        command = install_command(_PACKAGE, "otlp")
        return error_response(415, f"candela needs the Python package {_PACKAGE} to read {PROTOBUF}: {command}")
    try:
        body = await read_body(request, MOST_BYTES)
    except BodyTooLarge:
        return error_response(413, f"one request of telemetry has at most {MOST_BYTES:,} bytes")
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if not telemetry.take(Payload(signal, kind, encoding, body)):
        response = error_response(503, "too much telemetry waits to be read")
        response.headers["Retry-After"] = _RETRY_AFTER_S
        return response
    return web.Response(body=b"{}" if kind == JSON else b"", content_type=kind)
