"""What spans and metrics say of an exchange, in the names of OpenTelemetry's semantic conventions for generative AI.

Source: https://github.com/open-telemetry/semantic-conventions-genai (November 2026). The constants in the package of
conventions are deprecated, because they moved there. What has no name there begins with ``candela.``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind
from candela_tui.providers.identity import PROVIDERS

Value = str | bool | int | float | Sequence[str]
Attributes = dict[str, Value]

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_MODEL: Final = "gen_ai.response.model"
CONVERSATION: Final = "gen_ai.conversation.id"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - the name of an attribute
ERROR_TYPE: Final = "error.type"
SESSION: Final = "session.id"
"""What Langfuse and Phoenix group traces by."""
CHAT: Final = "chat"
_OTHER_ERROR: Final = "_OTHER"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def operation(exchange: Exchange) -> str:
    """Return the name of the operation: ``chat``, or what else was asked for."""
    return CHAT if exchange.asks_message else str(exchange.kind)


def request_name(exchange: Exchange) -> str:
    """Return the name of an exchange's span, such as ``chat claude-opus-4-8``."""
    return f"{operation(exchange)} {exchange.model}" if exchange.model else operation(exchange)


def error_type(exchange: Exchange) -> str | None:
    """Return a short name for what went wrong, or None if nothing did."""
    if exchange.error is not None:
        return exchange.error.type or _OTHER_ERROR
    return None if exchange.outcome in (Outcome.OK, Outcome.LIVE) else str(exchange.outcome)


def of_session(exchange: Exchange) -> Attributes:
    """Return what every span of a session says."""
    if exchange.session_id is None:
        return {}
    return {CONVERSATION: exchange.session_id, SESSION: exchange.session_id}


def of_metrics(exchange: Exchange) -> Attributes:
    """Return what metrics say: nothing of which there are ever more values."""
    found = {
        OPERATION: operation(exchange),
        PROVIDER: PROVIDERS[exchange.provider].semantic_name,
        REQUEST_MODEL: exchange.model,
        RESPONSE_MODEL: exchange.model_used,
    }
    return {name: value for name, value in found.items() if value is not None}


def of_request(exchange: Exchange, *, cache_creation_name: bool = False) -> Attributes:
    """Return what the span of an exchange says."""
    found: Mapping[str, Value | None] = {
        **of_metrics(exchange),
        **of_session(exchange),
        **dict(_server(exchange)),
        **dict(_usage(exchange, cache_creation_name=cache_creation_name)),
        **dict(_costs(exchange)),
        **dict(_own(exchange)),
        "gen_ai.request.stream": exchange.streamed if exchange.kind is Kind.MESSAGES else None,
        "gen_ai.response.id": exchange.message_id,
        "gen_ai.response.finish_reasons": (exchange.stop_reason,) if exchange.stop_reason else None,
        "http.response.status_code": exchange.status,
        ERROR_TYPE: error_type(exchange),
    }
    return {name: value for name, value in found.items() if value is not None}


def _server(exchange: Exchange) -> Iterator[tuple[str, Value | None]]:
    try:
        url = urlsplit(exchange.url)
        port = url.port or _DEFAULT_PORTS.get(url.scheme)
    except ValueError:
        return
    if url.hostname:
        yield "server.address", url.hostname
        yield "server.port", port


def _usage(exchange: Exchange, *, cache_creation_name: bool) -> Iterator[tuple[str, Value | None]]:
    usage = exchange.usage
    if usage is None:
        return
    # The conventions count the tokens of the cache among the input.
    yield INPUT_TOKENS, usage.prompt_tokens
    yield OUTPUT_TOKENS, usage.output_tokens
    yield "gen_ai.usage.cache_read.input_tokens", usage.cache_read_tokens
    yield "gen_ai.usage.cache_write.input_tokens", usage.cache_write_tokens
    if cache_creation_name:
        yield "gen_ai.usage.cache_creation.input_tokens", usage.cache_write_tokens
    yield "candela.usage.cache_write_5m_tokens", usage.cache_write_5m_tokens
    yield "candela.usage.cache_write_1h_tokens", usage.cache_write_1h_tokens


def _costs(exchange: Exchange) -> Iterator[tuple[str, Value | None]]:
    cost = exchange.cost
    if cost is None:
        return
    yield "candela.cost.usd", float(cost.total)
    yield "candela.cost.at_least", cost.at_least or None
    yield "candela.cost.input_usd", float(cost.input)
    yield "candela.cost.cache_read_usd", float(cost.cache_read)
    yield "candela.cost.cache_write_usd", float(cost.cache_write)
    yield "candela.cost.output_usd", float(cost.output)
    yield "candela.cost.web_searches_usd", float(cost.web_searches) or None


def _own(exchange: Exchange) -> Iterator[tuple[str, Value | None]]:
    yield "candela.exchange.id", exchange.id
    yield "candela.route", str(exchange.route)
    yield "candela.provider", str(exchange.provider)
    yield "candela.region", exchange.region
    yield "candela.kind", str(exchange.kind)
    yield "candela.outcome", str(exchange.outcome)
    yield "candela.retry", exchange.retry or None
    yield "candela.client", exchange.client
    yield "candela.agent.id", exchange.agent_id
    yield "candela.agent.type", exchange.agent_type
    yield "candela.agent.parent_id", exchange.parent_agent_id
    yield "candela.prompt.id", exchange.prompt_id
    yield "candela.request_id", exchange.request_id
    yield "candela.model_sent", exchange.model_sent
    yield "candela.time_to_first_byte", _seconds(exchange.ttfb_ms)
    yield "candela.time_to_first_token", _seconds(exchange.ttft_ms)
    if exchange.rules:
        yield "candela.rules", tuple(dict.fromkeys(f"{action.rule} {action.action}" for action in exchange.rules))
    if exchange.cache is not None:
        found = exchange.cache.diagnosis
        yield "candela.cache.state", found.state.value if found.state is not None else None
        yield "candela.cache.miss_cause", found.cause.value if found.cause is not None else None
        if exchange.cache.rewritten_usd is not None:
            yield "candela.cache.rewritten_usd", float(exchange.cache.rewritten_usd)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
