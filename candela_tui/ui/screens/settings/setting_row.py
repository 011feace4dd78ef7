"""The row of a setting, and its description."""

import textwrap
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from candela_tui.config import Origin, Setting, toml_value, without_secrets
from candela_tui.text.cells import fitted
from candela_tui.ui.style.styled_text import Line

_NAME_WIDTH = 32
_WHERE_WIDTH = 12


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting with the value in force."""

    setting: Setting
    value: Any
    origin: Origin
    stand_in: tuple[str, str] | None = None
    """Name and value of another program's variable that is used while the setting is not set."""
    height: int = 1
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """The name of the setting."""
        return self.setting.name

    @property
    def text(self) -> str:
        """The value as TOML, without credentials."""
        return '""' if self.value is None else toml_value(without_secrets(self.setting.key, self.value))

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the name, the value and its origin."""
        stand_in = self.stand_in if self.value is None else None
        in_environment = self.origin.variable is not None or stand_in is not None
        by_default = not self.origin.in_file and not in_environment
        name = fitted(self.setting.name, min(_NAME_WIDTH, max(12, width // 2)))
        value = fitted(stand_in[1] if stand_in is not None else self.text, max(8, width - len(name) - _WHERE_WIDTH - 4))
        where = "default" if by_default else "environment" if in_environment else "config.toml"
        style = "dim" if by_default else "bright"
        return (
            (f" {name} ", "text"),
            (f"{value} ", style),
            (fitted(where, _WHERE_WIDTH), "dim" if by_default else "accent"),
        )

    def about(self, width: int) -> list[Line]:
        """Return the description: meaning, default, origin, and when a change takes effect."""
        setting, variable = self.setting, self.origin.variable
        lines: list[Line] = [((part, "text"),) for part in textwrap.wrap(setting.meaning, width)]
        default = '""' if setting.default is None else toml_value(setting.default)
        facts = [("default ", "dim"), (default, "text")]
        if setting.choices:
            facts += [("   one of ", "dim"), (", ".join(map(toml_value, setting.choices)), "text")]
        lines.append(tuple(facts))
        if self.stand_in is not None and self.value is None:
            lines.append(((f"not set: {self.stand_in[1]} from {self.stand_in[0]} is used", "accent"),))
        if variable is not None:
            overridden = f"set by the environment variable {variable}, which takes precedence over the file"
            lines += [((part, "warn"),) for part in textwrap.wrap(overridden, width)]
        lines.append((("Takes effect " + ("at once." if at_once(setting) else "after a restart."), "dim"),))
        return lines


def at_once(setting: Setting) -> bool:
    """Return whether a change takes effect without a restart."""
    return setting.key[0] in ("ui", "rules")
