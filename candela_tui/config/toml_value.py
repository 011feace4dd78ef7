"""Write one value as TOML, and read one that a user typed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from candela_tui.config.field_types import accepts_text
from candela_tui.config.toml_text import Key, NotToml, dotted, parse


def toml_value(value: object) -> str:
    """Return a value as one line of TOML. Decimals keep their digits; values without a TOML type become text."""
    from tomlkit import item

    if isinstance(value, Mapping):
        parts = (f"{dotted([name])} = {toml_value(part)}" for name, part in value.items() if part is not None)
        return f"{{ {', '.join(parts)} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return item(value if isinstance(value, bool | int | float | str) else str(value)).as_string()


def from_text(key: Key, text: str) -> Any:
    """Return the value that a user typed for a key: as TOML if it is valid for the key, otherwise the text itself."""
    try:
        document = parse(f"value = {text}")
    except NotToml:
        return text
    value = document["value"] if list(document) == ["value"] else text
    return value if isinstance(value, str) or not accepts_text(key) else text


def to_text(key: Key, value: object) -> str:
    """Return a value in the form in which a user edits it: one line that ``from_text`` reads as the same value."""
    if value is None:
        return ""
    text = str(value) if accepts_text(key) else toml_value(value)
    return text if from_text(key, text) == text and text.isprintable() else toml_value(value)
