"""``candela import``: read Claude Code's transcripts and HAR files into the store."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.output import echo_json
from candela_tui.reports.json_text import json_text
from candela_tui.text import amounts
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import utc_now

if TYPE_CHECKING:
    from candela_tui.imports.importing import ImportResult, Sources

_MOST_SHOWN = 10
"""Bad lines and differences that are listed; --json has more."""


@click.command("import")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be imported, and store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def import_history(invocation: Invocation, paths: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Import sessions that candela did not see.

    PATH is a transcript of Claude Code (.jsonl), a HAR file (.har) or a directory with such files. Without one, all
    transcripts of Claude Code are read. What crossed candela or was imported before is left out.

    \b
    Examples:
      candela import --dry-run            what there is
      candela import                      all sessions of Claude Code
      candela import requests.har         what a browser or another proxy recorded
    """
    from candela_tui.claude_code.transcripts import projects_directory

    settings = invocation.settings()
    if not dry_run:
        invocation.data_directory()
    own = projects_directory()
    sources = _sources(paths or ((own,) if own.is_dir() else ()))
    if not as_json:
        click.echo(f"Reading {amounts.things(sources.files, 'file')} …", err=True)
    result = _run(invocation, sources, settings, dry_run=dry_run)
    if as_json:
        echo_json(json_text(_record(result, dry_run=dry_run)))
    else:
        _print(result, dry_run=dry_run)
    if result.lost:
        raise click.ClickException(f"{amounts.requests(result.lost)} could not be stored; import again.")


def _sources(paths: tuple[Path, ...]) -> "Sources":
    from candela_tui.imports.importing import UnknownSource, find_sources

    try:
        return find_sources(paths)
    except UnknownSource as error:
        raise click.ClickException(terminal_safe(str(error))) from None
    except OSError as error:
        raise click.ClickException(terminal_safe(f"{error.filename}: can't be read: {error.strerror}")) from None


def _run(invocation: Invocation, sources: "Sources", settings: Any, *, dry_run: bool) -> "ImportResult":
    from sqlalchemy.exc import SQLAlchemyError

    from candela_tui.exchange import Kept
    from candela_tui.file_lock import locked
    from candela_tui.imports.store_import import import_into_store
    from candela_tui.pricing import Pricer
    from candela_tui.store.errors import StoreError, unwritable

    store = invocation.paths.store
    try:
        with nullcontext() if dry_run else locked(invocation.paths.last_import):
            return import_into_store(
                store,
                sources,
                Pricer(settings.pricing),
                now=utc_now(),
                dry_run=dry_run,
                kept=Kept(settings.history.bodies),
                on_problem=lambda words: click.echo(f"Warning: {terminal_safe(words)}", err=True),
            )
    except StoreError as error:
        raise click.ClickException(terminal_safe(str(error))) from None
    except (SQLAlchemyError, OSError) as error:
        raise click.ClickException(terminal_safe(unwritable(store, error))) from None


def _print(result: "ImportResult", *, dry_run: bool) -> None:
    sessions = amounts.things(len(result.sessions), "session")
    did = "Would import" if dry_run else "Imported"
    if result.imported:
        cost = amounts.cost(result.cost_usd, lower_bound=result.at_least)
        click.echo(f"{did} {amounts.requests(result.imported)} of {sessions}: {cost}")
    else:
        click.echo(f"{did} nothing new." if result.files else "There is nothing to import.")
    for count, words in (
        (result.rebuilt, "with the whole request, rebuilt from the transcript"),
        (result.unpriced, "without a price"),
        (result.crossed, "recorded when they crossed candela: left out"),
        (result.known, "imported before: left out"),
        (result.growing, "still being written: left for the next import"),
    ):
        if count:
            click.echo(f"  {count:,} {words}")
    if result.bad:
        click.echo(
            f"{amounts.things(result.bad, 'line')} can't be read, and {'is' if result.bad == 1 else 'are'} left out:"
        )
        for line in result.bad_lines[:_MOST_SHOWN]:
            where = f"{line.file}:{line.number}" if line.number else str(line.file)
            click.echo(terminal_safe(f"  {where}: {line.why}"))
        _say_more(result.bad)
    if result.differences:
        click.echo(f"Claude Code's own sum is another for {amounts.things(len(result.differences), 'session')}:")
        for each in result.differences[:_MOST_SHOWN]:
            own, client = amounts.money(each.own_usd), amounts.money(each.client_usd)
            click.echo(terminal_safe(f"  {each.session_id}: {client}, not {own}"))
            for why in each.why:
                click.echo(f"    {why}")
        _say_more(len(result.differences))


def _say_more(count: int) -> None:
    if count > _MOST_SHOWN:
        click.echo(f"  and {count - _MOST_SHOWN:,} more (--json lists them)")


def _record(result: "ImportResult", *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "files": result.files,
        "sessions": sorted(result.sessions),
        "imported": result.imported,
        "rebuilt": result.rebuilt,
        "crossed": result.crossed,
        "known": result.known,
        "growing": result.growing,
        "lost": result.lost,
        "cost_usd": result.cost_usd,
        "cost_at_least": result.at_least,
        "unpriced": result.unpriced,
        "bad": result.bad,
        "bad_lines": [
            {"file": str(line.file), "line": line.number or None, "why": line.why} for line in result.bad_lines
        ],
        "differences": [
            {
                "session_id": each.session_id,
                "client_usd": each.client_usd,
                "own_usd": each.own_usd,
                "why": list(each.why),
            }
            for each in result.differences
        ],
    }
