"""Prepare what ``--intercept`` needs: candela's certificate authority, and the environment for the client."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from candela_tui.cli.claude.environment import Changes
from candela_tui.cli.claude.intercepted_environment import EXTRA_CERTIFICATES, intercepted_changes
from candela_tui.doctor.client_settings import ClientSettingsFile
from candela_tui.paths import Paths


def prepared(paths: Paths, port: int, seen: Mapping[str, str], *, own_key: bool) -> Changes:
    """Return the changes for a client that candela intercepts. Makes the authority if there is none. Blocks.

    ``paths`` are those of the candela that serves. Exits with an error if the authority can't be used."""
    from candela_tui.proxy.tls_interception.authority import own_authority
    from candela_tui.proxy.tls_interception.files import AuthorityError

    try:
        authority = own_authority(paths.authority)
        theirs = seen.get(EXTRA_CERTIFICATES)
        certificates = authority.certificate_path
        if theirs and Path(theirs).parent != paths.authority:
            certificates = authority.bundle_with(Path(theirs))
    except AuthorityError as error:
        raise click.ClickException(str(error)) from None
    return intercepted_changes(port, certificates, os.environ, seen, own_key=own_key)


def overridden(files: Sequence[ClientSettingsFile], changes: Changes) -> Iterator[tuple[Path, str]]:
    """Yield each settings file of Claude Code and variable in it that takes the place of one of the changes."""
    for file in files:
        for name, value in file.env.items():
            if (name in changes.wanted and value != changes.wanted[name]) or (name in changes.unwanted and value):
                yield file.path, name


def say_what_is_intercepted(made: Changes) -> None:
    """Print which variables were removed, to standard error."""
    if made.led_past:
        click.echo(
            f"candela: removed {', '.join(made.led_past)}: with --intercept Claude Code asks for its provider itself. "
            "A gateway in its place is anthropic.base_url in config.toml.",
            err=True,
        )
