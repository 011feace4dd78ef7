"""``candela report``: tokens and cost by day, session, model and so on."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

import click

from candela_tui.analysis.filter import Filter
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import recorded
from candela_tui.cli.terminal.option_types import filter_text
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.cli.terminal.progress import Progress
from candela_tui.ledger.usage_report import UsageBy
from candela_tui.ledger.what_if import WhatIf
from candela_tui.reports.json_text import json_text
from candela_tui.reports.usage.arithmetic import arithmetic_lines
from candela_tui.reports.usage.plot import plot_lines
from candela_tui.reports.usage.reading import Selected, Wanted, read_report
from candela_tui.reports.usage.records import report_record
from candela_tui.reports.usage.table import notes, table_lines
from candela_tui.text import amounts
from candela_tui.text.times import Clock, end_of, moment_of

if TYPE_CHECKING:
    from candela_tui.pricing import Pricer


def _zone(context: click.Context, option: click.Parameter, name: str | None) -> tzinfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name is None:
        return None
    try:
        return ZoneInfo(name)
    # OSError: the name of a directory of zones, such as Europe.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"{name!r} is not a time zone of this system; write it as Europe/Berlin") from None


def _what_if(context: click.Context, option: click.Parameter, text: str | None) -> WhatIf | None:
    try:
        return None if text is None else WhatIf.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("by", metavar="[REPORT]", type=click.Choice([by.value for by in UsageBy]), default="daily")
@click.option("--since", metavar="TIME", help="Only requests from then on: 2026-11-21, 7d, 12h, today or yesterday.")
@click.option("--until", metavar="TIME", help="Only requests before then; a day is included.")
@click.option(
    "--timezone",
    "zone",
    metavar="NAME",
    callback=_zone,
    help="The time zone whose days are used, such as Europe/Berlin. Default: the system's.",
)
@click.option("--filter", "wanted", metavar="EXPR", type=filter_text, default="", help="Only requests that match it.")
@click.option("--breakdown", is_flag=True, help="Also list each model of a row, and what each part of the cost is.")
@click.option("--plot", is_flag=True, help="Draw the cost of each row as a bar, by its parts.")
@click.option(
    "--what-if",
    metavar="CHANGE",
    callback=_what_if,
    help="What it would have cost with model=NAME, no-cache, ttl=1h or ttl=5m.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def report(
    invocation: Invocation,
    by: str,
    since: str | None,
    until: str | None,
    zone: tzinfo | None,
    wanted: Filter,
    breakdown: bool,
    plot: bool,
    what_if: WhatIf | None,
    as_json: bool,
) -> None:
    """Sum up tokens and cost by day, session, model and so on.

    \b
    REPORT is one of these; daily if none is given:
    daily, weekly, monthly   by time; a week begins on Monday
    session, project, branch by the session, its directory or its git branch
    model, agent             by the model that answered, or the type of agent
    blocks                   by the windows of five hours of a subscription

    \b
    Examples:
      candela report
      candela report weekly --since 2026-11-01 --breakdown
      candela report blocks --since 2d
      candela report model --filter "agent:Explore" --json
      candela report monthly --what-if model=claude-haiku-4-5
    """
    clock = Clock(zone=zone)
    asked = Wanted(
        UsageBy(by),
        clock,
        since=_time("--since", moment_of, since, clock),
        until=_time("--until", end_of, until, clock),
        filter=wanted,
        what_if=what_if,
    )
    requests = 0

    def counted(sessions: Iterable[Selected]) -> Iterator[Selected]:
        nonlocal requests
        for selected in progress.each(sessions):
            requests += len(selected.ids)
            yield selected

    with recorded(invocation) as store, Progress(lambda: f"{amounts.requests(requests)} read") as progress:
        found = read_report(store, asked, lambda: _pricer(invocation), counted)
    if as_json:
        echo_json(json_text(report_record(found)))
        return
    if not found.rows:
        _say_nothing(invocation, asked)
        return
    width = output_width()
    if plot:
        _echo_lines(plot_lines(found, width))
        click.echo()
    _echo_lines(table_lines(found, width, breakdown=breakdown))
    if what_if is not None and found.total.compared is not None:
        click.echo()
        _echo_lines(arithmetic_lines(what_if, found.total.compared))
    for note in notes(found):
        click.echo(f"\n{note}")


def _pricer(invocation: Invocation) -> "Pricer":
    from candela_tui.pricing import Pricer

    return Pricer(invocation.settings().pricing)


def _time(option: str, read: Callable[[str, Clock], datetime], text: str | None, clock: Clock) -> datetime | None:
    try:
        return None if text is None else read(text, clock)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _say_nothing(invocation: Invocation, asked: Wanted) -> None:
    if asked.filter or asked.since or asked.until:
        click.echo("No recorded request matches.", err=True)
    else:
        click.echo(
            f"Nothing has been recorded in {invocation.paths.data} yet. Run `candela`, then `candela claude`.", err=True
        )


def _echo_lines(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
