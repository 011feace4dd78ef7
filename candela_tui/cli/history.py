"""``candela sessions``, ``requests``, ``show`` and ``export``: what the store holds, also while candela runs."""

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from candela_tui.analysis.names import session_title
from candela_tui.analysis.retries import Call, calls
from candela_tui.analysis.sessions import Totals, by_session
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.output import echo_json
from candela_tui.cli.overview import overview
from candela_tui.cli.tables import local_time, table
from candela_tui.exchange import Exchange
from candela_tui.export.csv_table import csv_lines, default_file_name
from candela_tui.export.json_text import json_text
from candela_tui.export.records import detailed_record, request_records, session_record
from candela_tui.ui.plain import plain, plain_lines
from candela_tui.ui.words import UNKNOWN, at_least, cost, count, duration, money, percent

if TYPE_CHECKING:
    from candela_tui.store.reader import StoreReader

_NO_SESSION = "none"
_ACTS_ON_TERMINALS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

_BODIES = ("request", "response", "provider-request", "provider-response")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def sessions(invocation: Invocation, as_json: bool) -> None:
    """List the recorded sessions, the latest active first."""
    with _store(invocation) as store:
        found = by_session(store.exchanges())
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
            str(len(session.agents)),
            count(session.totals.prompt_tokens),
            percent(session.totals.cache_hit_rate),
            count(session.totals.output_tokens),
            _total(session.totals),
            local_time(session.last_at),
        )
        for session in found
    ]
    heads = ("SESSION", "TITLE", "REQUESTS", "AGENTS", "PROMPT", "CACHED", "OUTPUT", "COST", "LAST")
    click.echo(table(heads, rows, flexible=1, right=range(2, 8)))


@click.command()
@click.option("--session", "session_id", metavar="ID", help="Only this session's; the beginning of its id is enough.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def requests(invocation: Invocation, session_id: str | None, as_json: bool) -> None:
    """List the recorded requests, the earliest first."""
    with _store(invocation) as store:
        found = store.exchanges() if session_id is None else _of_session(store, session_id)
    if as_json:
        echo_json(json_text(list(request_records(found))))
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
    click.echo(table(heads, rows, flexible=10, right=(3, 5, 6, 7, 8, 9)))


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the headers.")
@click.option("--raw", type=click.Choice(_BODIES), help="Print a body, byte for byte as it crossed.")
@pass_invocation
def show(invocation: Invocation, request_id: str, as_json: bool, raw: str | None) -> None:
    """Show one request; the beginning of its ID is enough.

    \b
    Examples:
      candela show 0198
      candela show 0198 --raw request | jq .messages
      candela show 0198 --raw response > answer.sse
      candela show 0198 --raw provider-request      what a cloud was sent for it
    """
    if as_json and raw:
        raise click.UsageError("--json and --raw exclude each other.")
    with _store(invocation) as store:
        exchange = store.exchange(request_id)
        if exchange is None:
            raise click.ClickException(f"No recorded request has an id that begins with {plain(request_id)!r}.")
        if raw:
            _write_raw(_body(store, exchange.id, raw), raw)
        elif as_json:
            echo_json(json_text(detailed_record(exchange, _call_of(store, exchange))))
        else:
            click.echo(overview(exchange))


@click.command()
@click.option("--session", "session_id", metavar="ID", required=True, help="The session, or the beginning of its id.")
@click.option("-o", "--output", metavar="FILE", help="Where to write; - is standard output. Default: candela-ID.csv")
@pass_invocation
def export(invocation: Invocation, session_id: str, output: str | None) -> None:
    """Write a session's requests as CSV: one row each, with the fields of `candela requests --json`."""
    with _store(invocation) as store:
        found = _of_session(store, session_id)
    text = "".join(csv_lines(found))
    if output == "-":
        if sys.stdout.isatty():
            click.echo(plain_lines(text.replace("\r\n", "\n")), nl=False)
        else:
            sys.stdout.buffer.write(text.encode())
        return
    file = Path(output or default_file_name(found[0].session_id))
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise click.ClickException(f"{file}: can't be written: {error.strerror}") from None
    click.echo(f"{len(found)} requests written to {file}", err=True)


@contextlib.contextmanager
def _store(invocation: Invocation) -> Iterator["StoreReader"]:
    from candela_tui.store.reader import StoreError, StoreReader

    store = StoreReader(invocation.paths.store, lambda words: click.echo(f"Warning: {plain(words)}", err=True))
    try:
        yield store
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()


def _of_session(store: "StoreReader", beginning: str) -> list[Exchange]:
    """The requests of the one session whose id begins so; ``none`` is the requests that named no session."""
    if beginning == _NO_SESSION:
        found = store.exchanges(session_id=None)
        known = {beginning} if found else set()
    else:
        found = store.exchanges(session_id=beginning) or [
            exchange for exchange in store.exchanges() if (exchange.session_id or "").startswith(beginning)
        ]
        known = {exchange.session_id or "" for exchange in found}
    if not known:
        raise click.ClickException(
            f"No recorded session has an id that begins with {plain(beginning)!r}; `candela sessions` lists them."
        )
    if len(known) > 1:
        several = ", ".join(plain(session) for session in sorted(known)[:3])
        raise click.ClickException(f"More than one session begins with {plain(beginning)!r}, such as {several}.")
    return found


def _call_of(store: "StoreReader", exchange: Exchange) -> Call | None:
    """The call that a request is a try of, with its other tries."""
    alike = store.exchanges(session_id=exchange.session_id)
    return next((call for call in calls(alike) if any(each.id == exchange.id for each in call.tries)), None)


def _total(totals: Totals) -> str:
    return at_least(totals.cost) if totals.cost is not None and totals.at_least else money(totals.cost)


def _say_empty(invocation: Invocation) -> None:
    click.echo(f"Nothing is recorded in {invocation.paths.data} yet. Run `candela`, then `candela claude`.", err=True)


def _body(store: "StoreReader", exchange_id: str, which: str) -> bytes:
    of_client = which.removeprefix("provider-")
    body = store.request_body(exchange_id) if of_client == "request" else store.response_body(exchange_id)
    if which != of_client:
        own = store.provider_request_body if of_client == "request" else store.provider_response_body
        # What is not there of the provider is what the client sent or got.
        body = own(exchange_id) or body
    if body is None:
        raise click.ClickException(f"The {of_client}'s body is not in the store.")
    return body


def _write_raw(body: bytes, which: str) -> None:
    """Write the bytes, unless a terminal would act on them."""
    if sys.stdout.isatty():
        text = body.replace(b"\r\n", b"\n").decode("utf-8", "replace")
        if _ACTS_ON_TERMINALS.search(text):
            raise click.ClickException(
                f"The {which}'s body has bytes that a terminal would act on. Send it elsewhere: --raw {which} | less, "
                f"or --raw {which} > FILE"
            )
    sys.stdout.buffer.write(body)
