#!/usr/bin/env bash
# Claude Code chooses the Vertex AI region of a model by a variable whose name has the version first for Opus and Sonnet
# (VERTEX_REGION_CLAUDE_5_5_OPUS) and last for Haiku and Fable (VERTEX_REGION_CLAUDE_HAIKU_5_5). The other order of either
# is ignored without a word, and the request goes to CLOUD_ML_REGION. Seen with 2.1.332.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

version=2.1.332
install "$version"
vertex=(CLAUDE_CODE_USE_VERTEX=1 CLAUDE_CODE_SKIP_VERTEX_AUTH=1 ANTHROPIC_VERTEX_BASE_URL=@URL@/v1
  ANTHROPIC_VERTEX_PROJECT_ID=p CLOUD_ML_REGION=global ANTHROPIC_API_KEY=)
run_with "${vertex[@]}" ANTHROPIC_MODEL=claude-opus-5-5 VERTEX_REGION_CLAUDE_5_5_OPUS=eu -- "$version" opus-version-first
run_with "${vertex[@]}" ANTHROPIC_MODEL=claude-opus-5-5 VERTEX_REGION_CLAUDE_OPUS_5_5=eu -- "$version" opus-version-last
run_with "${vertex[@]}" ANTHROPIC_MODEL=claude-haiku-5-5 VERTEX_REGION_CLAUDE_HAIKU_5_5=eu -- "$version" haiku-version-last
run_with "${vertex[@]}" ANTHROPIC_MODEL=claude-haiku-5-5 VERTEX_REGION_CLAUDE_5_5_HAIKU=eu -- "$version" haiku-version-first
run_with "${vertex[@]}" ANTHROPIC_MODEL=claude-fable-5-1 VERTEX_REGION_CLAUDE_FABLE_5_1=eu -- "$version" fable-version-last

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def region(name, model):
    lines = (pathlib.Path(sys.argv[1]) / name / "requests").read_text().splitlines()
    [path] = {path for path in (json.loads(line)["path"] for line in lines) if f"/models/{model}:" in path}
    print(f"{name}: {path}")
    return path.partition("/locations/")[2].partition("/")[0]

assert region("opus-version-first", "claude-opus-5-5") == "eu"
assert region("opus-version-last", "claude-opus-5-5") == "global"
assert region("haiku-version-last", "claude-haiku-5-5") == "eu"
assert region("haiku-version-first", "claude-haiku-5-5") == "global"
assert region("fable-version-last", "claude-fable-5-1") == "eu"
PYTHON
