#!/usr/bin/env bash
# Claude Code reads an event stream whatever its Content-Type says, and counts tokens that are not JSON integers: with
# `application/json` and a usage of `"1000"` and `200.0` it shows the answer and the same cost as for 1000 and 200.
# So a gateway with a wrong header works, and a meter that trusts the header or wants integers shows nothing for it.
# Seen with 2.1.332 on its default model.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

install 2.1.332
run 2.1.332 plain
run 2.1.332 other --content-type application/json --usage '{"input_tokens": "1000", "output_tokens": 200.0}'

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

plain, other = (json.loads((pathlib.Path(sys.argv[1]) / name / "printed").read_text()) for name in ("plain", "other"))
for name, printed in (("event-stream, integers", plain), ("json, other spellings", other)):
    print(f"{name}: {printed['result']!r}, total_cost_usd {printed['total_cost_usd']}")
assert other["result"] == plain["result"] == "Hello"
assert other["total_cost_usd"] == plain["total_cost_usd"] > 0
PYTHON
