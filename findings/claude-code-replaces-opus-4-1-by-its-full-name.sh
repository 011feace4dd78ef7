#!/usr/bin/env bash
# Claude Code asks for another model than --model names in full: claude-opus-4-1-20250805 becomes the newest Opus that the
# version knows (claude-opus-4-8 in 2.1.197, claude-opus-5-5 in 2.1.332), also at a base URL and with an API key. The older
# claude-3-haiku-20240307 stays what it is. CLAUDE_CODE_DISABLE_LEGACY_MODEL_REMAP=1 ends that.
# A good guess is that a dated name is asked for as it is, and that a budget of tokens or a list of allowed models sees it.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

for version in 2.1.197 2.1.332; do
  install "$version"
  for model in claude-opus-4-1-20250805 claude-3-haiku-20240307; do
    run_with --model "$model" -- "$version" "$version-$model"
  done
  run_with CLAUDE_CODE_DISABLE_LEGACY_MODEL_REMAP=1 --model claude-opus-4-1-20250805 -- "$version" "$version-as-named"
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def models(name):
    lines = (pathlib.Path(sys.argv[1]) / name / "requests").read_text().splitlines()
    asked = {each["body"]["model"] for each in map(json.loads, lines) if each["body"]}
    print(f"{name}: {', '.join(sorted(asked))}")
    return asked

for version, newest in (("2.1.197", "claude-opus-4-8"), ("2.1.332", "claude-opus-5-5")):
    assert models(f"{version}-claude-opus-4-1-20250805") == {newest}
    assert models(f"{version}-claude-3-haiku-20240307") == {"claude-3-haiku-20240307"}
    assert models(f"{version}-as-named") == {"claude-opus-4-1-20250805"}
PYTHON
