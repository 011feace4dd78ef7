"""The receipt of a request on the page: how its cost comes about, cache, times, and how it ended."""

from collections.abc import Iterator
from decimal import Decimal

from candela_tui.analysis import labels
from candela_tui.analysis.advice import advice
from candela_tui.analysis.receipt import receipt_notes, receipt_of, receipt_rows, total_words
from candela_tui.exchange import Exchange, Outcome
from candela_tui.exchange.facts import BY_NAME, Context, Unit, Value
from candela_tui.pricing import Pricer
from candela_tui.reports.page.markup import escaped
from candela_tui.text import amounts, times
from candela_tui.text.amounts import UNKNOWN

_FACTS = (
    *("model", "model_used", "provider", "region", "gateway", "service_tier", "speed", "kind", "agent_type"),
    *("started_at", "connect_ms", "ttfb_ms", "ttft_ms", "duration_ms", "tokens_per_second", "tool_durations"),
    *("prompt_tokens", "cache_hit_rate", "saved_usd", "client_cost_usd", "cost_notes", "unpriced_model", "unread"),
    *("status", "outcome", "stop_reason", "error", "retry", "left_out", "differs", "adapted"),
    *("request_bytes", "response_bytes", "request_id", "id"),
)
"""The facts of a receipt besides its table, by name. One that is not known is left out."""
_ALWAYS = frozenset({"ttft_ms", "cache_hit_rate"})
"""Facts that are shown as unknown."""


def receipt(exchange: Exchange, context: Context, pricer: Pricer, *, title: str = "") -> str:
    """Return the receipt of one request, folded to its sum."""
    usage = exchange.usage
    parts = [
        f"<b>{escaped(title or labels.cost(exchange.cost))}</b>",
        f"<span>{escaped(labels.model(exchange.model_used or exchange.model))}</span>",
    ]
    if exchange.outcome is not Outcome.OK:
        parts.append(f'<span class="bad">{escaped(exchange.outcome.value)}</span>')
    if usage is not None:
        prompt, hit = amounts.count(usage.prompt_tokens), amounts.percent(usage.cache_hit_rate)
        parts.append(f"<span>{prompt} prompt, {hit} cached</span>")
        parts.append(f"<span>{amounts.count(usage.output_tokens)} output</span>")
    parts.append(f"<span>{times.duration(exchange.ttft_ms)} to first token</span>")
    facts = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in _facts(exchange, context))
    step = advice(exchange)
    told = f"<p>{escaped(step)}</p>" if step else ""
    return (
        f'<details class="receipt"><summary>{" ".join(parts)}</summary>{_prices(exchange, pricer)}{told}'
        f"<dl>{facts}</dl></details>\n"
    )


def _prices(exchange: Exchange, pricer: Pricer) -> str:
    """Return count, price and cost by token class, whose sum is exact, and why these prices count."""
    found = receipt_of(exchange, pricer)
    if found is None:
        return '<p class="note">The answer states no usage.</p>'
    body = "".join(
        (f'<tr class="note"><th scope="rowgroup" colspan="3">{escaped(row.usage)}</th></tr>' if row.usage else "")
        + f'<tr><th scope="row">{escaped(row.name)}</th><td>{escaped(row.count)}{_at(row.price)}</td>'
        f"<td>{escaped(row.usd)}</td></tr>"
        for row in receipt_rows(found)
    )
    name, total = total_words(exchange, found)
    notes = "".join(
        f"<dt>{escaped(label)}</dt><dd>{escaped(words)}</dd>" if label else f"<dd>{escaped(words)}</dd>"
        for label, words in receipt_notes(found)
    )
    return (
        '<table><thead><tr><th scope="col"><span class="hidden">part</span></th><th scope="col">tokens</th>'
        f'<th scope="col">USD</th></tr></thead><tbody>{body}</tbody>'
        f'<tfoot><tr><th scope="row" colspan="2">{escaped(name)}</th><td>{escaped(total)}</td></tr></tfoot></table>'
        f"{f'<dl>{notes}</dl>' if notes else ''}"
    )


def _at(price: str) -> str:
    """Return the price below a count: USD per million tokens."""
    return f'<span class="note">{escaped(price)}</span>' if price != UNKNOWN else ""


def _facts(exchange: Exchange, context: Context) -> Iterator[tuple[str, str]]:
    for name in _FACTS:
        fact = BY_NAME[name]
        value = fact.get(exchange, context)
        if value is None and name not in _ALWAYS:
            continue
        if name == "retry" and not value:
            continue
        yield fact.label, _in_words(value, fact.unit)


def _in_words(value: Value, unit: Unit) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, Decimal):
        return f"−{amounts.exact_money(-value)}" if value < 0 else amounts.exact_money(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    match unit:
        case Unit.MILLISECONDS:
            return times.exact_duration(value)
        case Unit.SHARE:
            return amounts.percent(value)
        case Unit.BYTES:
            return f"{value:,} bytes"
        case Unit.RATE:
            return amounts.rate(value)
        case _:
            return f"{value:,}"
