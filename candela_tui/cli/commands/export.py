"""``candela export``: write recorded requests to a file for other programs and people."""

import codecs
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from candela_tui.analysis.filter import Filter, parse
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import recorded, session_named
from candela_tui.cli.terminal.option_types import filter_text, moment
from candela_tui.cli.terminal.progress import Progress
from candela_tui.files import write_new, write_whole
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.report import Export, Report, file_stem
from candela_tui.reports.writing import Writing
from candela_tui.store.history import EVERY_SESSION, ExchangeQuery
from candela_tui.store.search import read_sessions
from candela_tui.text import amounts
from candela_tui.text.terminal_safe import terminal_safe, terminal_safe_lines
from candela_tui.text.times import utc_now

_STANDARD_OUTPUT = "-"


@click.command()
@click.option("--session", "session", metavar="ID", help="Only this session. The beginning of its id is enough.")
@click.option("--since", type=moment, metavar="TIME", help="Only requests from then on: 7d, 12h, 2026-11-21.")
@click.option("--filter", "wanted", type=filter_text, metavar="EXPR", help="Only requests that the filter matches.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(REPORTS)),
    help="Default: the ending of the file that -o names, else csv.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write; - is standard output. Default: a new file, candela-ID.csv"
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@pass_invocation
def export(
    invocation: Invocation,
    session: str | None,
    since: datetime | None,
    wanted: Filter | None,
    form: str | None,
    output: str | None,
    force: bool,
) -> None:
    """Write requests into a file: those of a session, since a time, that a filter matches, or all.

    The tables have the fields of `candela requests --json`. A file is written whole or not at all, and replaces
    another only with --force.

    \b
    Examples:
      candela export --session 1f0c -o session.csv
      candela export --since 30d --filter 'model:opus cost>1' -o opus.json
    """
    report = _report(form, output)
    if (missing := report.missing()) is not None:
        raise click.ClickException(missing)
    file = None if output in (None, _STANDARD_OUTPUT) else Path(output or "")
    if file is not None and file.is_file() and not force:
        raise click.ClickException(f"{file} already exists; --force replaces it.")
    with recorded(invocation) as store:
        query = ExchangeQuery(session_named(store, session) if session is not None else EVERY_SESSION, since)
        sessions = read_sessions(store, query, wanted or parse(""), utc_now())
        writing = Writing(report, Export(sessions, store))
        total = None if wanted else store.totals(query, by=()).totals.requests
        printed = output == _STANDARD_OUTPUT
        with Progress(lambda: _so_far(writing, total), shown=not (printed and sys.stdout.isatty())) as progress:
            pieces = progress.each(writing.pieces())
            if printed:
                _print(report, pieces)
                return
            where = _write(pieces, file, _stem(query), report, force=force)
    click.echo(f"{amounts.requests(writing.requests)} written to {terminal_safe(str(where))}", err=True)


def _report(form: str | None, output: str | None) -> Report:
    """Return the report that the user names, by its name or by the ending of the file. Exits with an error if the
    ending is that of no report."""
    if form is not None:
        return REPORTS[form]
    suffix = Path(output).suffix.lower() if output is not None and output != _STANDARD_OUTPUT else ""
    if not suffix or (output is not None and output.startswith("/dev/")):
        return next(iter(REPORTS.values()))
    for report in REPORTS.values():
        if report.suffix == suffix:
            return report
    raise click.UsageError(
        f"No format has files that end in {terminal_safe(suffix)}. Choose one with --format: {', '.join(REPORTS)}."
    )


def _stem(query: ExchangeQuery) -> str:
    return "candela-all" if query.session_id is EVERY_SESSION else file_stem(query.session_id)


def _so_far(writing: Writing, total: int | None) -> str:
    of = f" of {total:,}" if total is not None else ""
    return f"{writing.requests:,}{of} requests, {amounts.size(writing.bytes)}"


def _write(pieces: Iterator[bytes], file: Path | None, stem: str, report: Report, *, force: bool) -> Path:
    try:
        if file is None:
            return write_new(Path(), stem, report.suffix, pieces)
        write_whole(file, pieces, replace=force)
    except FileExistsError:
        raise click.ClickException(f"{file} already exists; --force replaces it.") from None
    except OSError as error:
        raise click.ClickException(
            f"{file or f'{stem}{report.suffix}'} can't be written: {error.strerror or error}"
        ) from None
    return file


def _print(report: Report, pieces: Iterator[bytes]) -> None:
    if not sys.stdout.isatty():
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    if not report.is_text:
        raise click.ClickException(f"{report.title} is not text: name a file with -o FILE, or pipe it.")
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        click.echo(terminal_safe_lines(decoder.decode(piece).replace("\r\n", "\n")), nl=False)
