"""Validate the settings from the file and the environment, and explain mistakes."""

import contextlib
import difflib
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from candela_tui.config.errors import ConfigError
from candela_tui.config.field_types import expected_at, known_keys, setting_keys
from candela_tui.config.file import read_document
from candela_tui.config.secret_values import may_be_secret
from candela_tui.config.settings import Settings
from candela_tui.config.sidecar import sidecar_settings
from candela_tui.config.toml_text import Key, NotToml, dotted, parse
from candela_tui.config.trust import config_access
from candela_tui.redaction import redact_text
from candela_tui.text.terminal_safe import terminal_safe

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ENV_PREFIX = "CANDELA_"


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
    for name, key, value in from_environment(environ):
        table = merged
        for depth, part in enumerate(key[:-1], 1):
            if part not in table or expected_at(key[:depth]) != "a table":
                table[part] = {}
                origin[key[:depth]] = name
            table = table[part]
            if not isinstance(table, dict):
                break  # The file has a value where a section is expected, which is its mistake.
        else:
            table[key[-1]] = value
            origin[key] = name
    found, mistakes = _sections(merged)
    if mistakes:
        raise ConfigError(_explain(mistakes, source, origin))
    return Settings.model_construct(**found)


def _sections(document: Mapping[str, Any]) -> tuple[dict[str, Any], "list[ErrorDetails]"]:
    """Validate each section that a document has, by itself. Return the valid ones, and all mistakes.

    The validator of all settings together does the same, but building it takes longer than most commands run."""
    found: dict[str, Any] = {}
    mistakes: list[ErrorDetails] = []
    for key, value in document.items():
        if key not in Settings.model_fields:
            mistakes.append({"type": "extra_forbidden", "loc": (key,), "msg": "", "input": value})
            continue
        try:
            found[key] = _validator(key).validate_python(value)
        except ValidationError as error:
            mistakes += [{**each, "loc": (key, *each["loc"])} for each in error.errors(include_url=False)]
    return found, mistakes


@cache
def _validator(key: str) -> TypeAdapter[Any]:
    section: Any = Settings.model_fields[key].annotation
    return TypeAdapter(section)


def from_environment(environ: Mapping[str, str]) -> list[tuple[str, Key, Any]]:
    """Return the variable, key and value of each setting that the environment makes. Of two for a key, the last
    counts."""
    found = [*sidecar_settings(environ)]
    for name, value in sorted(environ.items()):
        key = tuple(name.removeprefix(ENV_PREFIX).lower().split("__"))
        if name.startswith(ENV_PREFIX) and len(key) > 1:
            found.append((name, key, _from_variable(value)))
    return found


def misspelled_variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that name a setting without the two underscores between its parts, with the right names."""
    right = {"_".join(key): f"{ENV_PREFIX}{'__'.join(key)}".upper() for key in setting_keys()}
    names = {name: name.removeprefix(ENV_PREFIX).lower() for name in sorted(environ) if name.startswith(ENV_PREFIX)}
    return {name: right[key] for name, key in names.items() if key in right}


def _tables(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _tables(value) if isinstance(value, Mapping) else value for key, value in document.items()}


def _from_variable(value: str) -> Any:
    """Return a variable's value: a table or list if it is written as inline TOML, otherwise the text itself."""
    if value.lstrip().startswith(("{", "[")):
        with contextlib.suppress(NotToml):
            return parse(f"value = {value}")["value"]
    return value


def _explain(found: "list[ErrorDetails]", source: str, origin: Mapping[Key, str]) -> str:
    mistakes: list[str] = []
    meant: set[Key] = set()
    # Explain misspelled keys first: each may also cause an error about the missing key that was meant.
    for mistake in sorted(found, key=lambda mistake: mistake["type"] != "extra_forbidden"):
        where = tuple(str(part) for part in mistake["loc"])
        variable = next((origin[where[:n]] for n in range(len(where), 0, -1) if where[:n] in origin), None)
        place = f"environment variable {variable}" if variable else source
        if mistake["type"] == "extra_forbidden":
            known = known_keys(where[:-1])
            near = difflib.get_close_matches(where[-1], known, 1, 0.5)
            meant.update((*where[:-1], name) for name in near)
            remedy = f"did you mean {dotted((*where[:-1], *near))}?" if near else f"known here: {', '.join(known)}"
            mistakes.append(f"{place}: {dotted(where)}: no such {'key' if where[1:] else 'section'}; {remedy}")
        elif mistake["type"] == "unusable":
            words = f"{_found(mistake['input'], where)} can't be used: {mistake['msg']}"
            mistakes.append(f"{place}: {dotted(where)}: {words}")
        elif mistake["type"] != "missing":
            words = f"expected {_expected(mistake, where)}; found {_found(mistake['input'], where)}"
            mistakes.append(f"{place}: {dotted(where)}: {words}")
        elif where not in meant:
            mistakes.append(f"{place}: {dotted(where)} is missing; {dotted(where[:-1])} needs it")
    return "\n".join(map(terminal_safe, mistakes))


def _expected(mistake: "ErrorDetails", where: Key) -> str:
    kind, limits = mistake["type"], mistake.get("ctx", {})
    for name, words in _LIMITS.items():
        if name in limits:
            return f"{words} {limits[name]}"
    if kind == "value_error":
        return mistake["msg"].removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        return "one word without spaces"
    if kind == "string_too_short":
        return "text that is not empty"
    if kind == "decimal_max_places":
        return f"a number with at most {limits['decimal_places']} decimal places"
    expected = expected_at(where)
    is_text = isinstance(mistake["input"], str | Mapping | list)
    return expected if expected != "text" or is_text else "text in quotes"


_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_MOST_SHOWN = 60
_MOST_BITS = 200


def _found(value: Any, where: Key) -> str:
    if may_be_secret(where):
        return "something else"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "a very large number"
    text = repr(redact_text(_PASSWORD.sub("//…@", value))) if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


_PASSWORD = re.compile(r"//[^/]*@")
