#!/usr/bin/env bash
# The context window that Claude Code works with is not the model's, and changes with the client: `modelUsage` says
# 200,000 for claude-sonnet-4-6, which takes 1,000,000, and for claude-opus-4-8 200,000 in 2.1.197 and 1,000,000 in
# 2.1.332. So a gauge that goes by the provider's window shows a fifth when the client is about to compact.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

for version in 2.1.197 2.1.332; do
  install "$version"
  for model in claude-sonnet-4-6 claude-opus-4-8; do
    run_with ANTHROPIC_MODEL="$model" -- "$version" "$model-on-$version"
  done
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def window(model, version):
    printed = json.loads((pathlib.Path(sys.argv[1]) / f"{model}-on-{version}" / "printed").read_text())
    found = printed["modelUsage"][model]["contextWindow"]
    print(f"{version}: {model} has a window of {found}")
    return found

windows = [window(model, version) for model in ("claude-sonnet-4-6", "claude-opus-4-8") for version in ("2.1.197", "2.1.332")]
assert windows == [200_000, 200_000, 200_000, 1_000_000]
PYTHON
