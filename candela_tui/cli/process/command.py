"""The command that starts candela as another process, with the same interpreter."""

import sys
from typing import Final

CANDELA: Final = (sys.executable, "-P", "-m", "candela_tui")
"""``-P``: the current directory may have modules of any name."""
