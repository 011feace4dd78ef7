"""``candela requests`` and ``show``: read the store, even while candela is running."""

import sys
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

import click

from candela_tui.analysis.labels import cost, missing_body
from candela_tui.analysis.served_changes import changes_since_before
from candela_tui.analysis.trust import Bodies, trust_of
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import REQUEST_ID, recorded, request_named, say_empty, session_named
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.cli.terminal.request_overview import overview
from candela_tui.cli.terminal.request_receipt import print_receipt
from candela_tui.cli.terminal.request_trust import print_trust
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.ledger.contexts import contexts
from candela_tui.pricing import Pricer
from candela_tui.reports.json_text import json_array, json_text
from candela_tui.reports.records import detailed_record, records_in_order
from candela_tui.store.history import EVERYTHING, ExchangeQuery
from candela_tui.text.amounts import UNKNOWN, count
from candela_tui.text.tables import table_lines
from candela_tui.text.terminal_safe import is_terminal_safe_lines
from candela_tui.text.times import duration, local_time

if TYPE_CHECKING:
    from candela_tui.store.reader import StoreReader

_BODIES = ("request", "response", "provider-request", "provider-response")


@click.command()
@click.option(
    "--session",
    "beginning",
    metavar="ID",
    help="Only the requests of this session. The beginning of its id is enough.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def requests(invocation: Invocation, beginning: str | None, as_json: bool) -> None:
    """List the recorded requests, the oldest first."""
    with recorded(invocation) as store:
        found = store.each(EVERYTHING if beginning is None else ExchangeQuery(session_named(store, beginning)))
        if as_json:
            records = records_in_order(found, lambda session_id: store.exchanges(ExchangeQuery(session_id)))
            for part in json_array(records):
                echo_json(part, newline=False)
            return
        _print_table(found, lambda: say_empty(invocation))


def _print_table(found: Iterator[Exchange], say_empty: Callable[[], None]) -> None:
    first = next(found, None)
    if first is None:
        say_empty()
        return
    rows = (
        (
            exchange.id,
            local_time(exchange.started_at),
            exchange.model_used or exchange.model or UNKNOWN,
            str(exchange.status or UNKNOWN),
            exchange.outcome.value + (", imported" if exchange.imported else ""),
            count(exchange.usage.prompt_tokens if exchange.usage else None),
            count(exchange.usage.cache_read_tokens if exchange.usage else None),
            count(exchange.usage.output_tokens if exchange.usage else None),
            cost(exchange.cost),
            duration(exchange.duration_ms),
            exchange.error.message if exchange.error else exchange.stop_reason or "",
        )
        for exchange in chain([first], found)
    )
    heads = ("ID", "TIME", "MODEL", "STATUS", "OUTCOME", "PROMPT", "CACHED", "OUTPUT", "COST", "TOOK", "END")
    for line in table_lines(heads, rows, flexible=10, right=(3, 5, 6, 7, 8, 9), width=output_width()):
        click.echo(line)


@click.command()
@click.argument("request_id", metavar="ID", type=REQUEST_ID)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, including the headers.")
@click.option("--receipt", "as_receipt", is_flag=True, help="Print how its cost comes about: counts, prices, factors.")
@click.option("--trust", "as_trust", is_flag=True, help="Print what candela changed, added and proves, by hash.")
@click.option("--raw", type=click.Choice(_BODIES), help="Print a body, byte for byte.")
@pass_invocation
def show(
    invocation: Invocation, request_id: str, as_json: bool, as_receipt: bool, as_trust: bool, raw: str | None
) -> None:
    """Show one request. The beginning of its ID is enough.

    \b
    Examples:
      candela show 0198
      candela show 0198 --receipt
      candela show 0198 --trust
      candela show 0198 --raw request | jq .messages
      candela show 0198 --raw response > answer.sse
      candela show 0198 --raw provider-request      what was sent to the cloud
    """
    if (raw is not None) + as_receipt + as_trust > 1 or (raw is not None and as_json):
        raise click.UsageError("Give one of --receipt, --trust and --raw; --json goes with the first two.")
    with recorded(invocation, shows_bodies=raw is not None) as store:
        exchange = request_named(store, request_id)
        if raw:
            _write_raw(_body(store, exchange, raw), raw)
        elif as_receipt:
            print_receipt(exchange, Pricer(invocation.settings().pricing), as_json=as_json)
        elif as_trust:
            print_trust(trust_of(exchange, _bodies(store, exchange)), as_json=as_json)
        elif as_json:
            echo_json(json_text(detailed_record(exchange, _context_of(store, exchange))))
        else:
            session = store.exchanges(ExchangeQuery(session_id=exchange.session_id))
            click.echo(overview(exchange, changes_since_before(session, exchange)))


def _bodies(store: "StoreReader", exchange: Exchange) -> Bodies:
    return Bodies(
        store.request_body(exchange.id),
        store.response_body(exchange.id),
        store.provider_request_body(exchange.id),
        store.provider_response_body(exchange.id),
    )


def _context_of(store: "StoreReader", exchange: Exchange) -> Context:
    """Return the context of a request, derived from the other requests of its session."""
    others = {each.id: each for each in store.exchanges(ExchangeQuery(session_id=exchange.session_id))}
    return contexts({**others, exchange.id: exchange}.values())[exchange.id]


def _body(store: "StoreReader", exchange: Exchange, which: str) -> bytes:
    of_client = which.removeprefix("provider-")
    body = store.request_body(exchange.id) if of_client == "request" else store.response_body(exchange.id)
    if which != of_client:
        own = store.provider_request_body if of_client == "request" else store.provider_response_body
        # If the provider's body is not stored separately, it is the same as the client's.
        body = own(exchange.id) or body
    if body is None:
        raise click.ClickException(missing_body(exchange))
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
