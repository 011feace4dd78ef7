"""The provider of a request that did not go straight to Anthropic, and what candela changed for it."""

from candela_tui.analysis import labels
from candela_tui.exchange import Exchange
from candela_tui.providers.identity import Dialect, Provider
from candela_tui.text import amounts, times
from candela_tui.ui.screens.request.overview.labelled_lines import heading, labelled
from candela_tui.ui.style.styled_text import Line

_ALREADY_SAID = frozenset(
    {"inputTokenCount", "outputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"}
)
"""Metrics that are part of the usage section."""


def provider_lines(exchange: Exchange, width: int) -> list[Line]:
    """Return the provider, region, dialects and the provider's metrics; nothing if all is Anthropic's."""
    if exchange.provider == Provider.ANTHROPIC and exchange.dialect == Dialect.MESSAGES:
        return []
    provider = labels.provider(exchange.provider)
    lines = [heading("Provider", " · ".join(filter(None, [provider, exchange.region])))]
    lines += labelled("client speaks", labels.way(exchange), width)
    lines += labelled("provider status", _status(exchange), width)
    for name, value in exchange.provider_metrics:
        if name not in _ALREADY_SAID:
            lines += labelled(*_metric(name, value), width, "dim")
    return lines


def adaptation_lines(exchange: Exchange, width: int) -> list[Line]:
    """Return each change with its reason: retries first, then flags, fields and messages."""
    if not exchange.adaptations:
        return []
    number = len(exchange.adaptations)
    note = "1 change" if number == 1 else f"{number} changes"
    if not any(one.what in ("edit", "added") for one in exchange.adaptations):
        note += ", so that the provider accepts it"
    lines = [heading("Adapted", note)]
    before = ""
    for one in sorted(exchange.adaptations, key=lambda one: _ORDER.index(one.what)):
        said = f"{one.name} · {one.why}" if one.name else one.why
        lines += labelled("" if one.what == before else labels.ADAPTED[one.what], said, width)
        before = one.what
    return lines


def rule_lines(exchange: Exchange, width: int) -> list[Line]:
    """Return what each rule did, or would have done."""
    if not exchange.rules:
        return []
    lines = [heading("Rules", "")]
    for each in exchange.rules:
        lines += labelled(each.rule, labels.ruled(each), width)
    return lines


def attempt_lines(exchange: Exchange, width: int) -> list[Line]:
    """Return the providers that were asked in turn because one failed."""
    if not exchange.attempts:
        return []
    lines = [heading("Asked in turn", "")]
    for each in exchange.attempts:
        lines += labelled(labels.provider(Provider(each.provider)), labels.attempt(each), width)
    return lines


_ORDER = tuple(labels.ADAPTED)


def _status(exchange: Exchange) -> str | None:
    status = exchange.provider_status
    if status is None:
        return None
    return (
        str(status)
        if status == exchange.status
        else f"{status}; the client received {exchange.status or amounts.UNKNOWN}"
    )


def _metric(name: str, value: str) -> tuple[str, str]:
    """Return the label and value of a metric: ``invocationLatency 1234`` becomes ``provider time``, ``1.2s``."""
    for suffix in ("Latency", "LatencyMs"):
        if name.endswith(suffix) and value.isascii() and value.isdigit():
            said = {"invocation": "provider time", "firstByte": "provider TTFB"}.get(name.removesuffix(suffix), name)
            return said, times.duration(int(value))
    return name, value
