"""``candela replay``: send a recorded request again, also to another model or on another route."""

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from candela_tui.analysis import labels
from candela_tui.analysis.replay_cost import expected_words
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.confirm import confirm
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.providers.identity import ROUTE_OPTIONS, RouteName, route_for
from candela_tui.reports.json_text import json_text
from candela_tui.reports.records import detailed_record
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import duration

if TYPE_CHECKING:
    from candela_tui.attach.remote_history import RemoteHistory
    from candela_tui.wire import ReplayOffer

_LOOK_EVERY_S = 0.2


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--model", metavar="NAME", help="The model to ask instead.")
@click.option("--route", "option", type=click.Choice(ROUTE_OPTIONS), help="The route to take instead.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the new request as JSON.")
@pass_invocation
def replay(
    invocation: Invocation, request_id: str, model: str | None, option: str | None, yes: bool, as_json: bool
) -> None:
    """Send a recorded request again, and compare the two answers. The beginning of its ID is enough.

    It goes through the running candela with candela's own credentials (`candela auth login`), because those of clients
    are never recorded. It costs what a request costs, so you are asked first.

    \b
    Examples:
      candela replay 0198
      candela replay 0198 --model claude-haiku-4-5
      candela replay 0198 --route bedrock --yes --json | jq .cost_usd
    """
    # Not at the top: `candela --help` and completion do not need the local API.
    from candela_tui.attach.control import Control
    from candela_tui.attach.remote_history import RemoteHistory
    from candela_tui.cli.process.check_proxy import client_of, own_candela
    from candela_tui.store.errors import StoreError
    from candela_tui.store.reader import StoreReader

    found = route_for(option) if option is not None else None
    route = found.name if found is not None else None
    running = own_candela(invocation, invocation.settings())
    if running is None:
        raise click.ClickException(
            f"No candela is running that records in {invocation.paths.data}. Start one with `candela start`."
        )
    client = client_of(running, invocation)
    control = Control(client, lambda _: None)
    try:
        with contextlib.closing(StoreReader(invocation.paths.store)) as store:
            history = RemoteHistory(client, store)
            before = history.exchange(request_id)
            if before is None:
                named = terminal_safe(request_id)
                raise click.ClickException(f"No recorded request has an id that begins with {named!r}.")
            offer = control.replay_cost(before.id, model, route)
            confirm("Send it?", yes=yes, declined="Nothing was sent.", details=_asked(before, model, route, offer))
            after = _ended(history, control.replay(before.id, model, route))
    except StoreError as error:
        raise click.ClickException(_sentence(str(error))) from None
    if as_json:
        echo_json(json_text(detailed_record(after, Context(call=after.id))))
    else:
        click.echo(_compared(before, after))
        click.echo(f"`candela show {after.id}` shows all of it.")


def _asked(before: Exchange, model: str | None, route: RouteName | None, offer: "ReplayOffer") -> Iterator[str]:
    named = terminal_safe(model or before.model or UNKNOWN)
    yield f"This sends {before.id} ({amounts.size(before.request_bytes)}) to {named} on {route or before.route}."
    yield expected_words(offer.low_usd, offer.high_usd)


def _ended(history: "RemoteHistory", exchange_id: str) -> Exchange:
    """Wait for the end of a request. Raises StoreError."""
    while True:
        found = history.exchange(exchange_id)
        if found is not None and not found.live:
            return found
        time.sleep(_LOOK_EVERY_S)


def _compared(before: Exchange, after: Exchange) -> str:
    rows = [(name, one, other) for (name, one), (_, other) in zip(_facts(before), _facts(after), strict=True)]
    return table(("", "BEFORE", "NOW"), rows, flexible=2, width=output_width())


def _facts(exchange: Exchange) -> Iterator[tuple[str, str]]:
    usage = exchange.usage
    yield "request", exchange.id
    yield "model", exchange.model_used or exchange.model or UNKNOWN
    yield "route", exchange.route
    yield "outcome", exchange.outcome.value
    yield "stop reason", exchange.stop_reason or UNKNOWN
    yield "error", exchange.error.message if exchange.error is not None else UNKNOWN
    yield "prompt tokens", _tokens(usage.prompt_tokens if usage is not None else None)
    yield "from the cache", _tokens(usage.cache_read_tokens if usage is not None else None)
    yield "output tokens", _tokens(usage.output_tokens if usage is not None else None)
    yield "cost", labels.cost(exchange.cost)
    yield "took", duration(exchange.duration_ms)


def _tokens(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _sentence(words: str) -> str:
    return words if words.endswith(".") else f"{words[:1].upper()}{words[1:]}."
