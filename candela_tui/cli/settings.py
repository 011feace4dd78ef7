"""``candela config``: the settings, on the command line."""

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import click
import tomli_w

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.config import ConfigError, known_keys, load, read_document, validated, write_document


@click.group()
def config() -> None:
    """Read, change and check config.toml.

    \b
    Examples:
      candela config get                                every setting in force
      candela config set proxy.port 8182
      candela config set anthropic.base_url https://gateway.example
      candela config set 'pricing.models."my-model"' '{ input = 3, output = 15 }'
    """


@config.command()
@pass_invocation
def path(invocation: Invocation) -> None:
    """Print where config.toml is."""
    click.echo(invocation.paths.config)


@config.command()
@click.argument("key", required=False)
@pass_invocation
def get(invocation: Invocation, key: str | None) -> None:
    """Print the setting KEY, or all of them, as they are in force: the file, the environment, the defaults."""
    found: Any = invocation.settings().model_dump(exclude_none=key is None)
    parts = _parts(key) if key is not None else []
    for depth, part in enumerate(parts):
        if not isinstance(found, Mapping) or part not in found:
            known = known_keys(tuple(parts[:depth]))
            raise click.ClickException(f"{key}: no such key. Known here: {', '.join(known) or 'none'}")
        found = found[part]
    if isinstance(found, Mapping):
        click.echo(tomli_w.dumps(_written(found)), nl=False)
    else:
        click.echo(_text(found))


@config.command("set")
@click.argument("key")
@click.argument("value")
@pass_invocation
def set_(invocation: Invocation, key: str, value: str) -> None:
    """Set KEY to VALUE in config.toml, after checking it.

    VALUE is read as TOML (8182, true, "text", { input = 3, output = 15 }); what is not TOML is text. Comments in the
    file are not kept.
    """
    file = invocation.paths.config
    parts = _parts(key)
    try:
        document = read_document(file)
        _put(document, parts, _value(value))
        validated(document, str(file), {})
        write_document(file, document)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    variable = f"CANDELA_{'__'.join(parts[:2])}".upper()
    if len(parts) > 1 and variable in os.environ:
        click.echo(f"Written to {file}, but the environment variable {variable} is set and wins.", err=True)


@config.command()
@pass_invocation
def check(invocation: Invocation) -> None:
    """Check config.toml and the environment."""
    file = invocation.paths.config
    try:
        load(file)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{file}: {'every setting is valid' if file.exists() else 'no such file: the defaults hold'}")


def _parts(key: str) -> list[str]:
    """A dotted key as TOML writes it: ``pricing.models."my-model".input``."""
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
            f"{key!r} is not a key. Write section.name, such as proxy.port, and names that have dots in double quotes."
        )
    return parts


def _value(text: str) -> Any:
    try:
        document = tomllib.loads(f"value = {text}", parse_float=Decimal)
    except tomllib.TOMLDecodeError:
        return text
    return document["value"] if list(document) == ["value"] else text


def _put(document: dict[str, Any], parts: list[str], value: Any) -> None:
    table = document
    for depth, part in enumerate(parts[:-1]):
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{'.'.join(parts[: depth + 1])} is a value, and has no keys below it")
        table = inner
    table[parts[-1]] = value


def _written(value: Any) -> Any:
    """What TOML can hold: no null, and paths as text."""
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items() if item is not None}
    return value if isinstance(value, str | int | float | bool | Decimal) else str(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
