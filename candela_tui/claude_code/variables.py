"""The environment variables that make Claude Code send requests elsewhere than to ANTHROPIC_BASE_URL.

They are recognized by pattern because new versions add new ones: 2.1.307 added
``CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD``. Names and exceptions come from the programs of 2.1.197 and 2.1.332, and were
tested with both.
"""

import re
from collections.abc import Iterable, Mapping

from candela_tui.claude_code.provider_switches import PROVIDER_SWITCHES

BASE_URL = "ANTHROPIC_BASE_URL"
GATEWAY_MODE = "CLAUDE_CODE_USE_GATEWAY"
"""Makes the client take the base URL for a gateway that says what may be spent. It asks for a bearer token."""

_SWITCH = re.compile(r"CLAUDE_CODE_USE_[A-Z0-9_]+")
_BASE_URL = re.compile(r"ANTHROPIC_(?:[A-Z0-9_]+_)?BASE_URL")
_SOCKET = re.compile(r"(?:ANTHROPIC|CLAUDE_CODE)_(?:[A-Z0-9_]+_)?SOCKET")
_HARMLESS = frozenset(
    {
        "CLAUDE_CODE_USE_CCR_V2",
        "CLAUDE_CODE_USE_COWORK_PLUGINS",
        "CLAUDE_CODE_USE_NATIVE_FILE_SEARCH",
        "CLAUDE_CODE_USE_POWERSHELL_TOOL",
        "CLAUDE_CODE_CCR_WORKER_SOCKET",
        "CLAUDE_CODE_MESSAGING_SOCKET",
    }
)
"""Names that match the patterns but do not change where model requests go (2.1.332)."""

_ORDER = tuple(switch.name for switch in PROVIDER_SWITCHES)

_ON = frozenset({"1", "true", "yes", "on"})
_OFF = frozenset({"0", "false", "no", "off"})
"""The values that turn a switch on and off, in lower case (2.1.197, 2.1.332)."""


def is_switch(name: str) -> bool:
    """Return whether a variable selects a provider, as ``CLAUDE_CODE_USE_VERTEX`` does."""
    return _SWITCH.fullmatch(name) is not None and name not in _HARMLESS


def is_socket(name: str) -> bool:
    """Return whether a variable names a socket that requests may be sent to regardless of the base URL."""
    return _SOCKET.fullmatch(name) is not None and name not in _HARMLESS


def leads_past_for_certain(name: str) -> bool:
    """Return whether a switch or socket is known to bypass ANTHROPIC_BASE_URL."""
    return name in _ORDER or name == "ANTHROPIC_UNIX_SOCKET"


def is_base_url(name: str) -> bool:
    """Return whether a variable sets the base URL of a provider."""
    return _BASE_URL.fullmatch(name) is not None


def switched_on(value: str) -> bool:
    """Return whether Claude Code treats a switch with this value as on."""
    return value.strip().lower() in _ON


def in_deciding_order(names: Iterable[str]) -> list[str]:
    """Return switches in the order of their precedence in Claude Code, unknown ones last."""
    known = {name: place for place, name in enumerate(_ORDER)}
    return sorted(names, key=lambda name: (known.get(name, len(known)), name))


def leading_past(environ: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Return the variables that may send Claude Code elsewhere than ``wanted`` does, in a fixed order."""
    suspects = [name for name, value in environ.items() if value and name not in wanted and name != BASE_URL]
    switches = [name for name in suspects if is_switch(name) and environ[name].strip().lower() not in _OFF]
    return [
        *in_deciding_order(switches),
        *sorted(name for name in suspects if is_socket(name)),
        *sorted(name for name in suspects if is_base_url(name)),
    ]
