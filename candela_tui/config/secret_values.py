"""Which settings may hold a credential, and how they are shown."""

from collections.abc import Mapping
from typing import Any

from candela_tui.config.toml_text import Key
from candela_tui.redaction import REDACTED


def may_be_secret(key: Key) -> bool:
    """Return whether a setting may hold a credential: a header field of any name may be the key of a service."""
    return key[-1].endswith("_secret") or "headers" in key


def without_secrets(key: Key, value: Any) -> Any:
    """Return the value of a setting, or of a table of them, with what may be a credential replaced."""
    if isinstance(value, Mapping):
        return {name: without_secrets((*key, name), each) for name, each in value.items()}
    return REDACTED if value and isinstance(value, str) and may_be_secret(key) else value
