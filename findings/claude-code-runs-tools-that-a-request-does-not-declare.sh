#!/usr/bin/env bash
# The tools of a request are not the tools that the client takes calls of. Claude Code 2.1.332 declares 12 and names
# more in a message, with the words that calling these directly will fail; a call of one that was never loaded, here
# CronList, runs all the same. A call of a tool that does not exist is not fatal either: 2.1.197 and 2.1.332 hand the
# model "No such tool available" as an error of the tool, and the turn goes on. So `tools` is not the list of what an
# answer may call.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

call() { echo "[[{\"type\": \"tool_use\", \"id\": \"toolu_1\", \"name\": \"$1\", \"input\": {}}]]"; }
for version in 2.1.197 2.1.332; do
  install "$version"
  for tool in CronList TrimTheLamp; do
    run "$version" "$tool-$version" --turns "$(call "$tool")"
  done
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def read(tool, version):
    folder = pathlib.Path(sys.argv[1]) / f"{tool}-{version}"
    bodies = [json.loads(line)["body"] for line in (folder / "requests").read_text().splitlines()]
    first, second = (body for body in bodies if body.get("tools"))
    told = "calling them directly will fail" in json.dumps(first["messages"])
    declared = tool in [each["name"] for each in first["tools"]]
    blocks = [block for message in second["messages"] for block in message["content"] if isinstance(block, dict)]
    [result] = [block for block in blocks if block["type"] == "tool_result"]
    printed = json.loads((folder / "printed").read_text())
    print(
        f"{version}: {tool}, {'one' if declared else 'none'} of the {len(first['tools'])} declared tools: "
        f"{result['content']!r}, is_error {result.get('is_error', False)}; the run ends with {printed['result']!r}"
    )
    assert printed["result"] == "Hello" and not printed["is_error"]
    assert told == (version == "2.1.332")
    return declared, result["content"], result.get("is_error", False)

assert read("CronList", "2.1.197") == (True, "No scheduled jobs.", False)
assert read("CronList", "2.1.332") == (False, "No scheduled jobs.", False)
unknown = "<tool_use_error>Error: No such tool available: TrimTheLamp</tool_use_error>"
assert read("TrimTheLamp", "2.1.197") == read("TrimTheLamp", "2.1.332") == (False, unknown, True)
PYTHON
