#!/usr/bin/env bash
# Claude Code 2.1.332 answers one HTTP 400 with five more requests, each another form of the same turn: without a beta,
# without `thinking.display`, without tool search, whose tools then come whole. So a gateway that answers 400 to stop a
# request gets it five more times, and of very different sizes. 2.1.197 gives up after the one.
# A good guess is that 400 ends a request, as it does in Anthropic's SDKs.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

for version in 2.1.197 2.1.332; do
  install "$version"
  run "$version" "on-$version" --status 400
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def turns(version):
    lines = (pathlib.Path(sys.argv[1]) / f"on-{version}" / "requests").read_text().splitlines()
    requests = [json.loads(line) for line in lines]
    return [each for each in requests if each["body"].get("tools")]

old, new = turns("2.1.197"), turns("2.1.332")
for request in new:
    size, tools = len(json.dumps(request["body"])), len(request["body"]["tools"])
    betas = len(request["headers"]["anthropic-beta"].split(","))
    print(f"2.1.332: {tools} tools, {betas} betas, {size} bytes")
print(f"requests of the turn after a 400: 2.1.197 sent {len(old)}, 2.1.332 sent {len(new)}")
assert len(old) == 1 and len(new) == 6
assert len({len(each["body"]["tools"]) for each in new}) > 1
PYTHON
