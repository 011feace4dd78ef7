"""``candela export``: write recorded requests to a file for other programs and people."""

import codecs
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from candela_tui.analysis.filter import Filter, parse
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import recorded, session_named
from candela_tui.cli.terminal.option_types import filter_text, moment
from candela_tui.cli.terminal.progress import Progress
from candela_tui.files import write_new, write_whole
from candela_tui.pricing import Pricer
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.report import Export, Report, file_stem
from candela_tui.reports.sharing.receipt import receipt_table
from candela_tui.reports.sharing.redacted import Redaction, redacted_export
from candela_tui.reports.sharing.redactor import Redactor
from candela_tui.reports.usage.exported import By, usage_table
from candela_tui.reports.writing import Writing
from candela_tui.store.history import EVERY_SESSION, ExchangeQuery
from candela_tui.store.search import read_sessions
from candela_tui.text import amounts
from candela_tui.text.terminal_safe import terminal_safe, terminal_safe_lines
from candela_tui.text.times import Clock, utc_now

_STANDARD_OUTPUT = "-"
_REQUEST = "request"
_PREVIEW_LINES, _PREVIEW_BYTES = 40, 8_000
"""The most of a file that a preview shows."""


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
    "--by",
    type=click.Choice([_REQUEST, *(by.value for by in By)]),
    default=_REQUEST,
    help="What a row of a table sums up. Default: nothing, each request has a row.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write; - is standard output. Default: a new file, candela-ID.csv"
)
@click.option(
    "--redact",
    type=click.Choice([each.value for each in Redaction]),
    is_flag=False,
    flag_value=Redaction.PRIVATE.value,
    help="Replace secrets, paths and e-mail addresses; --redact=bodies also leaves out every body and what is quoted "
    "of the conversation. Says what it did.",
)
@click.option("--receipt", is_flag=True, help="Only counts, hashes and costs: a table without a word of text.")
@click.option("--preview", is_flag=True, help="Show how the file begins and what was redacted. Write nothing.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@pass_invocation
def export(
    invocation: Invocation,
    session: str | None,
    since: datetime | None,
    wanted: Filter | None,
    form: str | None,
    by: str,
    output: str | None,
    redact: str | None,
    receipt: bool,
    preview: bool,
    force: bool,
) -> None:
    """Write requests into a file: those of a session, since a time, that a filter matches, or all.

    The tables have the fields of `candela requests --json`. A file is written whole or not at all, and replaces
    another only with --force.

    \b
    Examples:
      candela export --session 1f0c -o session.csv
      candela export --since 30d --filter 'model:opus cost>1' -o opus.json
      candela export --since 30d --by day -o month.csv
      candela export --session 1f0c --redact --preview -o session.html
    """
    report = _report(form, output)
    if (missing := report.missing()) is not None:
        raise click.ClickException(missing)
    if receipt and (redact is not None or not report.is_table):
        raise click.UsageError("--receipt is a table of its own: choose csv, json, jsonl or parquet, and no --redact.")
    if by != _REQUEST and (receipt or not report.is_table):
        raise click.UsageError("--by is for tables: choose csv, json, jsonl or parquet, and no --receipt.")
    file = None if output in (None, _STANDARD_OUTPUT) else Path(output or "")
    if file is not None and file.is_file() and not force and not preview:
        raise click.ClickException(f"{file} already exists; --force replaces it.")
    redactor = Redactor()
    with recorded(invocation, shows_bodies=not report.is_table) as store:
        query = ExchangeQuery(session_named(store, session) if session is not None else EVERY_SESSION, since)
        pricer = Pricer(invocation.settings().pricing)
        what = Export(read_sessions(store, query, wanted or parse(""), utc_now()), store, pricer)
        if receipt:
            what = replace(what, table_of=receipt_table)
        elif by != _REQUEST:
            what = replace(what, table_of=usage_table(By(by), Clock()))
        if redact is not None:
            what = redacted_export(what, Redaction(redact), redactor)
        writing = Writing(report, what)
        total = None if wanted else store.totals(query, by=()).totals.requests
        printed = output == _STANDARD_OUTPUT or preview
        with Progress(lambda: _so_far(writing, total), shown=not (printed and sys.stdout.isatty())) as progress:
            pieces = progress.each(writing.pieces())
            if preview:
                _preview(report, pieces)
                done = "would be written"
            elif printed:
                _print(report, pieces)
                done = ""
            else:
                where = _write(pieces, file, _stem(query, by), report, force=force)
                done = f"written to {terminal_safe(str(where))}"
    if done:
        click.echo(f"{amounts.requests(writing.requests)} {done}", err=True)
    if redact is not None:
        click.echo(f"Redacted: {redactor.summary()}. Read the file before you share it.", err=True)


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


def _stem(query: ExchangeQuery, by: str) -> str:
    stem = "candela-all" if query.session_id is EVERY_SESSION else file_stem(query.session_id)
    return stem if by == _REQUEST else f"{stem}-by-{by}"


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


def _preview(report: Report, pieces: Iterator[bytes]) -> None:
    """Show how the file begins; read the rest of it, too, so that all that is redacted is counted."""
    beginning = b""
    for piece in pieces:
        if len(beginning) < _PREVIEW_BYTES:
            beginning += piece[:_PREVIEW_BYTES]
    if not report.is_text:
        click.echo(f"{report.title} is not text and has no preview; --format csv shows the same columns.", err=True)
        return
    lines = beginning[:_PREVIEW_BYTES].decode("utf-8", "ignore").replace("\r\n", "\n").split("\n")
    click.echo(terminal_safe_lines("\n".join(lines[:_PREVIEW_LINES])))
