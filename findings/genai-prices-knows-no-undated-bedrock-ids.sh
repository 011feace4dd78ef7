#!/usr/bin/env bash
# Bedrock's endpoint for the Messages API names models without date and version: `anthropic.claude-haiku-4-5`.
# genai-prices 0.2.3 finds most of them, at the regional price (Opus 4.5 and 5.5), but raises LookupError for Haiku 4.5 and
# Sonnet 4.5, of which it has the dated ids only.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check genai-prices==0.2.3

"$work/venv/bin/python" - <<'PYTHON'
from genai_prices import Usage, calc_price

def found(model):
    try:
        price = calc_price(Usage(input_tokens=1_000_000, output_tokens=0), model, provider_id="aws")
    except LookupError:
        print(f"{model}: LookupError")
        return None
    print(f"{model}: priced as {price.model.id}, {price.total_price}")
    return price.model.id

assert found("anthropic.claude-opus-5-5") == "regional.anthropic.claude-opus-5-5"
assert found("us.anthropic.claude-haiku-4-5-20251001-v1:0") == "regional.anthropic.claude-haiku-4-5-20251001-v1:0"
assert found("anthropic.claude-haiku-4-5") is None
assert found("anthropic.claude-sonnet-4-5") is None
assert found("anthropic.claude-opus-4-5") == "regional.anthropic.claude-opus-4-5-v1:0"
PYTHON
