"""``candela people``: who is signed in with [team], and signing them out."""

from typing import TYPE_CHECKING

import click

from candela_tui.cli.audited import audit_log
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.keys.errors import KeysError
from candela_tui.reports.json_text import json_text
from candela_tui.text.tables import table
from candela_tui.text.times import Clock, local_time

if TYPE_CHECKING:
    # It imports SQLAlchemy.
    from candela_tui.keys.session_store import Session


@click.group()
def people() -> None:
    """List the people who are signed in, and sign them out.

    With [team] in config.toml, people sign in with the identity of their company, such as by /login in Claude Code.
    docs/gateway.md says how.
    """


@people.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def list_people(invocation: Invocation, as_json: bool) -> None:
    """List who is signed in. Each sign-in is a line: a person may have several machines."""
    from candela_tui.keys.person import of_dashboard
    from candela_tui.store.open_people import open_session_store

    try:
        sessions = open_session_store(invocation.settings(), invocation.paths).sessions()
    except KeysError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        echo_json(json_text([_record(session) for session in sessions]))
    elif sessions:
        clock = Clock()
        rows = [
            (
                session.person.email,
                session.person.team or "",
                "dashboard" if of_dashboard(session.id) else "Claude Code",
                local_time(session.began_at, clock),
                local_time(session.used_at, clock),
                local_time(session.until, clock),
            )
            for session in sessions
        ]
        click.echo(
            table(("PERSON", "TEAM", "FOR", "SINCE", "LAST REFRESH", "UNTIL"), rows, flexible=0, width=output_width())
        )
    else:
        click.echo("Nobody is signed in.", err=True)


@people.command()
@click.argument("person", metavar="EMAIL")
@pass_invocation
def logout(invocation: Invocation, person: str) -> None:
    """End all sign-ins of a person.

    Every candela on the same database refuses their tokens within about a second. Who is still in a group of
    [team.groups] can sign in again.
    """
    from candela_tui.audit.entry import AuditError
    from candela_tui.store.open_people import open_session_store

    store = open_session_store(invocation.settings(), invocation.paths)
    try:
        known = any(session.person.email == person for session in store.sessions())
        if not known:
            raise click.ClickException(f"{person} is not signed in; `candela people list` lists who is.")
        with audit_log(invocation).writing() as write:
            ended = store.end_all(person)
            write("session.end", person, {"sign_ins": ended}, None)
    except (KeysError, AuditError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{person} is signed out ({ended} sign-in{'s' if ended != 1 else ''}).")


def _record(session: "Session") -> dict[str, str | None]:
    from candela_tui.exchange.facts import iso_time

    return {
        "id": session.id,
        "email": session.person.email,
        "team": session.person.team,
        "began_at": iso_time(session.began_at),
        "used_at": iso_time(session.used_at),
        "until": iso_time(session.until),
    }
