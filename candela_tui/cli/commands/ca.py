"""``candela ca``: show, renew and remove candela's certificate authority."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.output import echo_json
from candela_tui.providers.opened_hosts import OPENED_HOSTS
from candela_tui.proxy.tls_interception.files import AuthorityError, certificate_path
from candela_tui.reports.json_text import json_text

if TYPE_CHECKING:
    from candela_tui.proxy.tls_interception.authority import Authority

_NONE = "There is no certificate authority yet. `candela claude --intercept` makes one, and so does `candela ca renew`."


@click.group()
def ca() -> None:
    """Show, renew or remove the certificate authority with which candela opens connections to model providers.

    `candela claude --intercept` makes it on first use. Only programs that are told to trust it do so.
    """


@ca.command()
@pass_invocation
def path(invocation: Invocation) -> None:
    """Print the file of the certificate, for programs that are to trust it (NODE_EXTRA_CA_CERTS)."""
    _existing(invocation)
    click.echo(certificate_path(invocation.paths.authority))


@ca.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def show(invocation: Invocation, as_json: bool) -> None:
    """Show where the authority and its key are, what it may sign, and how long it is valid."""
    authority = _existing(invocation)
    hosts = [rule.words for rule in OPENED_HOSTS]
    if as_json:
        echo_json(
            json_text(
                {
                    "certificate": str(authority.certificate_path),
                    "key": str(authority.key_path),
                    "sha256": authority.fingerprint,
                    "valid_from": authority.certificate.not_valid_before_utc,
                    "valid_until": authority.expires,
                    "may_sign_below": list(authority.domains),
                    "signs_for": hosts,
                }
            )
        )
        return
    for label, words in (
        ("certificate", str(authority.certificate_path)),
        ("key", f"{authority.key_path}, for this user only"),
        ("SHA-256", authority.fingerprint),
        ("valid until", _day(authority.expires)),
        ("may sign", f"names below {', '.join(authority.domains)}"),
        ("signs for", "\n".join(hosts)),
    ):
        first, *others = words.split("\n")
        click.echo(f"{label:<12} {first}")
        for line in others:
            click.echo(f"{'':<12} {line}")


@ca.command()
@pass_invocation
def renew(invocation: Invocation) -> None:
    """Make a new authority in place of the old one, valid for a year. Restart the programs that trust the old one."""
    from candela_tui.proxy.tls_interception.authority import renewed_authority

    try:
        invocation.paths.make_data_directory()
        authority = renewed_authority(invocation.paths.authority)
    except OSError as error:
        raise click.ClickException(f"{invocation.paths.data}: can't be used: {error.strerror}") from None
    except AuthorityError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{authority.certificate_path}: valid until {_day(authority.expires)}")
    click.echo("Restart each Claude Code that was started with --intercept: it trusts the old one.")


@ca.command()
@pass_invocation
def remove(invocation: Invocation) -> None:
    """Delete the authority, its key and its bundles. From then on candela opens no connection."""
    from candela_tui.proxy.tls_interception.authority import remove_authority

    try:
        removed = remove_authority(invocation.paths.authority)
    except AuthorityError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Removed {invocation.paths.authority}" if removed else _NONE)


def _existing(invocation: Invocation) -> "Authority":
    from candela_tui.proxy.tls_interception.authority import existing_authority

    try:
        authority = existing_authority(invocation.paths.authority)
    except AuthorityError as error:
        raise click.ClickException(str(error)) from None
    if authority is None:
        raise click.ClickException(_NONE)
    return authority


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d}"
