#!/usr/bin/env bash
# CLAUDE_CODE_USE_GATEWAY=1 says that the base URL is a gateway which tells what may be spent. It also changes what Claude
# Code 2.1.332 asks for: the default model is claude-opus-4-7 and not claude-opus-5-5, whose requests are nearly twice as
# large, and the field context_management is gone. With --model the size is as before; the field is gone all the same.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

version=2.1.332
gateway=(CLAUDE_CODE_USE_GATEWAY=1 ANTHROPIC_AUTH_TOKEN=a-gateway-token ANTHROPIC_API_KEY=)
install "$version"
run "$version" plain
run_with "${gateway[@]}" -- "$version" gateway
run_with "${gateway[@]}" --model claude-opus-5-5 -- "$version" gateway-with-model

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def asked(name):
    lines = (pathlib.Path(sys.argv[1]) / name / "requests").read_text().splitlines()
    body = max((json.loads(line)["body"] for line in lines), key=lambda body: len(json.dumps(body)))
    size, clears = len(json.dumps(body)), "context_management" in body
    print(f"{name}: {body['model']}, {size:,} bytes, context_management: {clears}")
    return body["model"], size, clears

(model, size, clears), gateway, named = map(asked, ("plain", "gateway", "gateway-with-model"))
assert (model, clears) == ("claude-opus-5-5", True)
assert (gateway[0], gateway[2]) == ("claude-opus-4-7", False)
assert gateway[1] > 1.5 * size
assert (named[0], named[2]) == ("claude-opus-5-5", False)
assert named[1] < 1.1 * size
PYTHON
