"""``candela limits``: how the windows of a subscription fill, and who fills them."""

from datetime import datetime

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import recorded, say_empty
from candela_tui.cli.terminal.option_types import moment
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.reports.json_text import json_text
from candela_tui.reports.limits.reading import read_limits
from candela_tui.reports.limits.record import limits_record
from candela_tui.reports.limits.table import limit_lines
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import Clock


@click.command()
@click.option(
    "--since", type=moment, metavar="TIME", help="Also windows that ended since then: 7d, 2026-11-21. Default: 1d."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def limits(invocation: Invocation, since: datetime | None, as_json: bool) -> None:
    """Show the windows of a Claude subscription: how full they are, how fast they fill, and who fills them.

    The figures are those that the provider's answers state. Whose they are is inferred: each rise between two answers
    is shared out, by cost, among the recorded requests between them.
    """
    with recorded(invocation) as store:
        report = read_limits(store, Clock(), since)
        empty = not report.periods and not store.count_ended()
    if as_json:
        echo_json(json_text(limits_record(report)))
    elif empty:
        say_empty(invocation)
    elif not report.periods:
        click.echo(
            "No recorded answer states a window of a subscription in this time. The limits of API keys are those of a "
            "minute: `candela show ID` has them.",
            err=True,
        )
    else:
        for line in limit_lines(report, output_width()):
            click.echo(terminal_safe(line))
