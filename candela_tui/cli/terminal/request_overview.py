"""Format one request as text for people."""

from collections.abc import Iterator, Sequence

from candela_tui.analysis.labels import (
    ADAPTED,
    KINDS,
    attempt,
    cost,
    imported,
    missing_body,
    provider,
    ruled,
    tool_durations,
    way,
)
from candela_tui.analysis.served_changes import ServedChange, change_words
from candela_tui.exchange import Exchange, Kept
from candela_tui.pricing import price_settings
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.user_agent import program_name
from candela_tui.providers.identity import Dialect, Provider
from candela_tui.reports.records import plain_decimal
from candela_tui.text.amounts import UNKNOWN, count
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import Clock, duration, local_time


def overview(exchange: Exchange, changes: Sequence[ServedChange] = ()) -> str:
    """Return the facts, usage, cost, timing and headers of a request as lines that are safe for a terminal.

    ``changes`` is what is served otherwise since this request than in its session before."""
    sections = [
        [*_facts(exchange), *(("from here on", change_words(change, Clock())) for change in changes)],
        _usage(exchange),
        [
            ("connected", duration(exchange.connect_ms)),
            ("first byte", duration(exchange.ttfb_ms)),
            ("first token", duration(exchange.ttft_ms)),
            ("whole", duration(exchange.duration_ms)),
        ],
    ]
    blocks = ["\n".join(terminal_safe(f"{name:<15}{value}") for name, value in section) for section in sections]
    blocks += [
        f"{title}\n{_fields(headers)}"
        for title, headers in (
            ("Stated in the answer", exchange.answer_facts),
            ("Request headers", exchange.request_headers),
            (f"Request headers to {provider(exchange.provider)}", exchange.provider_request_headers),
            (f"Response headers of {provider(exchange.provider)}", exchange.provider_response_headers),
            ("Response headers", exchange.response_headers),
        )
        if headers
    ]
    return "\n\n".join(blocks)


def _facts(exchange: Exchange) -> list[tuple[str, str]]:
    facts = [
        ("request", exchange.id),
        ("time", local_time(exchange.started_at)),
        ("for", KINDS[exchange.kind] + (" (inferred)" if "kind" in exchange.inferred else "")),
        ("session", exchange.session_id or UNKNOWN),
        *_agent(exchange),
        *_way(exchange),
        ("model", _models(exchange)),
        ("outcome", f"{exchange.outcome.value}, status {exchange.status or UNKNOWN}"),
        ("stop reason", exchange.stop_reason or UNKNOWN),
        *_provider(exchange),
        *((f"rule {each.rule}", ruled(each)) for each in exchange.rules),
        *(("in turn", f"{provider(Provider(each.provider))} · {attempt(each)}") for each in exchange.attempts),
        ("provider's id", exchange.request_id or UNKNOWN),
        ("bodies", _bodies(exchange)),
        *([("", missing_body(exchange))] if exchange.kept is not Kept.FULL else []),
    ]
    facts += [
        (difference.what.replace("_", " "), f"asked {difference.asked}, served {difference.served}")
        for difference in exchange.differences
    ]
    if exchange.retry:
        facts.append(("retry", str(exchange.retry)))
    if exchange.error:
        facts.append(("error", f"{exchange.error.type}: {exchange.error.message}"))
    return facts


def _agent(exchange: Exchange) -> list[tuple[str, str]]:
    inferred = " (inferred)" if "agent_id" in exchange.inferred else ""
    facts = [("agent", f"{exchange.agent_id}{inferred}" if exchange.agent_id else "main")]
    stated = (
        ("agent type", exchange.agent_type),
        ("class", exchange.request_class),
        ("prompt", exchange.prompt_id),
        ("tools before", tool_durations(exchange.tool_durations)),
    )
    return facts + [(name, value) for name, value in stated if value]


def _way(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield how the request crossed the proxy or, if it was imported, as much as is known of that."""
    words = imported(exchange)
    if words is not None:
        yield "imported", words
    if exchange.path:
        yield "asked", f"{exchange.method} {exchange.path}"
    if words is None:
        yield "of", f"{exchange.route} ({exchange.url})" if exchange.url else exchange.route
    elif exchange.url:
        yield "of", exchange.url


def _bodies(exchange: Exchange) -> str:
    if exchange.imported is not None and not exchange.request_bytes:
        return f"the request is not known, {exchange.response_bytes:,} bytes answered"
    return f"{exchange.request_bytes:,} bytes asked, {exchange.response_bytes:,} bytes answered"


def _models(exchange: Exchange) -> str:
    """Return the names of the requested, sent and used model, without repetitions."""
    names = [name for name in (exchange.model, exchange.model_sent, exchange.model_used) if name]
    said = " → ".join(dict.fromkeys(names)) or UNKNOWN
    return f"{said}, by {exchange.gateway}" if exchange.gateway else said


def _provider(exchange: Exchange) -> list[tuple[str, str]]:
    if exchange.provider == Provider.ANTHROPIC and exchange.dialect == Dialect.MESSAGES:
        return []
    place = " · ".join(filter(None, [provider(exchange.provider), exchange.region]))
    facts = [("provider", place), ("spoken", way(exchange))]
    if exchange.provider_status not in (None, exchange.status):
        facts.append(("its status", str(exchange.provider_status)))
    facts += [(ADAPTED[one.what], f"{one.name} · {one.why}") for one in exchange.adaptations]
    return facts


def _usage(exchange: Exchange) -> list[tuple[str, str]]:
    usage, price = exchange.usage, exchange.cost
    rows = [
        ("input", count(usage.input_tokens if usage else None)),
        ("cache read", count(usage.cache_read_tokens if usage else None)),
        ("cache write 5m", count(usage.cache_write_5m_tokens if usage else None)),
        ("cache write 1h", count(usage.cache_write_1h_tokens if usage else None)),
        ("output", count(usage.output_tokens if usage else None)),
    ]
    if price is not None:
        label = "API-equivalent" if exchange.subscription else "cost"
        rows.append((label, f"{cost(price)} (${plain_decimal(price.total)})"))
    elif exchange.unpriced_model:
        said = (
            f"no price is known for {exchange.unpriced_model}; add its prices to config.toml, USD per million tokens:"
        )
        rows.append(("cost", f"{UNKNOWN}  {said}"))
        rows += [("", line) for line in price_settings(exchange.unpriced_model)]
    else:
        rows.append(("cost", UNKNOWN))
    rows += [("note", note) for note in exchange.cost_notes]
    if exchange.client_cost is not None:
        rows.append((program_name(exchange.client or ""), f"counts ${plain_decimal(exchange.client_cost)} for it"))
    if exchange.unread is not None:
        rows.append(("unread", exchange.unread))
    return rows


def _fields(headers: Headers) -> str:
    return "\n".join(f"  {terminal_safe(name)}: {terminal_safe(value)}" for name, value in headers)
