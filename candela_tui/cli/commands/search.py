"""``candela search``: find words in everything that was recorded."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import click

from candela_tui.analysis.filter import Filter
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import NO_SESSION, recorded
from candela_tui.cli.terminal.option_types import filter_text, moment
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.exchange.facts import iso_time
from candela_tui.fulltext.availability import unavailable
from candela_tui.fulltext.finder import Finder, Hit
from candela_tui.fulltext.index import IndexUnavailable, Scope, is_damage
from candela_tui.fulltext.indexer import catch_up
from candela_tui.fulltext.progress_text import progress_text
from candela_tui.fulltext.query import Query, QueryError, parse_query
from candela_tui.fulltext.texts import Part
from candela_tui.reports.json_text import json_text
from candela_tui.text.tables import table
from candela_tui.text.times import local_time, utc_now

_CATCHES_UP_S = 1.0
"""How long a search indexes what was recorded since candela last ran, before it answers with what is indexed."""


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--since", type=moment, metavar="TIME", help="Only requests from then on: 7d, 12h, 2026-11-21.")
@click.option("--in", "part", type=click.Choice([part.value for part in Part]), help="Only texts of this kind.")
@click.option("--tool", metavar="NAME", help="Only calls of this tool and their results, such as Bash.")
@click.option("--filter", "wanted", type=filter_text, metavar="EXPR", help="Only requests that the filter matches.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The most hits to list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def search(
    invocation: Invocation,
    words: Sequence[str],
    since: datetime | None,
    part: str | None,
    tool: str | None,
    wanted: Filter | None,
    limit: int,
    as_json: bool,
) -> None:
    """Search in prompts, answers, thinking, tool calls and results, the best hits first.

    A text must have all the words, in any order; a word also finds words that begin with it. Quotes within the
    shell's own quotes find a phrase exactly. Upper and lower case make no difference.

    \b
    Examples:
      candela search flaky test
      candela search '"connection reset by peer"' --since 7d
      candela search read_request --in tool --tool Bash
    """
    try:
        query = parse_query(" ".join(words))
    except QueryError as error:
        raise click.UsageError(str(error)) from None
    if (reason := unavailable(invocation.settings())) is not None:
        raise click.ClickException(reason)
    scope = Scope(since, Part(part) if part else None, tool)
    found, progress = _find(invocation, query, scope, wanted, limit + 1)
    hits = found[:limit]
    if as_json:
        echo_json(json_text([_record(hit, rank) for rank, hit in enumerate(hits, 1)]))
    elif hits:
        click.echo(_table(hits))
    elif not progress:
        click.echo("Nothing was found.", err=True)
    if len(found) > limit:
        click.echo(f"These are the best {limit}; --limit {limit * 5} lists more.", err=True)
    if progress:
        click.echo(f"{progress[0].upper()}{progress[1:]}; candela indexes while it runs.", err=True)


def _find(
    invocation: Invocation, query: Query, scope: Scope, wanted: Filter | None, most: int
) -> tuple[list[Hit], str]:
    """Return the best hits, and what is not indexed yet in words."""
    index = invocation.paths.search_index
    if invocation.paths.store_file.exists():
        with recorded(invocation) as store:
            try:
                catch_up(index, store, _CATCHES_UP_S)
            except (sqlite3.Error, OSError) as error:
                if is_damage(error):
                    raise click.ClickException(f"{index} is damaged. Delete it: candela makes it again.") from None
                click.echo(f"Warning: {index} can't be written ({error}); what is new is not found.", err=True)
    with recorded(invocation, shows_bodies=True) as store:
        finder = Finder(index, store)
        try:
            hits = list(islice(finder.find(query, scope, wanted, now=utc_now()), most))
            return hits, progress_text(finder.progress())
        except IndexUnavailable as error:
            raise click.ClickException(str(error)) from None


def _record(hit: Hit, rank: int) -> dict[str, object]:
    return {
        "id": hit.exchange.id,
        "session_id": hit.exchange.session_id,
        "started_at": iso_time(hit.exchange.started_at),
        "in": hit.part.value,
        "tool": hit.tool,
        "snippet": hit.snippet.text,
        "rank": rank,
    }


def _table(hits: Sequence[Hit]) -> str:
    rows = [
        (
            hit.exchange.id,
            local_time(hit.exchange.started_at),
            hit.exchange.session_id or NO_SESSION,
            hit.part.value,
            hit.tool or "",
            hit.snippet.text,
        )
        for hit in hits
    ]
    return table(("ID", "TIME", "SESSION", "IN", "TOOL", "TEXT"), rows, flexible=5, width=output_width())
