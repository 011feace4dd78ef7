#!/usr/bin/env bash
# The OTLP exporter over HTTP (opentelemetry-exporter-otlp-proto-http 1.45.2) neither follows a redirect nor reports it: a
# collector that answers 302, as a login page or an http:// address of an https:// service does, gets no span, and export()
# returns SUCCESS. A batch that the collector rejects in full (partial_success in the answer) is SUCCESS, too.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2
"$work/venv/bin/python" - <<'PYTHON'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

rejects = ExportTraceServiceResponse()
rejects.partial_success.rejected_spans = 1
asked = []

class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        asked.append(self.path)
        body = rejects.SerializeToString() if self.path == "/partial" else b""
        self.send_response(200 if body else 302)
        self.send_header("Location", "/login")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
span = TracerProvider().get_tracer("x").start_span("x")
span.end()
for path in ("/redirect", "/partial"):
    result = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{server.server_port}{path}").export([span])
    print(path, result.name, asked)
    assert result is SpanExportResult.SUCCESS
assert asked == ["/redirect", "/partial"]  # The redirect was not followed.
PYTHON
