"""The types of the settings: what each key accepts, also below the tables whose keys the user chooses."""

import types
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from candela_tui.config.settings import Settings, names_by_key
from candela_tui.config.toml_text import Key

_WORDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    bool: "true or false",
    str: "text",
    Path: "text",
    tuple: "a list",
    dict: "a table",
}


def known_keys(section: Iterable[str] = ()) -> list[str]:
    """Return the keys allowed in a section, where () is the top of the file.

    The list is empty if the section allows any key or does not exist."""
    found = _type_of(section)
    return sorted(names_by_key(found)) if _is_section(found) else []


def setting_keys(section: Key = ()) -> Iterator[Key]:
    """Yield the key of every setting, in the order of the sections."""
    for part in names_by_key(_type_of(section)):
        key = (*section, part)
        if _is_section(_type_of(key)):
            yield from setting_keys(key)
        else:
            yield key


def is_known(key: Iterable[str]) -> bool:
    """Return whether there is a setting or section of this name."""
    return _type_of(key) is not None


def is_section(key: Iterable[str | int]) -> bool:
    """Return whether this is a section that candela knows by its own name, such as ``rules.models``."""
    found: Any = Settings
    for part in key:
        name = names_by_key(found).get(str(part)) if _is_section(found) else None
        if name is None:
            return False
        found = plain_type(found.model_fields[name].annotation)
    return _is_section(found)


def expected_at(key: Iterable[str]) -> str:
    """Return in words what type of value a key accepts."""
    found = _type_of(key)
    if get_origin(found) is Literal:
        *others, last = map(repr, get_args(found))
        return f"{', '.join(others)} or {last}"
    return "a table" if _is_section(found) else _WORDS.get(get_origin(found) or found, "another value")


def accepts_text(key: Iterable[str]) -> bool:
    """Return whether a key's value is text, so that what a user types for it needs no quotes."""
    found = _type_of(key)
    return found in (str, Path) or get_origin(found) is Literal


def _type_of(key: Iterable[str]) -> Any:
    """Return the type of a key's value without None and constraints, or None if there is no such key."""
    found: Any = Settings
    for part in key:
        if _is_section(found):
            name = names_by_key(found).get(part)
            found = plain_type(found.model_fields[name].annotation) if name is not None else None
        elif get_origin(found) is dict:
            found = plain_type(get_args(found)[1])
        elif get_origin(found) is tuple:
            found = plain_type(get_args(found)[0])
        else:
            return None
    return found


def plain_type(annotation: Any) -> Any:
    """Return a type without None and constraints."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return plain_type(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not types.NoneType]
        return plain_type(kinds[0]) if len(kinds) == 1 else annotation
    return annotation


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
