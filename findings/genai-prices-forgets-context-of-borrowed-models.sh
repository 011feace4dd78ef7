#!/usr/bin/env bash
# genai-prices 0.2.3 prices Claude on Google (`provider_id="google"`) by Anthropic's entry for the model, but then drops
# `price_context`: fast mode and batches, which cost twice and half for "anthropic", cost the standard price for "google".
# Whoever prices Vertex AI with the same context gets a plausible figure that is wrong by a factor of two.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check genai-prices==0.2.3

"$work/venv/bin/python" - <<'PYTHON'
from datetime import UTC, datetime
from decimal import Decimal

from genai_prices import Usage, calc_price

usage, at = Usage(input_tokens=1_000_000, output_tokens=0), datetime(2026, 11, 1, tzinfo=UTC)
prices = {}
for provider in ("anthropic", "google"):
    for context in ({}, {"speed": "fast"}, {"processing": "batch"}):
        found = calc_price(
            usage, "claude-opus-5-5", provider_id=provider, genai_request_timestamp=at, price_context=context
        )
        prices[provider, *context] = found.total_price
        print(f"{provider} {context}: {found.total_price}")

assert [prices["anthropic", *key] for key in ((), ("speed",), ("processing",))] == [Decimal(4), Decimal(8), Decimal(2)]
assert {prices["google", *key] for key in ((), ("speed",), ("processing",))} == {Decimal(4)}
PYTHON
