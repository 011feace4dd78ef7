"""What small commands need not wait for."""

import subprocess
import sys


def test_loading_the_record_of_an_exchange_loads_neither_prices_nor_settings():
    code = "import sys, candela_tui.exchange, candela_tui.pricing; print([m for m in sys.modules if m in %r])"
    heavy = ("genai_prices", "pydantic", "textual", "aiohttp", "sqlalchemy")
    done = subprocess.run([sys.executable, "-c", code % (heavy,)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
