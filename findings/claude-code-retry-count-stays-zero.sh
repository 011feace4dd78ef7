#!/usr/bin/env bash
# Claude Code sends `X-Stainless-Retry-Count: 0` with every try of a call, also with the second and third. The header is
# that of Anthropic's TypeScript SDK, which counts up; the client retries by itself, around the SDK.
# So a proxy cannot fold retries by this header: it must compare session, agent, model and messages.
# Seen with 2.1.197 and 2.1.332, HTTP 529, two retries allowed.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

for version in 2.1.197 2.1.332; do
  install "$version"
  run "$version" "on-$version" --status 529
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

for version in ("2.1.197", "2.1.332"):
    lines = (pathlib.Path(sys.argv[1]) / f"on-{version}" / "requests").read_text().splitlines()
    counts = [each["headers"]["x-stainless-retry-count"] for each in map(json.loads, lines) if each["body"].get("tools")]
    print(f"{version}: retry counts of the tries of one call: {counts}")
    assert counts == ["0", "0", "0"]
PYTHON
