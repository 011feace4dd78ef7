#!/usr/bin/env bash
# OAuth advises public clients' servers to replace a refresh token with each use, and to end everything if an old one comes
# (RFC 9700, section 4.14.2). Claude Code 2.1.332, signed in to a gateway, keeps the tokens in one file for all of its
# processes, but a process refreshes with the token that it has in memory, although another one has replaced it in the file.
# It drops what it gets for that, and goes on with the tokens of the file. So two windows of one honest person look like a
# thief: a gateway that ends the session signs the person out, and one that only refuses the old token does, too, once the
# token in the file has expired ("Cloud gateway session expired — run /login").
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"
install 2.1.332

python3 - "$work" "$work/2.1.332/node_modules/.bin/claude" <<'PYTHON'
import http.server, json, os, pathlib, subprocess, sys, threading, time
from urllib.parse import parse_qs

work, client = pathlib.Path(sys.argv[1]), sys.argv[2]
log = []

class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/oauth/token":
            given = parse_qs(body.decode())["refresh_token"][0]
            number = 1 + sum(what == "refresh" for what, _ in log)
            log.append(("refresh", given))
            # Less than the five minutes before its end in which the client refreshes.
            return self.answer({"access_token": f"A{number}", "refresh_token": f"R{number}", "token_type": "Bearer", "expires_in": 200})
        if self.path.startswith("/v1/messages") and json.loads(body).get("tools"):
            log.append(("ask", self.headers["Authorization"].removeprefix("Bearer ")))
        events = [
            {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-7",
             "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ok"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ]
        text = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
        self.sent(200, "text/event-stream", text.encode())

    def do_GET(self):
        if self.path.startswith("/.well-known/"):
            return self.answer({"issuer": url, "token_endpoint": f"{url}/oauth/token", "device_authorization_endpoint": f"{url}/d"})
        self.sent(404, "application/json", b"{}")

    def answer(self, document):
        self.sent(200, "application/json", json.dumps(document).encode())

    def sent(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}"

home = work / "home"
(home / ".claude").mkdir(parents=True)
(home / ".claude/settings.json").write_text(json.dumps({"forceLoginMethod": "gateway", "forceLoginGatewayUrl": url}))
tokens = home / ".claude/.credentials.json"
tokens.write_text(json.dumps({
    "gatewayTrust": {"127.0.0.1": "http-loopback"},
    "enterpriseGateway": {"url": url, "jwt": "A0", "idpRefreshToken": "R0", "expiresAt": int((time.time() + 200) * 1000),
                          "tokenEndpoint": f"{url}/oauth/token", "vouchedAtLogin": False},
}))
environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}

# The first window.
first = subprocess.Popen(
    [client, "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"],
    env=environment, cwd=work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
)

def say(words):
    first.stdin.write(json.dumps({"type": "user", "message": {"role": "user", "content": words}}) + "\n")
    first.stdin.flush()
    for line in first.stdout:
        if json.loads(line)["type"] == "result":
            return

def in_file():
    return json.loads(tokens.read_text())["enterpriseGateway"]["idpRefreshToken"]

say("one")
had = in_file()
# The second one.
subprocess.run([client, "-p", "hello"], env=environment, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
replaced = in_file()
count = len(log)
say("two")
first.stdin.close()
first.wait()
print("all:", log)
print(f"the first window had {had}, the second one left {replaced} in the file; then the first one sent: {log[count:]}")
assert had != replaced
assert ("refresh", had) in log[count:]
assert log[-1] == ("ask", replaced.replace("R", "A"))
PYTHON
