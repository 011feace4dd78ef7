#!/usr/bin/env bash
# Claude Code 2.1.332 states the effort twice for claude-opus-5-5: at the top of the body, and as output_config of a
# message of role system, which at the same time carries text (the environment). For claude-opus-4-8 that message has text
# only, and for claude-sonnet-5 too, there inside <system-reminder>. So a message of role system is neither "effort only"
# nor "text only": a gateway that turns it into text of the user, or leaves out its output_config, has to do both.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

version=2.1.332
install "$version"
for model in claude-opus-5-5 claude-opus-4-8 claude-sonnet-5; do
  run_with ANTHROPIC_MODEL=$model -- "$version" "$model"
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def system_message(model):
    lines = (pathlib.Path(sys.argv[1]) / model / "requests").read_text().splitlines()
    body = next(body for body in (json.loads(line)["body"] for line in lines) if body["model"] == model)
    [message] = [message for message in body["messages"] if message["role"] == "system"]
    text = message["content"][0]["text"]
    print(f"{model}: {body['output_config']} at the top, {message.get('output_config')} beside {text[:40]!r}")
    return message.get("output_config"), text, body["output_config"]

beside, text, top = system_message("claude-opus-5-5")
assert beside == top and "effort" in beside and text.startswith("# Environment")
beside, text, _ = system_message("claude-opus-4-8")
assert beside is None and text.startswith("# Environment")
beside, text, _ = system_message("claude-sonnet-5")
assert beside is None and text.startswith("<system-reminder>")
PYTHON
