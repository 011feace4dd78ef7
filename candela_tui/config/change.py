"""Change one setting or table in config.toml and keep everything else as the user wrote it."""

import itertools
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from pathlib import Path
from typing import Any

from candela_tui.config.check import validated
from candela_tui.config.document import toml_document
from candela_tui.config.errors import ConfigError
from candela_tui.config.field_types import is_section
from candela_tui.config.file import make_directory, read_document, read_text, replace_text
from candela_tui.config.settings import Settings
from candela_tui.config.toml_edit import with_new_key, without_key
from candela_tui.config.toml_text import ItemKey, NotToml, dotted, parse
from candela_tui.config.toml_value import toml_value
from candela_tui.file_lock import locked

Check = Callable[[Settings], Sequence[str]]
"""Returns what is wrong with settings beyond the form of each."""


Change = Callable[[Mapping[str, Any]], tuple[ItemKey, object]]
"""Returns what to set in a document as it is now: a key and its value; None removes it. Raises ConfigError."""


def change_setting(path: Path, key: ItemKey, value: object, check: Check = lambda _: ()) -> None:
    """Set a key in the file, or remove it if the value is None. Order, comments and everything else stay the same;
    only the comments above what is removed go with it.

    Raises ConfigError and leaves the file unchanged if the change fails, would make the file invalid, or would make
    ``check`` return something new.
    """
    change_document(path, lambda _: (key, value), check)


def change_document(path: Path, change: Change, check: Check = lambda _: ()) -> None:
    """Change the file as ``change_setting`` does, by what the file has now. Nobody else changes it in between."""
    make_directory(path)
    with locked(path):
        _change(path, change, check)


def _change(path: Path, change: Change, check: Check) -> None:
    written = read_text(path)
    before, wanted = read_document(path), read_document(path)
    try:
        key, value = change(before)
        _put(wanted, key, value)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    settings = validated(wanted, str(path), {})
    troubles = check(settings)
    if troubles:
        known = _troubles(before, path, check)
        if new := [f"{path}: {trouble}" for trouble in troubles if trouble not in known]:
            raise ConfigError("\n".join(new))
    if not written.strip():
        replace_text(path, toml_document(wanted))
        return
    for edit in (_in_text, _with_tomlkit):
        text = edit(written, key, value, _value_at(before, key))
        if text is not None and _has(text, wanted):
            replace_text(path, text)
            return
    raise ConfigError(f"{path}: {dotted(key)} can't be changed in the way the file is written; edit it by hand")


def _troubles(document: Mapping[str, Any], path: Path, check: Check) -> Sequence[str]:
    try:
        return check(validated(document, str(path), {}))
    except ConfigError:
        return ()


def _has(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return _without_empty_tables(parse(text)) == _without_empty_tables(wanted)
    except NotToml:
        return False


def _without_empty_tables(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table without its empty subtables: tomlkit drops a subtable that has no header along with its last
    key."""
    kept = (
        (name, _without_empty_tables(value) if isinstance(value, Mapping) else value) for name, value in table.items()
    )
    return {name: value for name, value in kept if value != {}}


def _in_text(text: str | None, key: ItemKey, value: object, before: object) -> str | None:
    """Return the text with the key changed from ``before``; a table is changed key by key."""
    if text is None or value == before:
        return text
    if value is None:
        return without_key(text, key)
    if before is None and isinstance(value, Mapping) and value and is_section(key):
        before = {}
    if before is None:
        return with_new_key(text, key, value)
    if isinstance(value, Mapping) and isinstance(before, Mapping):
        for name in dict.fromkeys((*before, *value)):
            text = _in_text(text, (*key, name), value.get(name), before.get(name))
        return text
    return _with_tomlkit(text, key, value, before)


def _value_at(document: Mapping[str, Any], key: ItemKey) -> object:
    found: object = document
    for part in key:
        if isinstance(part, int):
            found = found[part] if isinstance(found, list) and part < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _with_tomlkit(text: str, key: ItemKey, value: object, _before: object) -> str | None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        _put(document, key, None if value is None else tomlkit.value(toml_value(value)))
        return tomlkit.dumps(document)
    except (TOMLKitError, ValueError, RecursionError):
        return None


def _put(document: MutableMapping[str, Any], key: ItemKey, value: object) -> None:
    """Set a key, or remove it if the value is None. A number behind the last table of an array adds one. Raises
    ConfigError."""
    table: Any = document
    for depth, (part, following) in enumerate(itertools.pairwise(key), 1):
        if isinstance(part, str) and part not in table:
            if value is None:
                return
            table[part] = [] if isinstance(following, int) else {}
        table = table[part]
        if not isinstance(table, MutableSequence if isinstance(following, int) else MutableMapping):
            kind = "an array of tables" if isinstance(following, int) else "a table with keys"
            raise ConfigError(f"{dotted(key[:depth])} is not {kind}")
    last = key[-1]
    if isinstance(last, int) and last == len(table):
        if value is not None:
            table.append(value)
    elif value is not None:
        table[last] = value
    elif isinstance(last, int) or last in table:
        del table[last]
        if isinstance(last, int) and not table:
            _put(document, key[:-1], None)
