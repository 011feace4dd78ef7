"""``candela config``: read and change the settings."""

import contextlib
from collections.abc import Mapping
from typing import Any

import click

from candela_tui.cli.audited import recorded_rules
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.config import (
    ConfigError,
    change_setting,
    dotted_key,
    from_text,
    is_known,
    known_keys,
    known_settings,
    load,
    misspelled_variables,
    origin_of,
    read_document,
    settings_document,
    toml_document,
    toml_value,
    without_secrets,
)
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.settings_check import setting_mistakes, setting_warnings


@click.group()
def config() -> None:
    """Read, change and check config.toml.

    \b
    Examples:
      candela config get                                all current settings
      candela config set proxy.port 8182
      candela config set anthropic.base_url https://gateway.example
      candela config set 'pricing.models."my-model"' '{ input = 3, output = 15 }'
      candela config unset proxy.port                   back to the default
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
    config.toml, with settings that have no value as comments. What may be a credential, such as header fields for a
    service, is only shown where KEY names it alone.
    """
    found: Any = settings_document(invocation.settings())
    parts = _parts(key) if key is not None else ()
    for depth, part in enumerate(parts):
        if not isinstance(found, Mapping) or part not in found:
            known = known_keys(parts[:depth])
            raise click.ClickException(f"{key}: there is no such key. Known keys: {', '.join(known) or 'none'}")
        found = found[part]
    if isinstance(found, Mapping):
        depth = len(parts)
        meanings = {one.key[depth:]: one.meaning for one in known_settings() if one.key[:depth] == parts}
        click.echo(toml_document(without_secrets(parts, found), meanings), nl=False)
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
    parts = _parts(key)
    _change(invocation, parts, from_text(parts, value))


@config.command()
@click.argument("key")
@pass_invocation
def unset(invocation: Invocation, key: str) -> None:
    """Remove KEY from config.toml, so that its default applies."""
    file, parts = invocation.paths.config, _parts(key)
    try:
        in_file = origin_of(parts, read_document(file), {}).in_file
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    if in_file:
        _change(invocation, parts, None)
    elif is_known(parts):
        click.echo(f"{key} is not set in {file}.")
    else:
        raise click.ClickException(f"{key}: there is no such key in {file}. `candela config get` lists the settings.")


def _change(invocation: Invocation, key: tuple[str, ...], value: object) -> None:
    file = invocation.paths.config
    try:
        with recorded_rules(invocation) if key[0] in ("rules", "keys") else contextlib.nullcontext():
            change_setting(file, key, value, setting_mistakes)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    if value is not None:
        for warning in setting_warnings(load(file, {})):
            if warning.startswith(f"{'.'.join(key)}: "):
                _warn(f"{file}: {warning}")
    variable = origin_of(key, {}).variable
    if variable is not None:
        click.echo(f"Written to {file}, but the environment variable {variable} is set and overrides it.", err=True)


@config.command()
@pass_invocation
def check(invocation: Invocation) -> None:
    """Check config.toml and the environment.

    Exits with 1 if there is a mistake. Warnings do not count.
    """
    file = invocation.paths.config
    for name, right in misspelled_variables().items():
        _warn(f"the environment variable {name} is ignored; write {right}, with two underscores")
    try:
        settings = load(file)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    mistakes = setting_mistakes(settings)
    if mistakes:
        raise click.ClickException("\n".join(f"{file}: {mistake}" for mistake in mistakes))
    for warning in setting_warnings(settings):
        _warn(f"{file}: {warning}")
    if settings.ui.keys:
        from candela_tui.ui.keys.keymap import keymap

        for clash in keymap(settings.ui.keys).clashes:
            _warn(f"{file}: {clash}")
    click.echo(f"{file}: {'every setting is valid' if file.exists() else 'there is no such file; the defaults apply'}")


def _warn(words: str) -> None:
    click.echo(f"Warning: {terminal_safe(words)}", err=True)


def _parts(key: str) -> tuple[str, ...]:
    """Return the parts of a dotted TOML key, such as ``pricing.models."my-model".input``."""
    parts = dotted_key(key)
    if parts is None:
        raise click.UsageError(
            f"{key!r} is not a key. Write section.name, such as proxy.port, and put names with dots in double quotes."
        )
    return parts


def _text(value: Any) -> str:
    if value is None:
        return ""
    return toml_value(value) if isinstance(value, bool | list | tuple) else str(value)
