#!/usr/bin/env bash
# An old Claude Code prices a model that came after it at a default, and its total does not say so: 2.1.197 counts
# claude-haiku-5-5 (0.1 and 0.5 USD per million tokens) at 5 and 25, fifty times too much; 2.1.332 knows its price.
# A good guess is that a client without a price shows none.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

for version in 2.1.197 2.1.332; do
  install "$version"
  run_with ANTHROPIC_MODEL=claude-haiku-5-5 -- "$version" "on-$version" --usage '{"input_tokens": 10000, "output_tokens": 1000}'
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def usage(version):
    printed = json.loads((pathlib.Path(sys.argv[1]) / f"on-{version}" / "printed").read_text())
    found = printed["modelUsage"]["claude-haiku-5-5"]
    print(f"{version}: {found['inputTokens']} in, {found['outputTokens']} out, costUSD {found['costUSD']}")
    return found["costUSD"]

assert abs(usage("2.1.197") - 0.075) < 1e-9
assert abs(usage("2.1.332") - 0.0015) < 1e-9
PYTHON
