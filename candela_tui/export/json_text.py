"""Records as JSON that is exact about money and safe to print on a terminal."""

import re
from decimal import Decimal
from typing import Any

import msgspec

from candela_tui.export.records import plain_decimal

_ACTS_ON_TERMINALS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON may hold unescaped though a terminal acts on it: DEL, C1 controls, line and direction controls."""


def json_text(document: Any) -> str:
    """Indented JSON. Decimals are numbers with exactly their digits."""
    encoded = msgspec.json.format(msgspec.json.encode(_exact(document)), indent=2).decode("utf-8")
    return _ACTS_ON_TERMINALS.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded)


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return msgspec.Raw(plain_decimal(value).encode())
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
