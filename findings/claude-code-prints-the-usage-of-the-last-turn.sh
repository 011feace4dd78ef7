#!/usr/bin/env bash
# `usage` and `num_turns` in what `claude -p --output-format json` prints are not those of the run, while
# `total_cost_usd` and `modelUsage` beside them are. 2.1.332 runs agents in the background, and goes on by itself when
# one has ended. Then `usage` is that of the last request alone, here 200 of 1,000 output tokens, and `num_turns` is 1.
# 2.1.197 waits for the agent, and leaves out what the agent used, here 400 of 800. Whoever adds up runs has to take
# `modelUsage`.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

agent='[[{"type": "tool_use", "id": "toolu_1", "name": "Agent", "input":
  {"description": "Trim the lamp", "prompt": "Trim the lamp.", "subagent_type": "general-purpose"}}]]'
wait='[[{"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {"command": "sleep 2", "description": "Wait"}}]]'
for version in 2.1.197 2.1.332; do
  install "$version"
  run_with --model claude-opus-4-8 --allowedTools Bash -- "$version" "on-$version" --turns "$agent" --agent-turns "$wait"
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def read(version):
    folder = pathlib.Path(sys.argv[1]) / f"on-{version}"
    printed = json.loads((folder / "printed").read_text())
    headers = [json.loads(line)["headers"] for line in (folder / "requests").read_text().splitlines()]
    agents = sum("x-claude-code-agent-id" in each for each in headers)
    usage, models = printed["usage"]["output_tokens"], printed["modelUsage"]["claude-opus-4-8"]["outputTokens"]
    print(
        f"{version}: {len(headers)} requests of 200 output tokens, {agents} of them the agent's; usage says {usage}, "
        f"num_turns {printed['num_turns']}, modelUsage {models}, total_cost_usd {printed['total_cost_usd']}"
    )
    # 1,000 tokens in and 200 out cost 0.01 USD.
    assert models == 200 * len(headers) and abs(printed["total_cost_usd"] - 0.01 * len(headers)) < 1e-9
    return len(headers), agents, usage, printed["num_turns"]

assert read("2.1.197") == (4, 2, 400, 2)
assert read("2.1.332") == (5, 2, 200, 1)
PYTHON
