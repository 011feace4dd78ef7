"""``candela sessions``, ``requests``, ``show`` and ``export``: read the store, even while candela is running."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from candela_tui.analysis.labels import cost
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.cli.terminal.request_overview import overview
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.files import write_at, write_new
from candela_tui.ledger.contexts import contexts
from candela_tui.ledger.ledger import Dimension
from candela_tui.ledger.names import session_title
from candela_tui.ledger.totals import Totals
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.json_text import json_lines, json_text
from candela_tui.reports.records import detailed_record, session_record
from candela_tui.reports.report import export_of, file_stem
from candela_tui.store.history import ExchangeQuery
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN, count, percent
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import is_terminal_safe_lines, terminal_safe, terminal_safe_lines
from candela_tui.text.times import duration, local_time

if TYPE_CHECKING:
    from candela_tui.store.reader import StoreReader

_NO_SESSION = "none"
_MOST_NAMED = 3
"""How many of the sessions that an ambiguous beginning fits an error names."""

_BODIES = ("request", "response", "provider-request", "provider-response")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def sessions(invocation: Invocation, as_json: bool) -> None:
    """List the recorded sessions, the most recently active first."""
    with _store(invocation) as store:
        found = store.totals(by=(Dimension.SESSION, Dimension.AGENT)).sessions()
    if as_json:
        echo_json(json_text([session_record(session) for session in found]))
        return
    if not found:
        _say_empty(invocation)
        return
    rows = [
        (
            session.session_id or _NO_SESSION,
            session_title(session),
            str(session.totals.requests),
            str(session.agents),
            count(session.totals.known(session.totals.prompt_tokens)),
            percent(session.totals.cache_hit_rate),
            count(session.totals.known(session.totals.output_tokens)),
            _total(session.totals),
            local_time(session.last_at),
        )
        for session in found
    ]
    heads = ("SESSION", "TITLE", "REQUESTS", "AGENTS", "PROMPT", "CACHED", "OUTPUT", "COST", "LAST")
    click.echo(table(heads, rows, flexible=1, right=range(2, 8), width=output_width()))


@click.command()
@click.option(
    "--session",
    "session_id",
    metavar="ID",
    help="Only the requests of this session. The beginning of its id is enough.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def requests(invocation: Invocation, session_id: str | None, as_json: bool) -> None:
    """List the recorded requests, the oldest first."""
    with _store(invocation) as store:
        found = store.exchanges() if session_id is None else _of_session(store, session_id)
    if as_json:
        for part in json_lines(found):
            echo_json(part, newline=False)
        return
    if not found:
        _say_empty(invocation)
        return
    rows = [
        (
            exchange.id,
            local_time(exchange.started_at),
            exchange.model_used or exchange.model or UNKNOWN,
            str(exchange.status or UNKNOWN),
            exchange.outcome.value,
            count(exchange.usage.prompt_tokens if exchange.usage else None),
            count(exchange.usage.cache_read_tokens if exchange.usage else None),
            count(exchange.usage.output_tokens if exchange.usage else None),
            cost(exchange.cost),
            duration(exchange.duration_ms),
            exchange.error.message if exchange.error else exchange.stop_reason or "",
        )
        for exchange in found
    ]
    heads = ("ID", "TIME", "MODEL", "STATUS", "OUTCOME", "PROMPT", "CACHED", "OUTPUT", "COST", "TOOK", "END")
    click.echo(table(heads, rows, flexible=10, right=(3, 5, 6, 7, 8, 9), width=output_width()))


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, including the headers.")
@click.option("--raw", type=click.Choice(_BODIES), help="Print a body, byte for byte.")
@pass_invocation
def show(invocation: Invocation, request_id: str, as_json: bool, raw: str | None) -> None:
    """Show one request. The beginning of its ID is enough.

    \b
    Examples:
      candela show 0198
      candela show 0198 --raw request | jq .messages
      candela show 0198 --raw response > answer.sse
      candela show 0198 --raw provider-request      what was sent to the cloud
    """
    if as_json and raw:
        raise click.UsageError("Give either --json or --raw.")
    with _store(invocation) as store:
        exchange = store.exchange(request_id)
        if exchange is None:
            raise click.ClickException(f"No recorded request has an id that begins with {terminal_safe(request_id)!r}.")
        if raw:
            _write_raw(_body(store, exchange.id, raw), raw)
        elif as_json:
            echo_json(json_text(detailed_record(exchange, _context_of(store, exchange))))
        else:
            click.echo(overview(exchange))


@click.command()
@click.option("--session", "session_id", metavar="ID", required=True, help="The session, or the beginning of its id.")
@click.option("--format", "form", type=click.Choice(list(REPORTS)), default=next(iter(REPORTS)), show_default=True)
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write; - is standard output. Default: a new file, candela-ID.csv"
)
@pass_invocation
def export(invocation: Invocation, session_id: str, form: str, output: str | None) -> None:
    """Write a session's requests into a file.

    CSV and JSON have the fields of `candela requests --json`; Markdown is a report to read.
    """
    with _store(invocation) as store:
        found = _of_session(store, session_id)
    report = REPORTS[form]
    data = b"".join(report.pieces(export_of(found)))
    if output == "-":
        if sys.stdout.isatty():
            click.echo(terminal_safe_lines(data.decode().replace("\r\n", "\n")), nl=False)
        else:
            sys.stdout.buffer.write(data)
        return
    stem = file_stem(found[0].session_id)
    file = Path(output or f"{stem}{report.suffix}")
    try:
        if output:
            write_at(file, data, replace=True)
        else:
            file = write_new(Path(), stem, report.suffix, data)
    except OSError as error:
        raise click.ClickException(f"{file}: can't be written: {error.strerror}") from None
    click.echo(f"{amounts.requests(len(found))} written to {file}", err=True)


@contextlib.contextmanager
def _store(invocation: Invocation) -> Iterator["StoreReader"]:
    from candela_tui.store.errors import StoreError
    from candela_tui.store.reader import StoreReader

    store = StoreReader(invocation.paths.store, lambda words: click.echo(f"Warning: {terminal_safe(words)}", err=True))
    try:
        yield store
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()


def _of_session(store: "StoreReader", beginning: str) -> list[Exchange]:
    """Return the requests of the session whose id starts with ``beginning``; ``none`` selects those without a session.

    Exits with an error unless exactly one session matches."""
    if beginning == _NO_SESSION:
        found = store.exchanges(ExchangeQuery(session_id=None))
        known = {beginning} if found else set()
    else:
        # In order, so that the session whose whole id this is comes first.
        known = set(store.sessions_beginning(beginning, _MOST_NAMED + 1))
        known = {beginning} & known or known
        found = store.exchanges(ExchangeQuery(next(iter(known)))) if len(known) == 1 else []
    if not known:
        raise click.ClickException(
            f"No recorded session has an id that begins with {terminal_safe(beginning)!r}; "
            "`candela sessions` lists them."
        )
    if len(known) > 1:
        several = ", ".join(terminal_safe(session) for session in sorted(known)[:_MOST_NAMED])
        raise click.ClickException(
            f"More than one session begins with {terminal_safe(beginning)!r}, such as {several}."
        )
    return found


def _context_of(store: "StoreReader", exchange: Exchange) -> Context:
    """Return the context of a request, derived from the other requests of its session."""
    others = {each.id: each for each in store.exchanges(ExchangeQuery(session_id=exchange.session_id))}
    return contexts({**others, exchange.id: exchange}.values())[exchange.id]


def _total(totals: Totals) -> str:
    return amounts.cost(totals.cost, lower_bound=totals.at_least)


def _say_empty(invocation: Invocation) -> None:
    click.echo(
        f"Nothing has been recorded in {invocation.paths.data} yet. Run `candela`, then `candela claude`.", err=True
    )


def _body(store: "StoreReader", exchange_id: str, which: str) -> bytes:
    of_client = which.removeprefix("provider-")
    body = store.request_body(exchange_id) if of_client == "request" else store.response_body(exchange_id)
    if which != of_client:
        own = store.provider_request_body if of_client == "request" else store.provider_response_body
        # If the provider's body is not stored separately, it is the same as the client's.
        body = own(exchange_id) or body
    if body is None:
        raise click.ClickException(f"The {of_client}'s body is not in the store.")
    return body


def _write_raw(body: bytes, which: str) -> None:
    """Write a body to standard output. Exits with an error if it is a terminal and would act on the bytes."""
    if sys.stdout.isatty():
        text = body.replace(b"\r\n", b"\n").decode("utf-8", "replace")
        if not is_terminal_safe_lines(text):
            raise click.ClickException(
                f"The {which}'s body has characters that a terminal would act on or hide. Use --raw {which} | less, "
                f"or --raw {which} > FILE"
            )
    sys.stdout.buffer.write(body)
