"""``candela rules``: what the rules of config.toml would have done."""

from datetime import datetime

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import NO_SESSION, recorded
from candela_tui.cli.terminal.option_types import moment
from candela_tui.cli.terminal.output import echo_json
from candela_tui.exchange.facts import iso_time
from candela_tui.reports.json_text import json_text
from candela_tui.text.tables import table
from candela_tui.text.times import local_time


@click.group()
def rules() -> None:
    """Try the rules of config.toml on what was recorded."""


@rules.command("try")
@click.option("--since", type=moment, metavar="TIME", help="Only requests from then on: 7d, 12h, 2026-11-21.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def try_rules(invocation: Invocation, since: datetime | None, as_json: bool) -> None:
    """List what the rules of config.toml would have done about the recorded requests, the oldest first.

    A running candela need not know these rules yet. What a conversation would have done next is not known.
    """
    # Import it here: it reads shell commands.
    from candela_tui.rules.trial import Trial

    settings = invocation.settings().rules
    with recorded(invocation) as store:
        found = list(Trial(settings, store).actions(since))
    if as_json:
        records = [
            {
                "id": exchange.id,
                "session_id": exchange.session_id,
                "started_at": iso_time(exchange.started_at),
                "rule": action.rule,
                "action": action.action,
                "words": action.words,
            }
            for exchange, action in found
        ]
        echo_json(json_text(records))
    elif not (settings.models.deny or settings.tools):
        click.echo("config.toml has no rules: docs/rules.md says how to write one.", err=True)
    elif found:
        rows = [
            (
                exchange.id,
                local_time(exchange.started_at),
                exchange.session_id or NO_SESSION,
                action.rule,
                action.action,
                action.words,
            )
            for exchange, action in found
        ]
        click.echo(table(("ID", "STARTED", "SESSION", "RULE", "ACTION", "WHY"), rows, flexible=5))
    else:
        click.echo("The rules would have done nothing.", err=True)
