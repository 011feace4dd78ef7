"""The variables by which Claude Code is led to another place than ANTHROPIC_BASE_URL says.

They are known by rule, since new versions bring new ones, as 2.1.307 did ``CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD``.
Names and exceptions were read from the programs of 2.1.197 and 2.1.332, and tried with both.
"""

import re
from collections.abc import Iterable, Mapping

BASE_URL = "ANTHROPIC_BASE_URL"

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
"""Names that the rules take in and that choose no place for requests to a model (2.1.332)."""

_ORDER = (
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_VERTEX",
)
"""Of several switches the first decides (2.1.332's own list)."""

_ON = frozenset({"1", "true", "yes", "on"})
_OFF = frozenset({"0", "false", "no", "off"})
"""The values of a switch in lower case (2.1.197, 2.1.332)."""


def is_switch(name: str) -> bool:
    """Return whether a variable chooses a provider, as ``CLAUDE_CODE_USE_VERTEX`` does."""
    return _SWITCH.fullmatch(name) is not None and name not in _HARMLESS


def is_socket(name: str) -> bool:
    """Return whether a variable names a socket that requests may go to, whatever the base URL says."""
    return _SOCKET.fullmatch(name) is not None and name not in _HARMLESS


def leads_past_for_certain(name: str) -> bool:
    """Return whether a switch or socket was seen to lead past ANTHROPIC_BASE_URL."""
    return name in _ORDER or name == "ANTHROPIC_UNIX_SOCKET"


def is_base_url(name: str) -> bool:
    """Return whether a variable says where the requests to some provider go."""
    return _BASE_URL.fullmatch(name) is not None


def switched_on(value: str) -> bool:
    """Return whether Claude Code takes the value of a switch for yes."""
    return value.strip().lower() in _ON


def in_deciding_order(names: Iterable[str]) -> list[str]:
    """Return switches in the order in which Claude Code asks them; those that no known version has come last."""
    known = {name: place for place, name in enumerate(_ORDER)}
    return sorted(names, key=lambda name: (known.get(name, len(known)), name))


def leading_past(environ: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Return the variables that may lead Claude Code elsewhere than ``wanted`` does, in a fixed order."""
    suspects = [name for name, value in environ.items() if value and name not in wanted and name != BASE_URL]
    switches = [name for name in suspects if is_switch(name) and environ[name].strip().lower() not in _OFF]
    return [
        *in_deciding_order(switches),
        *sorted(name for name in suspects if is_socket(name)),
        *sorted(name for name in suspects if is_base_url(name)),
    ]
