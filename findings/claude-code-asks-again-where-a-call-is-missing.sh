#!/usr/bin/env bash
# An answer that stops with `tool_use` and has no tool call, as from a gateway that took the call out, does not end the
# turn, and is paid more than once. 2.1.197 keeps its text, says "Your tool call was malformed" in a new message, and
# asks once more. 2.1.332 drops the text, adds a reminder to the message that was there, and asks up to twice more. If
# that does not help, both report an error. So the second request of 2.1.332 is neither a retry with equal messages nor
# the next turn of the conversation, and what takes a call out has to change the stop reason as well.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

missing='[{"type": "text", "text": "I trim the lamp first."}]'
for version in 2.1.197 2.1.332; do
  install "$version"
  run_with --model claude-opus-4-8 -- "$version" "once-$version" --turns "[$missing]"
  run_with --model claude-opus-4-8 -- "$version" "always-$version" --turns "[$missing, $missing, $missing, $missing]"
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def read(name):
    folder = pathlib.Path(sys.argv[1]) / name
    printed = json.loads((folder / "printed").read_text())
    bodies = [json.loads(line)["body"] for line in (folder / "requests").read_text().splitlines()]
    turns = [body["messages"] for body in bodies if body.get("tools")]
    roles = [" ".join(message["role"] for message in messages) for messages in turns]
    last = [message for message in turns[-1] if message["role"] == "user"][-1]["content"][-1]["text"]
    print(f"{name}: {len(turns)} requests, total_cost_usd {printed['total_cost_usd']}, {printed['result']!r}")
    print(f"  messages: {'; '.join(roles)}\n  the last one of the user ends in: {last!r}")
    # 1,000 tokens in and 200 out cost 0.01 USD.
    assert abs(printed["total_cost_usd"] - 0.01 * len(turns)) < 1e-9
    return roles, last, printed["is_error"]

malformed = "Your tool call was malformed and could not be parsed. Please retry."
failed = "The previous response failed to produce a valid tool call. Please retry the tool call now."
for name, is_error in (("once", False), ("always", True)):
    roles, last, found_error = read(f"{name}-2.1.197")
    assert roles == ["user system", "user system assistant user"] and last == malformed and found_error == is_error
    roles, last, found_error = read(f"{name}-2.1.332")
    assert roles == ["user system"] * (3 if is_error else 2) and failed in last and found_error == is_error
PYTHON
