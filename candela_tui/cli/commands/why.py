"""``candela why``: what became of a request's cache, why, and what that cost."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from candela_tui.analysis.cache_baselines import LONGEST, closest, readable_requests
from candela_tui.analysis.cache_changes import Asked, changed_items
from candela_tui.analysis.cache_miss import diagnose, disagreement, explained, rewrite_usd
from candela_tui.analysis.compare import LineChanges, Sign, compare_lines
from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.prompt_blocks import prompt_of
from candela_tui.analysis.traffic_side import request_side
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import recorded, request_named
from candela_tui.cli.terminal.output import echo_json
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import Diagnosis
from candela_tui.pricing import Pricer
from candela_tui.reports.json_text import json_text
from candela_tui.store.history import ExchangeQuery
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import duration

if TYPE_CHECKING:
    from candela_tui.store.reader import StoreReader

_MOST_LINES = 40
"""Changed lines that are printed."""


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def why(invocation: Invocation, request_id: str, as_json: bool) -> None:
    """Explain what a request read from the prompt cache, and why not more. The beginning of its ID is enough.

    It is compared with the latest earlier request of the same agent that left something in the cache; an agent's first
    request, with what other agents and sessions left.
    """
    pricer = Pricer(invocation.settings().pricing)
    with recorded(invocation) as store:
        exchange = request_named(store, request_id)
        session = store.exchanges(ExchangeQuery(exchange.session_id))
        recent = store.exchanges(ExchangeQuery(since=exchange.started_at - LONGEST, before=exchange.id))
        # Read against each other, because what is the same in both is then read once.
        own = Items()
        now = _asked(store, exchange, own, Items())
        others = readable_requests([*session, *recent], exchange)
        before = closest(now, [_asked(store, other, Items(), own) for other in others])
    diagnosis = diagnose(now, before)
    tokens = diagnosis.rewritten_tokens
    usd = rewrite_usd(exchange, tokens, pricer) if tokens is not None else None
    if as_json:
        echo_json(json_text(_record(exchange, diagnosis, usd)))
        return
    for line in _lines(diagnosis, usd):
        click.echo(terminal_safe(line))
    for line in _difference(now, before, diagnosis):
        click.echo(terminal_safe(line))


def _asked(store: "StoreReader", exchange: Exchange, items: Items, known: Items) -> Asked:
    own_form = request_side(exchange) == "client"
    body = store.request_body(exchange.id) if own_form else store.provider_request_body(exchange.id)
    if body is None:
        return Asked(exchange, None)
    for _ in read_items(body, items, known):
        pass
    return Asked(exchange, prompt_of(items))


def _record(exchange: Exchange, diagnosis: Diagnosis, usd: Decimal | None) -> dict[str, object]:
    return {
        "id": exchange.id,
        "previous_id": diagnosis.previous_id,
        "state": diagnosis.state,
        "cause": diagnosis.cause,
        "where": diagnosis.where,
        "idle_s": diagnosis.idle.total_seconds() if diagnosis.idle is not None else None,
        "ttl": diagnosis.ttl,
        "expected_read_tokens": diagnosis.expected_read_tokens,
        "read_tokens": diagnosis.read_tokens,
        "write_5m_tokens": diagnosis.write_5m_tokens,
        "write_1h_tokens": diagnosis.write_1h_tokens,
        "rewritten_tokens": diagnosis.rewritten_tokens,
        "rewritten_usd": usd,
        "provider_reason": diagnosis.provider_reason,
        "confidence": diagnosis.confidence,
    }


def _lines(diagnosis: Diagnosis, usd: Decimal | None) -> Iterator[str]:
    state = diagnosis.state or "unknown"
    yield f"{state}: {explained(diagnosis)}"
    if diagnosis.previous_id is not None:
        idle = duration(diagnosis.idle.total_seconds() * 1000 if diagnosis.idle is not None else None)
        yield f"  previous   {diagnosis.previous_id}, {idle} before, cache of {diagnosis.ttl or UNKNOWN}"
        yield f"  in cache   {_tokens(diagnosis.expected_read_tokens)}"
    yield f"  read       {_tokens(diagnosis.read_tokens)}"
    yield f"  written    5m {_tokens(diagnosis.write_5m_tokens)}, 1h {_tokens(diagnosis.write_1h_tokens)}"
    if diagnosis.rewritten_tokens:
        more = f", {amounts.money(usd)} more than reading them" if usd is not None else ""
        yield f"  again      {_tokens(diagnosis.rewritten_tokens)}{more}"
    if diagnosis.where is not None:
        yield f"  where      {diagnosis.where}"
    if diagnosis.provider_reason is not None:
        differs = ", which is another reason" if disagreement(diagnosis) else ""
        yield f"  provider   {diagnosis.provider_reason}{differs}"
    if diagnosis.cause is not None and diagnosis.confidence != "certain":
        yield f"  confidence {diagnosis.confidence}"


def _tokens(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _difference(now: Asked, before: Asked | None, diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the lines that changed in the block that ``where`` names."""
    if before is None or before.prompt is None or now.prompt is None or not diagnosis.where_is_block:
        return
    items = changed_items(now.prompt, before.prompt)
    if items is None:
        return
    found = LineChanges()
    for _ in compare_lines(*items, found):
        pass
    changed = [line for line in found.lines if line.sign is not Sign.SAME]
    for line in changed[:_MOST_LINES]:
        yield f"  {line.sign} {line.text}"
    if len(changed) > _MOST_LINES:
        yield f"  … {len(changed) - _MOST_LINES:,} more changed lines"
