"""Ask before a change."""

import sys
from collections.abc import Iterable

import click


def confirm(question: str, *, yes: bool, declined: str, details: Iterable[str] = ()) -> None:
    """Ask whether to make a change, after the details. Exits if the user says no (after ``declined``), or can't be
    asked."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("There is no terminal to ask on. Give --yes to go ahead without being asked.")
    for line in details:
        click.echo(line, err=True)
    if not click.confirm(question, err=True):
        click.echo(declined, err=True)
        raise click.exceptions.Exit(1)
