"""``candela config``: read and change the settings."""

import tomllib
from collections.abc import Mapping
from typing import Any

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.config import (
    ConfigError,
    change_setting,
    from_text,
    known_keys,
    known_settings,
    load,
    origin_of,
    toml_document,
    toml_value,
)


@click.group()
def config() -> None:
    """Read, change and check config.toml.

    \b
    Examples:
      candela config get                                all current settings
      candela config set proxy.port 8182
      candela config set anthropic.base_url https://gateway.example
      candela config set 'pricing.models."my-model"' '{ input = 3, output = 15 }'
    """


@config.command()
@pass_invocation
def path(invocation: Invocation) -> None:
    """Print the path of config.toml."""
    click.echo(invocation.paths.config)


@config.command()
@click.argument("key", required=False)
@pass_invocation
def get(invocation: Invocation, key: str | None) -> None:
    """Print the current value of KEY, or all settings with their meaning.

    Environment variables override the file, and the file overrides the defaults. Without KEY, the output is a valid
    config.toml.
    """
    found: Any = invocation.settings().model_dump(exclude_none=key is None)
    parts = _parts(key) if key is not None else []
    for depth, part in enumerate(parts):
        if not isinstance(found, Mapping) or part not in found:
            known = known_keys(tuple(parts[:depth]))
            raise click.ClickException(f"{key}: there is no such key. Known keys: {', '.join(known) or 'none'}")
        found = found[part]
    if isinstance(found, Mapping):
        meanings = {setting.key: setting.meaning for setting in known_settings()} if key is None else {}
        click.echo(toml_document(found, meanings), nl=False)
    else:
        click.echo(_text(found))


@config.command("set")
@click.argument("key")
@click.argument("value")
@pass_invocation
def set_(invocation: Invocation, key: str, value: str) -> None:
    """Check VALUE, and set KEY to it in config.toml.

    VALUE is read as TOML (8182, true, "text", { input = 3, output = 15 }), or else as text. Comments in the file stay.
    """
    file = invocation.paths.config
    parts = tuple(_parts(key))
    try:
        change_setting(file, parts, from_text(value))
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    variable = origin_of(parts, {}).variable
    if variable is not None:
        click.echo(f"Written to {file}, but the environment variable {variable} is set and overrides it.", err=True)


@config.command()
@pass_invocation
def check(invocation: Invocation) -> None:
    """Check config.toml and the environment."""
    file = invocation.paths.config
    try:
        settings = load(file)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    if settings.ui.keys:
        from candela_tui.ui.keys.keymap import keymap

        troubles = keymap(settings.ui.keys).troubles
        if troubles:
            raise click.ClickException("\n".join(f"{file}: {trouble}" for trouble in troubles))
    click.echo(f"{file}: {'every setting is valid' if file.exists() else 'there is no such file; the defaults apply'}")


def _parts(key: str) -> list[str]:
    """Return the parts of a dotted TOML key, such as ``pricing.models."my-model".input``."""
    try:
        document: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        document = None
    parts = []
    while isinstance(document, dict) and len(document) == 1:
        part, document = next(iter(document.items()))
        parts.append(part)
    if document != 0 or not parts:
        raise click.UsageError(
            f"{key!r} is not a key. Write section.name, such as proxy.port, and put names with dots in double quotes."
        )
    return parts


def _text(value: Any) -> str:
    if value is None:
        return ""
    return toml_value(value) if isinstance(value, bool | list | tuple) else str(value)
