"""``candela report``: tokens and cost by day, session, model and so on."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

import click

from candela_tui.analysis.filter import Filter
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import recorded
from candela_tui.cli.rules_of_keys import keys_and_people
from candela_tui.cli.terminal.option_types import filter_text
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.cli.terminal.progress import Progress
from candela_tui.ledger.cache_misses import MissesBy
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.ledger.usage_report import OF_KEYS, UsageBy
from candela_tui.ledger.what_if import WhatIf
from candela_tui.reports.json_text import json_text
from candela_tui.reports.usage.arithmetic import arithmetic_lines
from candela_tui.reports.usage.files import file_text
from candela_tui.reports.usage.plot import plot_lines
from candela_tui.reports.usage.reading import Selected, Wanted, read_report
from candela_tui.reports.usage.records import report_record
from candela_tui.reports.usage.table import notes, table_lines
from candela_tui.store.history import ExchangeQuery
from candela_tui.text import amounts
from candela_tui.text.times import Clock, end_of, moment_of

if TYPE_CHECKING:
    from candela_tui.pricing import Pricer

_CACHE: Final = "cache"
"""The report on the prompt cache, which has other columns than those of usage."""


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
@click.argument("by", metavar="[REPORT]", type=click.Choice([*(by.value for by in UsageBy), _CACHE]), default="daily")
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
@click.option(
    "--by",
    "within",
    type=click.Choice([by.value for by in MissesBy]),
    help="For the cache: list the causes within each day, session or type of agent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV; with --breakdown, a line for each model of a row.")
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
    within: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Sum up tokens and cost by day, session, model and so on.

    \b
    REPORT is one of these; daily if none is given:
    daily, weekly, monthly   by time; a week begins on Monday
    session, project, branch by the session, its directory or its git branch
    model, agent             by the model that answered, or the type of agent
    key, user, team          by candela's own keys, and by those who have them
    blocks                   by the windows of five hours of a subscription
    cache                    what missed the prompt cache, by cause, and what would have saved most

    \b
    Examples:
      candela report
      candela report weekly --since 2026-11-01 --breakdown
      candela report blocks --since 2d
      candela report model --filter "agent:Explore" --json
      candela report team --since 2026-11-01 --until 2026-11-30 --csv
      candela report monthly --what-if model=claude-haiku-4-5
      candela report cache --since 7d --by session
    """
    clock = Clock(zone=zone)
    query = ExchangeQuery(since=_time("--since", moment_of, since, clock), until=_time("--until", end_of, until, clock))
    if by == _CACHE:
        if breakdown or plot or what_if is not None or as_csv:
            raise click.UsageError("--breakdown, --plot, --what-if and --csv are not for the cache; --by is.")
        _report_cache(invocation, query, wanted, MissesBy(within) if within is not None else None, clock, as_json)
        return
    if within is not None:
        raise click.UsageError("--by is only for `candela report cache`.")
    if as_json and as_csv:
        raise click.UsageError("--json and --csv contradict each other.")
    keys = keys_and_people(invocation, invocation.settings()) if UsageBy(by) in OF_KEYS else {}
    asked = Wanted(UsageBy(by), clock, since=query.since, until=query.until, filter=wanted, what_if=what_if, keys=keys)
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
    if as_csv:
        click.echo(file_text(found, "csv", breakdown=breakdown), nl=False)
        return
    if not found.rows:
        _say_nothing(invocation, query, wanted)
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


def _report_cache(
    invocation: Invocation, query: ExchangeQuery, wanted: Filter, by: MissesBy | None, clock: Clock, as_json: bool
) -> None:
    from candela_tui.reports.cache.lines import cache_report_lines
    from candela_tui.reports.cache.reading import read_cache_report
    from candela_tui.reports.cache.records import cache_report_record

    read = 0

    def counted(sessions: Iterable[SessionRequests]) -> Iterator[SessionRequests]:
        nonlocal read
        for session in progress.each(sessions):
            read += len(session.exchanges)
            yield session

    with recorded(invocation) as store, Progress(lambda: f"{amounts.requests(read)} read") as progress:
        found = read_cache_report(store, query, wanted, by, clock, _pricer(invocation), counted)
    if as_json:
        echo_json(json_text(cache_report_record(found)))
    elif not found.misses.states:
        _say_nothing(invocation, query, wanted)
    else:
        _echo_lines(cache_report_lines(found, output_width()))


def _pricer(invocation: Invocation) -> "Pricer":
    from candela_tui.pricing import Pricer

    return Pricer(invocation.settings().pricing)


def _time(option: str, read: Callable[[str, Clock], datetime], text: str | None, clock: Clock) -> datetime | None:
    try:
        return None if text is None else read(text, clock)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _say_nothing(invocation: Invocation, query: ExchangeQuery, wanted: Filter) -> None:
    if wanted or query.since or query.until:
        click.echo("No recorded request matches.", err=True)
    else:
        click.echo(
            f"Nothing has been recorded in {invocation.paths.data} yet. Run `candela`, then `candela claude`.", err=True
        )


def _echo_lines(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
