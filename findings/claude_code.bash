# Sourced by the findings about Claude Code: installs a version, and runs it once against a stand-in.
#
# install VERSION              npm package @anthropic-ai/claude-code of this version, in $work/VERSION
# run VERSION NAME [OPTIONS]   `claude -p hello` against a stand-in with these OPTIONS; leaves $work/NAME/requests (what
#                              the stand-in got) and $work/NAME/printed (the client's JSON)
# run_with VAR=VALUE … ARGUMENT … -- VERSION NAME [OPTIONS]   the same with more in the client's environment and more
#                              arguments; @URL@ in a VALUE is the address of the stand-in
#
# A second run with the same NAME has the same home and directory, and its requests come after those of the first.

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

install() {
  mkdir -p "$work/$1"
  npm install --prefix "$work/$1" --no-audit --no-fund --no-save --silent "@anthropic-ai/claude-code@$1"
}

run_with() {
  local -a environment=() arguments=()
  while [ "$1" != -- ]; do
    if [[ $1 =~ ^[A-Z_0-9]+= ]]; then environment+=("$1"); else arguments+=("$1"); fi
    shift
  done
  shift
  local version=$1 name=$2; shift 2
  mkdir -p "$work/$name/home" "$work/$name/cwd"
  rm -f "$work/$name/port"
  python3 "$here/messages_standin.py" "$work/$name" "$@" &
  local standin=$!
  until [ -s "$work/$name/port" ]; do :; done
  touch "$work/$name/requests"
  local url="http://127.0.0.1:$(cat "$work/$name/port")"
  (cd "$work/$name/cwd" && env -i PATH="$PATH" HOME="$work/$name/home" TERM=xterm-256color \
    ANTHROPIC_BASE_URL="$url" ANTHROPIC_API_KEY=sk-ant-test-000 \
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_MAX_RETRIES=2 "${environment[@]//@URL@/$url}" \
    "$work/$version/node_modules/.bin/claude" -p hello --output-format json "${arguments[@]}" \
    </dev/null >"$work/$name/printed" || true)
  kill "$standin"
  wait "$standin" 2>/dev/null || true
}

run() { run_with -- "$@"; }
