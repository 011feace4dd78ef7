"""Gateway mode: Claude Code shows the budgets of candela as its own, and identifies itself with a key of candela's."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from candela_tui.claude_code.installed import NEWEST_KNOWN, version_of_command, written
from candela_tui.claude_code.own_login import TOKEN
from candela_tui.cli.claude.environment import RouteOptions
from candela_tui.providers.identity import Provider
from candela_tui.redaction import KEY_BEGINNING

if TYPE_CHECKING:
    from candela_tui.config import Settings
    from candela_tui.paths import Paths

Command = TypeVar("Command", bound=Callable[..., Any])
_DEFAULT = "gateway"
"""The name of the key that is made where none is named."""


def gateway_options(command: Command) -> Command:
    """Add the options ``--gateway`` and ``--key`` to a command."""
    gateway = click.option(
        "--gateway",
        is_flag=True,
        help="Gateway mode: Claude Code shows candela's budgets as its own notices, in /usage and in the status line. "
        "It goes without some of its features.",
    )
    key = click.option(
        "--key",
        metavar="NAME",
        help=f"With --gateway: the key of candela's to use, which is made if there is none. Default: {_DEFAULT}.",
    )
    return gateway(key(command))


def with_gateway(
    options: RouteOptions, key: str | None, settings: "Settings", paths: "Paths", environ: Mapping[str, str]
) -> RouteOptions:
    """Return the options with a key for gateway mode. ``key`` is its name, ``paths`` are those of the candela that
    serves. Blocks. Exits with an error if there is none to use."""
    from candela_tui.audit.actor import own_user
    from candela_tui.audit.entry import Via
    from candela_tui.keys.changes import KeyChanges
    from candela_tui.keys.errors import KeysError
    from candela_tui.keys.kept_texts import kept_key
    from candela_tui.keys.key import checked_name
    from candela_tui.store.open_audit import open_audit_log
    from candela_tui.store.open_keys import open_key_store

    if options.route.provider is Provider.ANTHROPIC and not options.own_key:
        raise click.ClickException(
            "In gateway mode candela signs in to Anthropic itself, and it has no API key for that. "
            "Sign in with `candela auth login`, or set anthropic.key_command."
        )
    given = environ.get(TOKEN, "")
    if key is None and given.startswith(KEY_BEGINNING):
        return replace(options, gateway_key=given)
    try:
        paths.make_data_directory()
        store = open_key_store(settings, paths)
        changes = KeyChanges(store, open_audit_log(settings, paths, own_user(), Via.COMMAND))
        return replace(options, gateway_key=kept_key(checked_name(key or _DEFAULT), store, changes, paths))
    except (KeysError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{paths.data}: the data directory can't be used: {error.strerror}") from None


def say_what_gateway_mode_costs(command: str) -> None:
    """Print what Claude Code goes without in gateway mode, to standard error. Blocks."""
    from candela_tui.protocol.claude_code.withheld import measured_for

    version = version_of_command(command, os.environ)
    measured = measured_for(version or NEWEST_KNOWN)
    lacks = [each.name for each in measured.in_gateway_mode if each.kind == "beta"]
    models = [f"{each.effect}, not {each.name}" for each in measured.in_gateway_mode if each.kind == "model"]
    if measured.shows_spend_limits:
        shows = "Its notices, /usage and status line show candela's budgets in dollars"
    else:
        shows = "It shows no limits of spending: newer versions do"
    click.echo(
        f"candela: in gateway mode Claude Code goes without {', '.join(lacks)}, and has {', '.join(models)} (measured "
        f"with {written(measured.version)}). {shows} (docs/gateway.md).",
        err=True,
    )
