#!/usr/bin/env bash
# genai-prices 0.2.3: `price_context` takes any key, and one that its data does not know changes nothing and says nothing.
# The names that the Messages API itself uses for what changes a price, `service_tier` and `inference_geo`, are such keys:
# a batch answer priced with {"service_tier": "batch"} costs the standard price. The data's names are `processing` and
# `speed`; both together give the batch price alone, and the fast one is lost.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check genai-prices==0.2.3

"$work/venv/bin/python" - <<'PYTHON'
from datetime import UTC, datetime
from decimal import Decimal

from genai_prices import Usage, calc_price

usage, at = Usage(input_tokens=1_000_000, output_tokens=0), datetime(2026, 11, 1, tzinfo=UTC)

def price(**context):
    found = calc_price(
        usage, "claude-opus-5-5", provider_id="anthropic", genai_request_timestamp=at, price_context=context
    ).total_price
    print(f"{context}: {found}")
    return found

standard = price()
assert price(service_tier="batch") == price(inference_geo="us") == standard == Decimal(4)
assert (price(processing="batch"), price(speed="fast")) == (Decimal(2), Decimal(8))
assert price(processing="batch", speed="fast") == Decimal(2)
PYTHON
