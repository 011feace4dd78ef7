"""``candela why``: what became of a request's cache, why, and what that cost."""

from collections.abc import Iterator
from decimal import Decimal

import click

from candela_tui.analysis.cache_changes import Asked, changed_items
from candela_tui.analysis.cache_miss import diagnose, disagreement, explained
from candela_tui.analysis.compare import LineChanges, Sign, compare_lines
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import REQUEST_ID, recorded, request_named
from candela_tui.cli.terminal.output import echo_json
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import Diagnosis
from candela_tui.pricing import Pricer
from candela_tui.reports.json_text import json_text
from candela_tui.results.cache import CacheDiagnoser
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import duration

_MOST_LINES = 40
"""Changed lines that are printed."""


@click.command()
@click.argument("request_id", metavar="ID", type=REQUEST_ID)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def why(invocation: Invocation, request_id: str, as_json: bool) -> None:
    """Explain what a request read from the prompt cache, and why not more. The beginning of its ID is enough.

    It is compared with the latest earlier request of the same agent that left something in the cache; an agent's first
    request, with what other agents and sessions left.
    """
    with recorded(invocation, shows_bodies=True) as store:
        exchange = request_named(store, request_id)
        diagnoser = CacheDiagnoser(store, Pricer(invocation.settings().pricing))
        result = exchange.cache
        now = before = None
        if result is None or (result.diagnosis.where_is_block and not as_json):
            now, before = diagnoser.compared(exchange)
            result = result or diagnoser.priced(exchange, diagnose(now, before))
    diagnosis, usd = result.diagnosis, result.rewritten_usd
    if as_json:
        echo_json(json_text(_record(exchange, diagnosis, usd)))
        return
    for line in _lines(diagnosis, usd):
        click.echo(terminal_safe(line))
    if now is not None and before is not None:
        for line in _difference(now, before, diagnosis):
            click.echo(terminal_safe(line))


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


def _difference(now: Asked, before: Asked, diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the lines that changed in the block that ``where`` names."""
    if before.prompt is None or now.prompt is None or not diagnosis.where_is_block:
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
