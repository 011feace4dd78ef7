"""The kinds of rules in config.toml, as the settings describe them: what each kind is for, and its keys."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from candela_tui.config.field_docstrings import field_docstrings
from candela_tui.config.field_types import plain_type
from candela_tui.config.settings import RulesSettings, names_by_key
from candela_tui.config.toml_text import Key
from candela_tui.config.toml_value import from_text

Shape = Literal["switch", "value", "list", "table"]
"""true or false, one value, several values, or values by name."""


@dataclass(frozen=True, slots=True)
class RuleField:
    """One key of a kind of rules."""

    key: Key
    """Its place in config.toml, such as ``("rules", "tools", "0", "deny")``."""
    meaning: str
    shape: Shape
    default: Any
    required: bool
    choices: tuple[str, ...] = ()
    """All allowed values, or elements of a list, if they can be listed."""

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key[-1]

    def value(self, text: str) -> Any:
        """Return the value that a user typed for it: of an element if it is a list or a table."""
        return from_text((*self.key, "0") if self.shape in ("list", "table") else self.key, text)

    def whole_value(self, text: str) -> Any:
        """Return the value that a user typed for all of it: a list or table as TOML, or the only element of a list."""
        value = from_text(self.key, text)
        return [value] if self.shape == "list" and not isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class RuleKind:
    """One kind of rules: a section of [rules], or an array of tables there."""

    name: str
    """The section's name, such as ``tools``."""
    meaning: str
    many: bool
    """Whether there may be several rules of this kind, each with a name."""
    fields: tuple[RuleField, ...]

    @property
    def section(self) -> str:
        """The section as it is written in config.toml, such as ``[[rules.tools]]``."""
        return f"[[rules.{self.name}]]" if self.many else f"[rules.{self.name}]"


@cache
def rule_kinds() -> Sequence[RuleKind]:
    """Return all kinds, in the order of the settings."""
    found = []
    for key, name in names_by_key(RulesSettings).items():
        kind = plain_type(RulesSettings.model_fields[name].annotation)
        many = get_origin(kind) is tuple
        section = plain_type(get_args(kind)[0]) if many else kind
        if isinstance(section, type) and issubclass(section, BaseModel):
            at: Key = ("rules", key, "0") if many else ("rules", key)
            meaning = " ".join(inspect.cleandoc(section.__doc__ or "").partition(": ")[2].split())
            found.append(RuleKind(key, meaning[:1].upper() + meaning[1:], many, _fields(section, at)))
    return tuple(found)


def _fields(section: type[BaseModel], at: Key) -> tuple[RuleField, ...]:
    meanings = field_docstrings(section)
    found = []
    for key, name in names_by_key(section).items():
        field = section.model_fields[name]
        shape, element = _shape(plain_type(field.annotation))
        found.append(
            RuleField(
                (*at, key),
                " ".join(meanings.get(name, "").split()),
                shape,
                None if field.is_required() else field.get_default(call_default_factory=True),
                field.is_required(),
                get_args(element) if get_origin(element) is Literal else (),
            )
        )
    return tuple(found)


def _shape(kind: Any) -> tuple[Shape, Any]:
    """Return the shape of a key's value, and the type of the value or of its elements."""
    origin = get_origin(kind)
    if origin is tuple:
        return "list", plain_type(get_args(kind)[0])
    if origin is dict:
        return "table", plain_type(get_args(kind)[1])
    return ("switch" if kind is bool else "value"), kind
