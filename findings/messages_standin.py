"""A stand-in for the Messages API, for the findings that run Claude Code: it answers and keeps each request.

Usage: messages_standin.py DIRECTORY [--status N] [--content-type TYPE] [--usage JSON] [--document JSON]
    [--turns JSON] [--agent-turns JSON]

Writes the port to DIRECTORY/port, and to DIRECTORY/requests one JSON object a line: path, headers (names in lower
case) and body of each POST.
"""

import argparse
import http.server
import json
import pathlib
from typing import Any

parser = argparse.ArgumentParser()
parser.add_argument("directory", type=pathlib.Path)
parser.add_argument("--status", type=int, default=200)
parser.add_argument("--content-type", default="text/event-stream")
parser.add_argument("--usage", type=json.loads, default={"input_tokens": 1000, "output_tokens": 200})
parser.add_argument("--document", type=str.encode, help="answer with this body instead of a stream")
parser.add_argument(
    "--turns",
    type=json.loads,
    default=[],
    help="the first answers to requests with tools, each a list of content blocks, with stop_reason tool_use",
)
parser.add_argument("--agent-turns", type=json.loads, default=[], help="the same for requests of agents")
options = parser.parse_args()

HELLO = [{"type": "text", "text": "Hello"}]


def events(body: dict[str, Any], turns: list[list[dict[str, Any]]]) -> bytes:
    """Return a whole streamed answer: the next of the turns, or one that says "Hello"."""
    blocks, stop_reason = HELLO, "end_turn"
    if turns and body.get("tools"):
        blocks, stop_reason = turns.pop(0), "tool_use"
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model", ""), "content": []}
    stream = [{"type": "message_start", "message": {**message, "usage": options.usage}}]
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            start, delta = {"text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            start, delta = {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        stream += [
            {"type": "content_block_start", "index": index, "content_block": {**block, **start}},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    stream += [
        {"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": options.usage},
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
        turns = options.agent_turns if "x-claude-code-agent-id" in kept["headers"] else options.turns
        answer, kind = events(body, turns), options.content_type
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
