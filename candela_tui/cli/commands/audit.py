"""``candela audit``: who changed keys, budgets and rules, and who read what others asked."""

from collections.abc import Iterator
from datetime import datetime

import click

from candela_tui.audit.entry import AuditEntry, AuditError, State
from candela_tui.cli.audited import audit_log
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.option_types import moment
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.reports.audit_record import FIELDS, audit_record
from candela_tui.reports.csv_table import csv_lines
from candela_tui.reports.json_text import json_line, json_text
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import local_time


@click.command()
@click.option("--since", type=moment, metavar="TIME", help="Only entries from then on: 7d, 12h, 2026-11-21.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@pass_invocation
def audit(invocation: Invocation, since: datetime | None, as_json: bool, as_csv: bool) -> None:
    """List who changed keys, budgets and rules, and who read what users of other keys asked; the oldest first.

    The log only grows: candela has no command that changes or removes an entry. What is older than [audit] keep_days is
    removed, and an entry says so. docs/audit.md says what it has.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv contradict each other.")
    try:
        entries = audit_log(invocation).entries(since)
    except AuditError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        echo_json(json_text([audit_record(entry) for entry in entries]))
    elif as_csv:
        for line in csv_lines(FIELDS, (_cells(entry) for entry in entries)):
            click.echo(line, nl=False)
    elif entries:
        rows = [
            (
                local_time(entry.at),
                entry.actor,
                entry.via,
                entry.action,
                terminal_safe(entry.subject),
                terminal_safe(", ".join(_changes(entry.before, entry.after))),
            )
            for entry in entries
        ]
        head = ("TIME", "WHO", "VIA", "ACTION", "SUBJECT", "CHANGE")
        click.echo(table(head, rows, flexible=5, width=output_width()))
    else:
        click.echo("The audit log has no entry" + (" since then." if since else "."), err=True)


def _cells(entry: AuditEntry) -> Iterator[str | int | None]:
    for name, value in audit_record(entry).items():
        yield json_line(value).decode() if name in ("before", "after") and value is not None else value


def _changes(before: State | None, after: State | None) -> Iterator[str]:
    """Yield what is other than before, in words."""
    was, now = before or {}, after or {}
    for name in dict.fromkeys((*was, *now)):
        old, new = was.get(name), now.get(name)
        if old == new or (old in (None, [], {}) and new in (None, [], {})):
            continue
        if before is None or after is None:
            yield f"{name} {_shown(new if after is not None else old)}"
        else:
            yield f"{name} {_shown(old)} → {_shown(new)}"


def _shown(value: object) -> str:
    if value in (None, [], {}):
        return "none"
    return value if isinstance(value, str) else json_line(value).decode()
