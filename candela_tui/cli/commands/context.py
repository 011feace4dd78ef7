"""``candela context``: what fills the context window at a request."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from candela_tui.analysis import context_words as words
from candela_tui.analysis.context_change import (
    ContextChange,
    Duplicate,
    EveryTool,
    context_change,
    conversation_before,
    duplicates,
    every_tool,
    growth,
    largest,
)
from candela_tui.analysis.context_counting import estimate_error
from candela_tui.analysis.context_items import ReadContext, context_pieces
from candela_tui.analysis.context_parts import Context, context_of, known_context
from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.labels import missing_body
from candela_tui.analysis.traffic_side import request_side
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import REQUEST_ID, recorded, request_named
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.exchange import Exchange
from candela_tui.reports.json_text import json_text
from candela_tui.store.history import ExchangeQuery
from candela_tui.text import amounts
from candela_tui.text.tables import table_lines
from candela_tui.text.terminal_safe import terminal_safe

if TYPE_CHECKING:
    from candela_tui.store.reader import StoreReader

_MOST_ITEMS = 10


@click.command()
@click.argument("request_id", metavar="ID", type=REQUEST_ID)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--count", is_flag=True, help="Let the provider count the parts, with candela's own credentials.")
@pass_invocation
def context(invocation: Invocation, request_id: str, as_json: bool, count: bool) -> None:
    """Show what fills the context window at a request, by source. The beginning of its ID is enough.

    The parts are estimated, or counted with --count, and add up to the prompt that the provider measured.
    """
    with recorded(invocation, shows_bodies=True) as store:
        exchange = request_named(store, request_id)
        conversation = conversation_before(store.exchanges(ExchangeQuery(exchange.session_id)), exchange)
        known = Items()
        before = _previous(store, conversation, known)
        body = _body(store, exchange)
        # Without the body, what was worked out while it was there.
        parts = store.context_parts(exchange.id) if body is None else None
    read = None if body is None else _read(body, exchange, Items(), known)
    if read is not None and not read.is_empty:
        now = context_of(exchange, read, conversation)
    elif parts:
        now = known_context(exchange, parts, conversation)
    else:
        raise click.ClickException(f"What is in its context can't be told. {missing_body(exchange)}")
    error = None
    if count and body is None:
        raise click.ClickException(f"Its parts can't be counted. {missing_body(exchange)}")
    if count and body is not None:
        from candela_tui.cli.count_tokens import counted  # It imports the HTTP client.

        estimated, now = now, counted(invocation, exchange, body, now)
        error = estimate_error(estimated, now)
    change = None
    if before is not None and read is not None:
        previous, its = before
        then = context_of(previous, its, conversation[:-1])
        change = context_change(now, then, exchange, previous)
    repeats, every = duplicates(now), every_tool(exchange, now)
    if as_json:
        measured = {"growth_tokens": growth(conversation), "estimate_error": error}
        echo_json(json_text(_record(exchange, now, change, repeats, every) | measured))
        return
    for line in _lines(exchange, now, words.growth(growth(conversation), now), change, repeats, every):
        click.echo(line)
    if error is not None:
        click.echo(f"\nThe parts are counted. The estimate had given {error:.1%} of the prompt to other parts.")


def _previous(
    store: "StoreReader", conversation: Sequence[Exchange], known: Items
) -> tuple[Exchange, ReadContext] | None:
    """Return the request before the last one of a conversation, with its pieces; None if there is none with a body."""
    if len(conversation) < 2:
        return None
    previous = conversation[-2]
    body = _body(store, previous)
    return None if body is None else (previous, _read(body, previous, known, Items()))


def _body(store: "StoreReader", exchange: Exchange) -> bytes | None:
    """Return a request's body in the form of the Messages API; None if it is not kept."""
    own_form = request_side(exchange) == "client"
    return store.request_body(exchange.id) if own_form else store.provider_request_body(exchange.id)


def _read(body: bytes, exchange: Exchange, items: Items, known: Items) -> ReadContext:
    """Read the pieces of a request's prompt; none if its body is not a Messages request."""
    for _ in read_items(body, items, known):
        pass
    return context_pieces(items, exchange.model_used or exchange.model)


def _record(
    exchange: Exchange,
    now: Context,
    change: ContextChange | None,
    repeats: Sequence[Duplicate],
    every: EveryTool | None,
) -> dict[str, object]:
    return {
        "id": exchange.id,
        "model": exchange.model_used or exchange.model,
        "window": now.window,
        "prompt_tokens": now.prompt_tokens,
        "free_tokens": now.free_tokens,
        "autocompact_at": now.autocompact_at,
        "parts": [
            {
                "source": part.source,
                "name": part.name,
                "kind": part.kind,
                "tokens": part.tokens,
                "bytes": part.size,
                "share": round(now.share(part.tokens), 6),
            }
            for part in now.parts
        ],
        "change": None
        if change is None
        else {
            "previous_id": change.previous_id,
            "previous_tokens": change.previous_tokens,
            "entered_tokens": change.entered_tokens,
            "left_tokens": change.left_tokens,
            "why": change.why,
        },
        "duplicates": [{"name": each.name, "times": each.times, "spare_tokens": each.spare_tokens} for each in repeats],
        "every_tool": None if every is None else {"tools": every.tools, "tokens": every.tokens},
    }


def _lines(
    exchange: Exchange,
    now: Context,
    grows: str,
    change: ContextChange | None,
    repeats: Sequence[Duplicate],
    every: EveryTool | None,
) -> Iterator[str]:
    yield terminal_safe(f"{exchange.model_used or exchange.model or amounts.UNKNOWN}: {words.fill(now)}")
    if grows:
        yield f"It {grows}."
    yield ""
    yield from table_lines(
        ("PART", "TOKENS", "SHARE", "BYTES"),
        _rows(now),
        flexible=0,
        right=(1, 2, 3),
        width=output_width(),
        measured=None,
    )
    found = largest(now, _MOST_ITEMS)
    if found:
        yield "\nLargest pieces in messages"
        rows = ((words.item_name(each), f"{each.tokens:,}", f"message {each.item.message}") for each in found)
        yield from table_lines(("PIECE", "TOKENS", "WHERE"), rows, flexible=0, right=(1,), width=output_width())
    told = [] if change is None else [words.entered(change), words.left(change)]
    told += [words.repeated(each) for each in repeats[:_MOST_ITEMS]]
    told += [] if every is None else [words.unneeded(every)]
    if any(told):
        yield ""
    yield from (terminal_safe(each) for each in told if each)


def _rows(now: Context) -> Iterator[tuple[str, str, str, str]]:
    for source, parts in groupby(now.parts, key=lambda part: part.source):
        tokens = now.of(source)
        yield words.SOURCES[source], f"{tokens:,}", amounts.percent(now.share(tokens)), ""
        for part in parts:
            yield (
                f"  {words.part_name(part)}",
                f"{part.tokens:,}",
                amounts.percent(now.share(part.tokens)),
                f"{part.size:,}",
            )
