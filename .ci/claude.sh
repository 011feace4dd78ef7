# Claude Code, in the versions that the tests are run with. Sourced by the scripts of this directory.

# npm picks the newest version that names the Node which is there; the program is native and does not need it.
claude_newest=2.1.332
claude_oldest=2.1.197

# Print the path of one version, installed where it is missing.
claude_installed() {
  local prefix="$tools/claude-$1"
  [ -x "$prefix/node_modules/.bin/claude" ] ||
    npm install --prefix "$prefix" --no-audit --no-fund --no-save --silent "@anthropic-ai/claude-code@$1" >&2
  printf '%s\n' "$prefix/node_modules/.bin/claude"
}
