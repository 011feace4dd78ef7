"""A stand-in for the Messages API, for the findings that run Claude Code: it gives one answer and keeps each request.

Usage: messages_standin.py DIRECTORY [--status N] [--content-type TYPE] [--usage JSON] [--document JSON]

Writes the port to DIRECTORY/port, and to DIRECTORY/requests one JSON object a line: path, headers (names in lower
case) and body of each POST.
"""

import argparse
import http.server
import json
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("directory", type=pathlib.Path)
parser.add_argument("--status", type=int, default=200)
parser.add_argument("--content-type", default="text/event-stream")
parser.add_argument("--usage", type=json.loads, default={"input_tokens": 1000, "output_tokens": 200})
parser.add_argument("--document", type=str.encode, help="answer with this body instead of a stream")
options = parser.parse_args()


def events(model: str) -> bytes:
    """Return a whole streamed answer that says "Hello"."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    stream = [
        {"type": "message_start", "message": {**message, "usage": options.usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": options.usage},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in stream).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    """Keeps and answers requests."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        """Answer the client's look whether anything is there."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        """Answer a Messages request."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kept = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
        with (options.directory / "requests").open("a") as requests:
            requests.write(json.dumps(kept) + "\n")
        answer, kind = events(body.get("model", "")), options.content_type
        if options.document is not None:
            answer, kind = options.document, "application/json"
        if options.status != 200:
            error = {"type": "error", "error": {"type": "api_error", "message": "as the finding asked"}}
            answer, kind = json.dumps(error).encode(), "application/json"
        self.send_response(options.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
(options.directory / "port").write_text(str(server.server_address[1]))
server.serve_forever()
