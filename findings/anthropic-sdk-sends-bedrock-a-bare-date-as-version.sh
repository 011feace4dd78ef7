#!/usr/bin/env bash
# The documentation of Claude on Bedrock and Vertex AI shows anthropic_version as bedrock-2023-05-31 and vertex-2023-10-16.
# The clients for both in anthropic 2.14.0 put the bare date 2026-10-21 there, and the client for the Messages API sends it
# as the header field anthropic-version, while Claude Code still sends 2023-06-01. What tells the protocols apart by the
# beginning of anthropic_version does not know these requests.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'anthropic[bedrock,vertex]==2.14.0'

"$work/venv/bin/python" - <<'PYTHON'
import http.server, json, threading
from anthropic import Anthropic, AnthropicBedrock, AnthropicVertex

seen = []

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen.append((body.get("anthropic_version"), self.headers.get("anthropic-version")))
        answer = json.dumps({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}"

clients = {
    "AnthropicBedrock": AnthropicBedrock(
        aws_access_key="AKIAEXAMPLE", aws_secret_key="example", aws_region="us-east-1", base_url=url
    ),
    "AnthropicVertex": AnthropicVertex(project_id="p", region="global", access_token="example", base_url=url),
    "Anthropic": Anthropic(api_key="example", base_url=url),
}
for name, client in clients.items():
    client.messages.create(model="claude-opus-5-5", max_tokens=9, messages=[{"role": "user", "content": "hello"}])
    body, header = seen[-1]
    print(f"{name}: anthropic_version {body} in the body, anthropic-version {header} in the header")
assert [body or header for body, header in seen] == ["2026-10-21"] * 3
assert seen[0][0] == seen[1][0] == seen[2][1]
PYTHON
