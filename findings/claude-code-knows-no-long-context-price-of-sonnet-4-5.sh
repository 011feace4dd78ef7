#!/usr/bin/env bash
# Beyond 200,000 prompt tokens claude-sonnet-4-5 costs twice as much for the whole prompt (Anthropic's price list, and
# genai-prices 0.2.3). Claude Code 2.1.332 counts the plain price: for 250,000 tokens it says half of what is billed.
set -euo pipefail
. "$(dirname "$0")/claude_code.bash"

install 2.1.332
run_with ANTHROPIC_MODEL=claude-sonnet-4-5 -- 2.1.332 long --usage '{"input_tokens": 250000, "output_tokens": 0}'
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check genai-prices==0.2.3

"$work/venv/bin/python" - "$work" <<'PYTHON'
import json, pathlib, sys
from decimal import Decimal

from genai_prices import Usage, calc_price

printed = json.loads((pathlib.Path(sys.argv[1]) / "long" / "printed").read_text())
listed = calc_price(Usage(input_tokens=250_000, output_tokens=0), "claude-sonnet-4-5", provider_id="anthropic").total_price
print(f"Claude Code counts {printed['total_cost_usd']}, genai-prices {listed}")
assert abs(printed["total_cost_usd"] - 0.75) < 1e-9 and listed == Decimal("1.5")
PYTHON
