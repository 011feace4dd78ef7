#!/usr/bin/env bash
# genai-prices 0.2.3 finds Claude 4.x models by a prefix of their name: `claude-opus-4-10` is priced as claude-opus-4-1,
# three times the price of its neighbours 4-5 to 4-8. Names of 5.x must fit whole: `claude-opus-5-7` is a LookupError.
# So "no error" does not mean "this model's price": compare the entry that was found with what was asked for.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check genai-prices==0.2.3

"$work/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

from genai_prices import Usage, calc_price

def found(model):
    try:
        price = calc_price(Usage(input_tokens=1_000_000, output_tokens=0), model, provider_id="anthropic")
    except LookupError:
        print(f"{model}: LookupError")
        return None
    print(f"{model}: priced as {price.model.id}, {price.total_price}")
    return price.model.id, price.total_price

assert found("claude-opus-4-8") == ("claude-opus-4-8", Decimal(5))
assert found("claude-opus-4-10") == ("claude-opus-4-1", Decimal(15))
assert found("claude-opus-5-7") is None
PYTHON
