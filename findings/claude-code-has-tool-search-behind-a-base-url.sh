#!/usr/bin/env bash
# Behind ANTHROPIC_BASE_URL Claude Code up to 2.1.303 sent the schema of every tool with each request, unless
# ENABLE_TOOL_SEARCH=true said that the other end knows tool references. Since 2.1.304 it sends the short list there too.
# `auto`, which sounds like the default, turns it off: with it the whole list is back.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

for version in 2.1.303 2.1.304; do
  install "$version"
  run "$version" "unset-$version"
done
run_with ENABLE_TOOL_SEARCH=auto -- 2.1.304 auto-2.1.304

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def tools(name):
    lines = (pathlib.Path(sys.argv[1]) / name / "requests").read_text().splitlines()
    count = max(len(each["body"].get("tools", [])) for each in map(json.loads, lines))
    print(f"{name}: {count} tools")
    return count

assert tools("unset-2.1.303") > tools("unset-2.1.304") < tools("auto-2.1.304")
PYTHON
