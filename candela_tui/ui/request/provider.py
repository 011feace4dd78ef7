"""Who runs the model behind a route that does not lead to Anthropic, and what candela changed so that it takes the
request."""

from candela_tui.exchange import Exchange
from candela_tui.ui import words
from candela_tui.ui.ink import Line
from candela_tui.ui.request.facts import fact, heading

_ALREADY_SAID = frozenset(
    {"inputTokenCount", "outputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"}
)
"""Metrics that the usage has."""


def provider_lines(exchange: Exchange, width: int) -> list[Line]:
    """Provider, region, what was spoken on both sides, what it measured; nothing where all is Anthropic's own."""
    if exchange.provider == "anthropic" and exchange.dialect == "messages":
        return []
    provider = words.provider(exchange.provider)
    lines = [heading("Provider", " · ".join(filter(None, [provider, exchange.region])))]
    lines += fact("client speaks", words.way(exchange), width)
    lines += fact("its status", _status(exchange), width)
    for name, value in exchange.provider_metrics:
        if name not in _ALREADY_SAID:
            lines += fact(*_metric(name, value), width, "dim")
    return lines


def adaptation_lines(exchange: Exchange, width: int) -> list[Line]:
    """Each change with what it was and why: first what was done again, then flags, fields and messages."""
    if not exchange.adaptations:
        return []
    number = len(exchange.adaptations)
    note = (
        "1 change, so that the provider takes it" if number == 1 else f"{number} changes, so that the provider takes it"
    )
    lines = [heading("Adapted", note)]
    before = ""
    for one in sorted(exchange.adaptations, key=lambda one: _ORDER.index(one.what)):
        said = f"{one.name} · {one.why}" if one.name else one.why
        lines += fact("" if one.what == before else words.ADAPTED[one.what], said, width)
        before = one.what
    return lines


_ORDER = tuple(words.ADAPTED)


def _status(exchange: Exchange) -> str | None:
    status = exchange.provider_status
    if status is None:
        return None
    return str(status) if status == exchange.status else f"{status}; the client got {exchange.status or words.UNKNOWN}"


def _metric(name: str, value: str) -> tuple[str, str]:
    """``invocationLatency 1234`` is ``latency``, ``1.2s``."""
    for suffix in ("Latency", "LatencyMs"):
        if name.endswith(suffix) and value.isascii() and value.isdigit():
            said = {"invocation": "its whole time", "firstByte": "its first byte"}.get(name.removesuffix(suffix), name)
            return said, words.duration(int(value))
    return name, value
