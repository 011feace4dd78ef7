"""The paths of the local API, of the dashboard's page and of the telemetry of clients.

No provider's API has them, and none is ever relayed.
"""

from typing import Final

PAGE_ROOT: Final = "/_local/"
_PAGE_FILES: Final = "/_local/web/"
API_ROOT: Final = "/_local/api/v1"
TRACES_PATH: Final = "/_local/api/traces"
"""Of the original candela, so without a version."""
OTLP_ROOT: Final = "/_local/otlp"
"""What Claude Code takes for the address of its collector."""
SIGN_IN_PAGE: Final = "/oauth/device"
SIGN_IN_CALLBACK: Final = "/oauth/callback"
"""Where people sign in with a browser, if `[team]` lets them."""
DASHBOARD_SURFACE: Final = "candela"
"""What ``candela login`` says that it signs in for, as Claude Code says ``claude_code``."""


def of_page(target: str) -> bool:
    """Return whether a request target is the dashboard's page, or one of its files."""
    path = target.partition("?")[0]
    return path in (PAGE_ROOT, PAGE_ROOT.rstrip("/")) or path.startswith(_PAGE_FILES)
