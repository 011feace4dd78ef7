"""One setting changed in config.toml, and everything else there as its user wrote it."""

import tomllib
from collections.abc import Mapping, MutableMapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from candela_tui.config.check import Key, validated
from candela_tui.config.errors import ConfigError
from candela_tui.config.file import read_document, read_text, replace_text

if TYPE_CHECKING:
    from tomlkit.items import Item


def change_setting(path: Path, key: Key, value: object) -> None:
    """Set a key in the file, None: take it out. Comments, order and everything else stay. Raises ConfigError, also
    where the file would then hold a mistake, and leaves the file as it was."""
    import tomlkit

    wanted = read_document(path)
    document = tomlkit.parse(read_text(path))
    _put(wanted, path, key, value)
    validated(wanted, str(path), {})
    _put(document, path, key, None if value is None else _item(value))
    text = tomlkit.dumps(document)
    if tomllib.loads(text, parse_float=Decimal) != wanted:
        raise ConfigError(f"{path}: {'.'.join(key)} can't be changed in the way the file is written; edit it by hand")
    replace_text(path, text)


def _put(document: MutableMapping[str, Any], path: Path, key: Key, value: object) -> None:
    table: Any = document
    for depth, part in enumerate(key[:-1], 1):
        if part not in table:
            if value is None:
                return
            table[part] = {}
        table = table[part]
        if not isinstance(table, MutableMapping):
            raise ConfigError(f"{path}: {'.'.join(key[:depth])} is a value, and has no keys below it")
    if value is not None:
        table[key[-1]] = value
    else:
        table.pop(key[-1], None)


def _item(value: object) -> "Item":
    import tomlkit

    return tomlkit.value(toml_value(value))


def from_text(text: str) -> Any:
    """A value as a user types it: TOML, or else text."""
    try:
        document = tomllib.loads(f"value = {text}", parse_float=Decimal)
    except tomllib.TOMLDecodeError:
        return text
    return document["value"] if list(document) == ["value"] else text


def toml_value(value: object) -> str:
    """A value as TOML writes it in one line. Decimals keep their digits; what TOML has no type for is text."""
    from tomlkit import item

    if isinstance(value, Mapping):
        parts = (f"{toml_key(name)} = {toml_value(part)}" for name, part in value.items() if part is not None)
        return f"{{ {', '.join(parts)} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return item(value if isinstance(value, bool | int | float | str) else str(value)).as_string()


def toml_key(name: str) -> str:
    """One part of a key, in quotes where TOML wants them."""
    from tomlkit import key

    return str(key(name).as_string())
