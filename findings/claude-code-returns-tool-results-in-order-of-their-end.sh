#!/usr/bin/env bash
# Where Claude Code runs the calls of one answer side by side, it sends their results in the order in which they ended,
# not in that of the calls: 2.1.197 and 2.1.332 both. The header x-claude-code-prev-tool-durations of 2.1.332 (with
# CLAUDE_CODE_GATEWAY_HINT_HEADERS=1) has names without ids in the same order, so two calls of one tool are told apart
# only by the order of the results in the body. The time of an agent in it is that of its start: it works on in the
# background.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

bash_call() {
  echo "{\"type\": \"tool_use\", \"id\": \"$1\", \"name\": \"Bash\","
  echo "\"input\": {\"command\": \"$2\", \"description\": \"Wait\"}}"
}
agent='{"type": "tool_use", "id": "toolu_agent", "name": "Agent", "input":
  {"description": "Trim the lamp", "prompt": "Trim the lamp.", "subagent_type": "general-purpose"}}'
for version in 2.1.197 2.1.332; do
  install "$version"
  run_with CLAUDE_CODE_GATEWAY_HINT_HEADERS=1 --allowedTools Bash -- "$version" "on-$version" \
    --turns "[[$(bash_call toolu_slow 'sleep 2'), $(bash_call toolu_quick 'true')], [$agent]]" \
    --agent-turns "[[$(bash_call toolu_inner 'sleep 3')]]"
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def read(version):
    """Return the calls and results of the first answer, and the durations in the headers of later requests."""
    lines = (pathlib.Path(sys.argv[1]) / f"on-{version}" / "requests").read_text().splitlines()
    requests = [json.loads(line) for line in lines]
    _, second, *_ = [each for each in requests if each["body"].get("tools")]
    blocks = [block for message in second["body"]["messages"] for block in message["content"] if isinstance(block, dict)]
    calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    fields = [each["headers"].get("x-claude-code-prev-tool-durations") for each in requests]
    durations = [field for field in fields if field is not None]
    print(f"{version}: calls {calls}, results {results}, durations {durations}")
    assert calls == ["toolu_slow", "toolu_quick"] and results == ["toolu_quick", "toolu_slow"]
    return [[pair.split("=") for pair in field.split(";")] for field in durations]

assert read("2.1.197") == []
[[quick, slow], [agent], [inner]] = read("2.1.332")
assert quick[0] == slow[0] == inner[0] == "Bash" and int(quick[1]) < 2000 <= int(slow[1])
assert agent[0] == "Agent" and int(agent[1]) < 3000 <= int(inner[1])
PYTHON
