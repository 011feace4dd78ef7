#!/usr/bin/env bash
# Claude Code 2.1.332 resumes a session with the system prompt of its first run. `--append-system-prompt` beside
# `--resume` is ignored without a word, and a text given to the first run alone is sent by the later one too. In 2.1.197
# the arguments of the present run count, so a wrapper has to repeat them. The help says so at another option only, and
# its `--system-prompt-snapshot off` at both runs brings the old way back. A CLAUDE.md that is new since the first run
# comes in the new message, where 2.1.197 puts it into the first. So with 2.1.332 all that the first run sent is sent
# again as it was, and a prompt that has to change needs a new session.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

session=00000000-0000-4000-8000-000000000001
appended=(--append-system-prompt "Speak like a lighthouse keeper.")
for version in 2.1.197 2.1.332; do
  install "$version"
  first=(--model claude-opus-4-8 --session-id "$session")
  again=(--model claude-opus-4-8 --resume "$session")
  run_with "${first[@]}" -- "$version" "appended-later-$version"
  run_with "${again[@]}" "${appended[@]}" -- "$version" "appended-later-$version"
  run_with "${first[@]}" "${appended[@]}" -- "$version" "appended-first-$version"
  run_with "${again[@]}" -- "$version" "appended-first-$version"
  run_with "${first[@]}" -- "$version" "new-file-$version"
  echo "Speak like a lighthouse keeper." >"$work/new-file-$version/cwd/CLAUDE.md"
  run_with "${again[@]}" -- "$version" "new-file-$version"
done
run_with "${first[@]}" --system-prompt-snapshot off -- 2.1.332 snapshot-off
run_with "${again[@]}" --system-prompt-snapshot off "${appended[@]}" -- 2.1.332 snapshot-off

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def texts(body):
    """The prompt in the order in which it is cached: tools, system, messages; without the marks of the cache."""
    found = [("tools", json.dumps(body["tools"])), *(("system", block["text"]) for block in body["system"])]
    for number, message in enumerate(body["messages"]):
        content = message["content"]
        blocks = [{"text": content}] if isinstance(content, str) else content
        found += [(f"message {number}", block["text"]) for block in blocks]
    return found

def resumed(name):
    lines = (pathlib.Path(sys.argv[1]) / name / "requests").read_text().splitlines()
    first, second = (texts(body) for body in (json.loads(line)["body"] for line in lines) if body.get("tools"))
    changed = next((place for (place, text), now in zip(first, second) if (place, text) != now), None)
    told = [place for place, text in second if "lighthouse keeper" in text]
    print(f"{name}: of the first run's prompt, the first change is in {changed}; the new text is in {told}")
    return changed, told

assert resumed("appended-later-2.1.197") == ("system", ["system"])
assert resumed("appended-later-2.1.332") == (None, [])
assert resumed("appended-first-2.1.197") == ("system", [])
assert resumed("appended-first-2.1.332") == (None, ["system"])
assert resumed("snapshot-off") == ("system", ["system"])
assert resumed("new-file-2.1.197") == ("message 0", ["message 0"])
changed, [told] = resumed("new-file-2.1.332")
assert changed is None and told != "message 0"
PYTHON
