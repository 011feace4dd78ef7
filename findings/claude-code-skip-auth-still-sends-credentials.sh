#!/usr/bin/env bash
# CLAUDE_CODE_SKIP_…_AUTH does not mean that Claude Code sends no credentials. With ANTHROPIC_AUTH_TOKEN set, it sends that
# token, which is for Anthropic, to the base URLs of Vertex AI, Foundry and Claude Platform on AWS. Without it, 2.1.332
# sends Foundry the words "Bearer skip-foundry-auth", and 2.1.197 can't be used so: it sends nothing and reports an error
# about azureADTokenProvider. So a gateway that adds its own credentials only where there are none hands a token to the
# wrong cloud, or a placeholder to Foundry: it has to look at whose the credential is.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

vertex=(CLAUDE_CODE_USE_VERTEX=1 CLAUDE_CODE_SKIP_VERTEX_AUTH=1 ANTHROPIC_VERTEX_BASE_URL=@URL@/v1
  ANTHROPIC_VERTEX_PROJECT_ID=p CLOUD_ML_REGION=global)
foundry=(CLAUDE_CODE_USE_FOUNDRY=1 CLAUDE_CODE_SKIP_FOUNDRY_AUTH=1 ANTHROPIC_FOUNDRY_BASE_URL=@URL@)
aws=(CLAUDE_CODE_USE_ANTHROPIC_AWS=1 CLAUDE_CODE_SKIP_ANTHROPIC_AWS_AUTH=1 ANTHROPIC_AWS_BASE_URL=@URL@
  AWS_REGION=us-east-1 ANTHROPIC_AWS_WORKSPACE_ID=w)
for version in 2.1.197 2.1.332; do
  install "$version"
  for place in vertex foundry aws; do
    declare -n variables=$place
    run_with ANTHROPIC_API_KEY= "${variables[@]}" -- "$version" "$place-$version"
    run_with ANTHROPIC_API_KEY= ANTHROPIC_AUTH_TOKEN=token-for-anthropic "${variables[@]}" -- "$version" \
      "$place-with-token-$version"
  done
done

python3 - "$work" <<'PYTHON'
import json, pathlib, sys

def sent(name):
    folder = pathlib.Path(sys.argv[1]) / name
    headers = [json.loads(line)["headers"] for line in (folder / "requests").read_text().splitlines()]
    if not headers:
        result = json.loads((folder / "printed").read_text())["result"]
        print(f"{name}: nothing sent; {result}")
        return result
    found = {field: headers[0][field] for field in ("authorization", "x-api-key", "api-key") if field in headers[0]}
    print(f"{name}: {found}")
    return found

token = "Bearer token-for-anthropic"
for version in ("2.1.197", "2.1.332"):
    assert sent(f"vertex-{version}") == sent(f"aws-{version}") == {}
    assert sent(f"vertex-with-token-{version}") == {"authorization": token}
    assert sent(f"aws-with-token-{version}")["authorization"] == token
assert sent("foundry-2.1.332") == {"authorization": "Bearer skip-foundry-auth"}
assert sent("foundry-with-token-2.1.332") == {"authorization": token}
assert "azureADTokenProvider" in sent("foundry-2.1.197")
assert "azureADTokenProvider" in sent("foundry-with-token-2.1.197")
PYTHON
