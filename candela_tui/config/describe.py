"""What each setting means, what it is by default, and where it is set."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from candela_tui.config.check import Key, from_environment
from candela_tui.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of config.toml."""

    key: Key
    meaning: str
    default: Any
    choices: tuple[Any, ...] = ()
    """All values there are, where they can be listed."""

    @property
    def name(self) -> str:
        """``proxy.port``."""
        return ".".join(self.key)

    def value(self, settings: Settings) -> Any:
        """What it is in these settings."""
        found: Any = settings
        for part in self.key:
            found = getattr(found, part)
        return found


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting is set; both: the variable wins; neither: its default holds."""

    in_file: bool
    variable: str | None = None


def known_settings() -> list[Setting]:
    """Every setting, in the order of its section."""
    return list(_settings_of(Settings, ()))


def _settings_of(section: type[BaseModel], above: Key) -> list[Setting]:
    found: list[Setting] = []
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += _settings_of(kind, (*above, name))
        else:
            choices = (False, True) if kind is bool else get_args(kind) if get_origin(kind) is Literal else ()
            meaning = " ".join((field.description or "").split())
            found.append(Setting((*above, name), meaning, field.get_default(call_default_factory=True), choices))
    return found


def origin_of(key: Key, document: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Origin:
    """Where a key is set, in a file as read and in the environment."""
    table: Any = document
    for part in key:
        if not isinstance(table, Mapping) or part not in table:
            table = None
            break
        table = table[part]
    variables = (name for name, (set_, _) in from_environment(environ).items() if set_ == key[: len(set_)])
    return Origin(table is not None, next(variables, None))
