#!/usr/bin/env bash
# A gateway that answers 200 with an error as its body: Claude Code 2.1.332 says that the response is empty or malformed,
# and the gateway's own words are nowhere in what it prints. With status 400 the same body is shown to the user.
# So a proxy that wants to be understood must send the status with the words.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

install 2.1.332
error='{"type":"error","error":{"type":"api_error","message":"your quota ends on Friday"}}'
run 2.1.332 in-a-200 --document "$error"
run 2.1.332 in-a-402 --status 402

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def result(name):
    printed = json.loads((pathlib.Path(sys.argv[1]) / name / "printed").read_text())
    print(f"{name}: is_error {printed['is_error']}, {printed['result']!r}")
    return printed["result"]

assert "quota" not in result("in-a-200")
assert "as the finding asked" in result("in-a-402")
PYTHON
