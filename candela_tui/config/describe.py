"""Describe the settings: their meaning, default, choices and origin."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from candela_tui.config.check import from_environment
from candela_tui.config.field_docstrings import field_docstrings
from candela_tui.config.settings import Settings, names_by_key
from candela_tui.config.toml_text import Key


@dataclass(frozen=True, slots=True)
class Setting:
    """The description of one key of config.toml."""

    key: Key
    meaning: str
    default: Any
    choices: tuple[Any, ...] = ()
    """All allowed values, if they can be listed."""

    @property
    def name(self) -> str:
        """The dotted key, such as ``proxy.port``."""
        return ".".join(self.key)

    def value(self, settings: Settings) -> Any:
        """Return the value of this key in the given settings."""
        found: Any = settings_document(settings)
        for part in self.key:
            found = found[part]
        return found


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting is set. If in both places, the variable wins; if in neither, the default applies."""

    in_file: bool
    variable: str | None = None


def settings_document(settings: Settings) -> dict[str, Any]:
    """Return all settings as the tables of config.toml, with the defaults of what is not set."""
    return {key: _plain(getattr(settings, name)) for key, name in names_by_key(Settings).items()}


def _plain(value: Any) -> Any:
    # pydantic's model_dump does the same, but builds the serializers of all sections first.
    if isinstance(value, BaseModel):
        return {key: _plain(getattr(value, name)) for key, name in names_by_key(type(value)).items()}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def known_settings() -> list[Setting]:
    """Return all settings, in the order of their sections."""
    return list(_settings_of(Settings, ()))


def _settings_of(section: type[BaseModel], above: Key) -> list[Setting]:
    found: list[Setting] = []
    meanings = field_docstrings(section)
    for key, name in names_by_key(section).items():
        field = section.model_fields[name]
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += _settings_of(kind, (*above, key))
        else:
            choices = (False, True) if kind is bool else get_args(kind) if get_origin(kind) is Literal else ()
            meaning = " ".join(meanings.get(name, "").split())
            found.append(Setting((*above, key), meaning, field.get_default(call_default_factory=True), choices))
    return found


def origin_of(key: Key, document: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Origin:
    """Return where a key is set: in the document, in the environment, in both or in neither."""
    table: Any = document
    for part in key:
        if not isinstance(table, Mapping) or part not in table:
            table = None
            break
        table = table[part]
    variables = [name for name, set_, _ in from_environment(environ) if set_ == key[: len(set_)]]
    return Origin(table is not None, variables[-1] if variables else None)
