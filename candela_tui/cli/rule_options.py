"""``candela rules add``, ``edit`` and ``remove`` with a command for each kind of rules, made from the settings.

A new kind of rules, or a new key of one, needs nothing here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from candela_tui.config import RuleField, RuleKind


class KindsGroup(click.Group):
    """A group with a command for each kind of rules. The settings are read when one is used."""

    def __init__(self, make: "Callable[[RuleKind], click.Command]", **options: Any) -> None:
        super().__init__(**options)
        self._make = make

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the kinds of rules."""
        return [kind.name for kind in _kinds()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command for a kind, or None if there is no such kind."""
        return next((self._make(kind) for kind in _kinds() if kind.name == cmd_name), None)


def _kinds() -> "Sequence[RuleKind]":
    # Not at the top: `candela --help` does not need the settings.
    from candela_tui.config import rule_kinds

    return rule_kinds()


def options_for(kind: "RuleKind", *, required: bool) -> list[click.Parameter]:
    """Return an option for each key of a kind. ``required``: those of keys that have no default must be given."""
    return [_option(field, required=required) for field in kind.fields]


def _option(field: "RuleField", *, required: bool) -> click.Option:
    name = field.name.replace("_", "-")
    if field.shape == "switch":
        return click.Option([f"--{name}/--no-{name}", field.name], default=None, help=field.meaning)
    several = field.shape in ("list", "table")
    kind: click.ParamType[str] = click.Choice(field.choices) if field.choices else click.STRING
    return click.Option(
        [f"--{name}", field.name],
        type=kind,
        multiple=several,
        required=required and field.required,
        metavar="NAME=VALUE" if field.shape == "table" else None if field.choices else "TEXT",
        help=f"{field.meaning} Can be given several times." if several else field.meaning,
    )


def values_of(kind: "RuleKind", given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys and values that the options of ``options_for`` give, as TOML has them."""
    fields = {field.name: field for field in kind.fields}
    return {name: _value(fields[name], value) for name, value in given.items() if value not in (None, ())}


def _value(field: "RuleField", given: Any) -> Any:
    if field.shape == "switch":
        return given
    if field.shape == "list":
        return [field.value(text) for text in given]
    if field.shape == "table":
        pairs = [text.partition("=") for text in given]
        wrong = next((name for name, equals, _ in pairs if not equals or not name), None)
        if wrong is not None:
            raise click.UsageError(f"--{field.name.replace('_', '-')} takes NAME=VALUE, not {wrong!r}.")
        return {name: field.value(text) for name, _, text in pairs}
    return field.value(given)
