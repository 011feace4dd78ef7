"""Change one setting in config.toml and keep everything else as the user wrote it."""

import tomllib
from collections.abc import Mapping, MutableMapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from candela_tui.config.check import Key, validated
from candela_tui.config.document import toml_document
from candela_tui.config.errors import ConfigError
from candela_tui.config.file import make_directory, read_document, read_text, replace_text
from candela_tui.file_lock import locked

if TYPE_CHECKING:
    from tomlkit.items import Item


def change_setting(path: Path, key: Key, value: object) -> None:
    """Set a key in the file, or remove it if the value is None. Comments, order and everything else stay the same.

    Raises ConfigError and leaves the file unchanged if the change fails or would make the file invalid.
    """
    make_directory(path)
    with locked(path):
        _change(path, key, value)


def _change(path: Path, key: Key, value: object) -> None:
    written = read_text(path)
    wanted = read_document(path)
    _put(wanted, path, key, value)
    validated(wanted, str(path), {})
    if not written.strip():
        replace_text(path, toml_document(wanted))
        return
    text = _edited(written, path, key, value)
    if _without_empty_tables(tomllib.loads(text, parse_float=Decimal)) != _without_empty_tables(wanted):
        raise ConfigError(f"{path}: {'.'.join(key)} can't be changed in the way the file is written; edit it by hand")
    replace_text(path, text)


def _without_empty_tables(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table without its empty subtables: tomlkit drops a subtable that has no header along with its last
    key."""
    kept = (
        (name, _without_empty_tables(value) if isinstance(value, Mapping) else value) for name, value in table.items()
    )
    return {name: value for name, value in kept if value != {}}


def _edited(text: str, path: Path, key: Key, value: object) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    _put(document, path, key, None if value is None else _item(value))
    return tomlkit.dumps(document)


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
    """Return the value that a user typed, parsed as TOML if possible, otherwise the text itself."""
    try:
        document = tomllib.loads(f"value = {text}", parse_float=Decimal)
    except tomllib.TOMLDecodeError:
        return text
    return document["value"] if list(document) == ["value"] else text


def toml_value(value: object) -> str:
    """Return a value as one line of TOML. Decimals keep their digits; values without a TOML type become text."""
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
    """Return one part of a key, quoted if TOML requires it."""
    from tomlkit import key

    return str(key(name).as_string())
