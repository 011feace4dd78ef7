# Sourced by the findings about Claude Code: installs a version, and runs it once against a stand-in.
#
# install VERSION              npm package @anthropic-ai/claude-code of this version, in $work/VERSION
# run VERSION NAME [OPTIONS]   `claude -p hello` against a stand-in with these OPTIONS; leaves $work/NAME/requests (what
#                              the stand-in got) and $work/NAME/printed (the client's JSON)
# run_with VAR=VALUE … -- VERSION NAME [OPTIONS]   the same with more in the client's environment; @URL@ in a VALUE is
#                              the address of the stand-in

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

install() {
  mkdir -p "$work/$1"
  npm install --prefix "$work/$1" --no-audit --no-fund --no-save --silent "@anthropic-ai/claude-code@$1"
}

run_with() {
  local -a environment=()
  while [ "$1" != -- ]; do environment+=("$1"); shift; done
  shift
  local version=$1 name=$2; shift 2
  mkdir -p "$work/$name/home" "$work/$name/cwd"
  python3 "$here/messages_standin.py" "$work/$name" "$@" &
  local standin=$!
  until [ -s "$work/$name/port" ]; do :; done
  touch "$work/$name/requests"
  local url="http://127.0.0.1:$(cat "$work/$name/port")"
  (cd "$work/$name/cwd" && env -i PATH="$PATH" HOME="$work/$name/home" TERM=xterm-256color \
    ANTHROPIC_BASE_URL="$url" ANTHROPIC_API_KEY=sk-ant-test-000 \
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_MAX_RETRIES=2 "${environment[@]//@URL@/$url}" \
    "$work/$version/node_modules/.bin/claude" -p hello --output-format json </dev/null >"$work/$name/printed" || true)
  kill "$standin"
  wait "$standin" 2>/dev/null || true
}

run() { run_with -- "$@"; }
