#!/usr/bin/env bash
# The key file of a Google service account names where its tokens come from (token_uri). Google's libraries for Python and
# Go ask there. Claude Code 2.1.197 and 2.1.332 on Vertex AI do not: they ask oauth2.googleapis.com, whatever the file says,
# also through HTTPS_PROXY. So who stands between Claude Code and Vertex AI with the client's own credentials has to let
# oauth2.googleapis.com through as well, and a stand-in for the token endpoint is never asked.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

cat >"$work/proxy.py" <<'PYTHON'
import http.server, json, pathlib, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def note(self):
        with (pathlib.Path(sys.argv[1]) / "asked").open("a") as file:
            file.write(f"{self.command} {self.path}\n")
        self.send_error(502)
    do_CONNECT = do_GET = do_POST = note
    def log_message(self, *_): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
(pathlib.Path(sys.argv[1]) / "proxy").write_text(str(server.server_port))
server.serve_forever()
PYTHON
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/key.pem" 2>/dev/null

for version in 2.1.197 2.1.332; do
  install "$version"
  folder="$work/vertex-$version"
  mkdir -p "$folder/home" "$folder/cwd"
  python3 "$work/proxy.py" "$folder" 2>/dev/null &
  proxy=$!
  until [ -s "$folder/proxy" ]; do :; done
  url="http://127.0.0.1:$(cat "$folder/proxy")"
  python3 - "$work/key.pem" "$url" >"$folder/account.json" <<'PYTHON'
import json, pathlib, sys
print(json.dumps({"type": "service_account", "project_id": "p", "private_key_id": "1", "client_id": "1",
                  "client_email": "a@p.iam.gserviceaccount.com", "token_uri": f"{sys.argv[2]}/token",
                  "private_key": pathlib.Path(sys.argv[1]).read_text()}))
PYTHON
  (cd "$folder/cwd" && timeout 120 env -i PATH="$PATH" HOME="$folder/home" TERM=xterm-256color CLAUDE_CODE_USE_VERTEX=1 \
    CLOUD_ML_REGION=global ANTHROPIC_VERTEX_PROJECT_ID=p GOOGLE_APPLICATION_CREDENTIALS="$folder/account.json" \
    HTTPS_PROXY="$url" NO_PROXY=127.0.0.1 CLAUDE_CODE_MAX_RETRIES=0 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 \
    "$work/$version/node_modules/.bin/claude" -p hello --model claude-opus-4-8 </dev/null >"$folder/printed" 2>&1 || true)
  kill "$proxy"
  echo "$version asked for: $(sort "$folder/asked" | uniq -c | tr -s ' ' | tr '\n' ';')"
  grep -q '^CONNECT oauth2.googleapis.com:443$' "$folder/asked"
  ! grep -q '/token$' "$folder/asked"
done
