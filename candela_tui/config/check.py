"""Validate the settings from the file and the environment, and explain mistakes."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from candela_tui.config.errors import ConfigError
from candela_tui.config.file import read_document
from candela_tui.config.settings import ModelNames, ModelPrice, Settings
from candela_tui.config.trust import config_access

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ENV_PREFIX = "CANDELA_"
Key = tuple[str, ...]


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the file, if it exists, and the environment. Raises ConfigError.

    If other users can write the file, its key_command is ignored: they could choose what this user runs.
    """
    document = read_document(path)
    commands = [section for section in document.values() if isinstance(section, dict) and "key_command" in section]
    if commands and config_access(path) is not None:
        for section in commands:
            del section["key_command"]
    return validated(document, str(path), environ)


def validated(document: Mapping[str, Any], source: str, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a document, overridden by those in the environment. Raises ConfigError that lists all
    mistakes."""
    merged = _tables(document)
    origin: dict[Key, str] = {}
    for name, (key, value) in from_environment(environ).items():
        table = merged
        for depth, part in enumerate(key[:-1], 1):
            if part not in table:
                origin[key[:depth]] = name
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                break
        else:
            table[key[-1]] = value
            origin[key] = name
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_explain(error, source, origin)) from None


def from_environment(environ: Mapping[str, str]) -> dict[str, tuple[Key, Any]]:
    """Return the key and value that each environment variable sets, by variable, sorted by name."""
    found = {}
    for name, value in sorted(environ.items()):
        key = tuple(name.removeprefix(ENV_PREFIX).lower().split("__"))
        if name.startswith(ENV_PREFIX) and len(key) > 1:
            found[name] = key, _from_variable(value)
    return found


def _tables(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _tables(value) if isinstance(value, Mapping) else value for key, value in document.items()}


def _from_variable(value: str) -> Any:
    """Return a variable's value: a table or list if it is written as inline TOML, otherwise the text itself."""
    if value.lstrip().startswith(("{", "[")):
        try:
            return tomllib.loads(f"value = {value}", parse_float=Decimal)["value"]
        except tomllib.TOMLDecodeError:
            pass
    return value


def _explain(error: ValidationError, source: str, origin: Mapping[Key, str]) -> str:
    mistakes: list[str] = []
    meant: set[Key] = set()
    # Explain misspelled keys first: each may also cause an error about the missing key that was meant.
    for mistake in sorted(error.errors(include_url=False), key=lambda mistake: mistake["type"] != "extra_forbidden"):
        where = tuple(str(part) for part in mistake["loc"])
        variable = next((origin[where[:n]] for n in range(len(where), 0, -1) if where[:n] in origin), None)
        place = f"environment variable {variable}" if variable else source
        if mistake["type"] == "extra_forbidden":
            known = known_keys(where[:-1])
            near = difflib.get_close_matches(where[-1], known, 1, 0.5)
            meant.update((*where[:-1], name) for name in near)
            remedy = f"did you mean {_key(*where[:-1], *near)}?" if near else f"known here: {', '.join(known)}"
            mistakes.append(f"{place}: {_key(*where)}: no such {'key' if where[1:] else 'section'}; {remedy}")
        elif mistake["type"] != "missing":
            mistakes.append(f"{place}: {_key(*where)}: expected {_expected(mistake)}; found {_found(mistake['input'])}")
        elif where not in meant:
            mistakes.append(f"{place}: {_key(*where)} is missing; {_key(*where[:-1])} needs it")
    return "\n".join(mistakes)


def _expected(mistake: "ErrorDetails") -> str:
    kind, limits = mistake["type"], mistake.get("ctx", {})
    for name, words in _LIMITS.items():
        if name in limits:
            return f"{words} {limits[name]}"
    if kind in ("int_type", "int_parsing", "int_from_float"):
        return "a whole number"
    if kind.startswith(("float_", "decimal_", "finite_number")):
        return "a number"
    if kind in ("model_type", "dict_type"):
        return "a table"
    if kind in ("tuple_type", "list_type"):
        return "a list"
    if kind.startswith("bool_"):
        return "true or false"
    if kind == "literal_error":
        return str(limits["expected"])
    if kind == "string_pattern_mismatch":
        return "text without spaces"
    if kind.startswith(("string_", "path_")):
        return "text"
    return mistake["msg"].removeprefix("Value error, ")


_TABLES: dict[Key, type[BaseModel]] = {("pricing", "models"): ModelPrice, ("models",): ModelNames}
"""The tables whose keys the user chooses, and the model of each entry."""
_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return repr(_PASSWORD.sub("//…@", value)) if isinstance(value, str) else str(value)


def _key(*parts: str) -> str:
    return ".".join(part if _BARE_KEY.fullmatch(part) else f'"{part}"' for part in parts)


_PASSWORD = re.compile(r"//[^/]*@")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def known_keys(section: Key = ()) -> list[str]:
    """Return the keys allowed in a section, where () is the top of the file.

    The list is empty if the section allows any key or does not exist."""
    for table, entry in _TABLES.items():
        if section[: len(table)] == table:
            return sorted(entry.model_fields) if len(section) == len(table) + 1 else []
    model: Any = Settings
    for part in section:
        field = model.model_fields.get(part)
        model = field.annotation if field is not None else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
    return sorted(model.model_fields)
