"""The facts of an exchange: the name, the meaning and the getter of each.

Records, CSV, JSON, the local API, the filter, the columns of the dashboard and docs/fields.md use this table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any

from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause
from candela_tui.exchange.context_sums import ContextSums
from candela_tui.exchange.exchange import Exchange, Imported, Outcome, ProviderAttempt, ServiceAsked
from candela_tui.protocol.arrival import Arrival
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import Dialect, Provider

Value = str | int | float | bool | Decimal | None


class Unit(Enum):
    """The unit of a value, or that it is text, a time or a boolean."""

    TEXT = "text"
    TIME = "time"
    """A time as ISO 8601 in UTC."""
    FLAG = "flag"
    NUMBER = "number"
    TOKENS = "tokens"
    BYTES = "bytes"
    MILLISECONDS = "milliseconds"
    USD = "USD"
    SHARE = "share"
    """A number from 0 to 1."""
    RATE = "tokens per second"

    @property
    def json_type(self) -> str:
        """The JSON type of a value of this unit."""
        return _JSON_TYPES.get(self, "number")


_JSON_TYPES = {Unit.TEXT: "string", Unit.TIME: "string", Unit.FLAG: "boolean"}


@dataclass(frozen=True, slots=True)
class Context:
    """What the other exchanges of a session say about one exchange."""

    agent_type: str | None = None
    agent_description: str | None = None
    branch: str | None = None
    call: str = ""
    """The id of the first try of the same call."""
    earlier_tries: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """One property of an exchange."""

    name: str
    """The name in JSON, CSV and the local API."""
    label: str
    """A short label for display."""
    get: Callable[[Exchange, Context], Value]
    unit: Unit = Unit.TEXT
    doc: str = ""
    """What a reader should know besides the label; a sentence in docs/fields.md."""
    values: tuple[str, ...] = ()
    """The usual values, if there are few."""


def _usage(part: Callable[[Usage], int | float | None]) -> Callable[[Exchange, Context], Value]:
    return lambda exchange, context: part(exchange.usage) if exchange.usage is not None else None


def _diagnosed(part: Callable[[CacheResult], Value]) -> Callable[[Exchange, Context], Value]:
    return lambda exchange, context: part(exchange.cache) if exchange.cache is not None else None


def _in_context(part: Callable[[ContextSums], int | None]) -> Callable[[Exchange, Context], Value]:
    return lambda exchange, context: part(exchange.context) if exchange.context is not None else None


def _stated(asked: ServiceAsked | None) -> dict[str, str]:
    return {name: value for name, value in asdict(asked).items() if value} if asked is not None else {}


def _text(value: Enum | None) -> str | None:
    return None if value is None else str(value.value)


def _joined(texts: Iterable[str], between: str = ", ") -> str | None:
    return between.join(texts) or None


def _ruled(action: RuleAction) -> str:
    return f"{'would ' if action.dry_run else ''}{action.action} {action.rule}"


def _tried(attempt: ProviderAttempt) -> str:
    status = str(attempt.status) if attempt.status is not None else None
    return " ".join(filter(None, (attempt.provider, status, attempt.error_type)))


def iso_time(moment: datetime) -> str:
    """Return a time in UTC with milliseconds: ``2026-11-21T12:01:03.250Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sum(values: Iterable[int]) -> int | None:
    known = list(values)
    return sum(known) if known else None


def _milliseconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _cost_parts(exchange: Exchange) -> dict[str, Decimal] | None:
    cost = exchange.cost
    if cost is None:
        return None
    parts = ("input", "cache_read", "cache_write", "output", "web_searches")
    return {part: getattr(cost, part) for part in parts}


def _seen(get: Callable[[Exchange], Value]) -> Callable[[Exchange, Context], Value]:
    """Return the getter of a fact that transcripts do not state."""
    return lambda exchange, context: None if exchange.imported is Imported.TRANSCRIPT else get(exchange)


def _size(size: int, exchange: Exchange) -> int | None:
    return size if size or exchange.imported is None else None


def _pairs(headers: Headers | None) -> list[list[str]] | None:
    return None if headers is None else [[name, value] for name, value in headers]


FACTS: tuple[Fact, ...] = (
    Fact("id", "id of the request", lambda of, _: of.id, doc="Sorts by time."),
    Fact(
        "session_id",
        "id of the session",
        lambda of, _: of.session_id,
        doc="Where the client names no session, the id of the first request of the conversation.",
    ),
    Fact("agent_id", "id of the sub-agent", lambda of, _: of.agent_id, doc="Empty for the session's main agent."),
    Fact("parent_agent_id", "id of the agent that started it", lambda of, _: of.parent_agent_id),
    Fact("started_at", "when it began", lambda of, _: iso_time(of.started_at), Unit.TIME),
    Fact("route", "the route it took", lambda of, _: None if of.imported else of.route),
    Fact(
        "dialect",
        "the form of the client's request",
        lambda of, _: of.dialect,
        values=tuple(dialect.value for dialect in Dialect),
    ),
    Fact("model", "requested model", lambda of, _: of.model),
    Fact("model_used", "the model that answered", lambda of, _: of.model_used),
    Fact("status", "HTTP status", lambda of, _: of.status, Unit.NUMBER),
    Fact("outcome", "how it ended", lambda of, _: of.outcome.value, values=tuple(each.value for each in Outcome)),
    Fact("stop_reason", "why the answer ended", lambda of, _: of.stop_reason),
    Fact(
        "error",
        "the error's words",
        lambda of, _: f"{of.error.type}: {of.error.message}" if of.error else None,
        doc="`type: message`.",
    ),
    Fact(
        "input_tokens",
        "input tokens",
        _usage(lambda usage: usage.input_tokens),
        Unit.TOKENS,
        "Neither read from nor written to the cache.",
    ),
    Fact("cache_read_tokens", "tokens read from the cache", _usage(lambda usage: usage.cache_read_tokens), Unit.TOKENS),
    Fact(
        "cache_write_5m_tokens",
        "tokens written to the cache for 5 minutes",
        _usage(lambda usage: usage.cache_write_5m_tokens),
        Unit.TOKENS,
    ),
    Fact(
        "cache_write_1h_tokens",
        "tokens written to the cache for an hour",
        _usage(lambda usage: usage.cache_write_1h_tokens),
        Unit.TOKENS,
    ),
    Fact("output_tokens", "output tokens", _usage(lambda usage: usage.output_tokens), Unit.TOKENS),
    Fact("cost_usd", "cost in USD", lambda of, _: of.cost.total if of.cost else None, Unit.USD, "Exact to 1e-12."),
    Fact("connect_ms", "time to a connection", lambda of, _: _milliseconds(of.connect_ms), Unit.MILLISECONDS),
    Fact(
        "ttfb_ms",
        "time to the first byte",
        lambda of, _: _milliseconds(of.ttfb_ms),
        Unit.MILLISECONDS,
        "From the connection to the answer's header fields.",
    ),
    Fact(
        "ttft_ms",
        "time to the first token",
        lambda of, _: _milliseconds(of.ttft_ms),
        Unit.MILLISECONDS,
        "From the connection.",
    ),
    Fact(
        "duration_ms",
        "how long it took",
        lambda of, _: _milliseconds(of.duration_ms),
        Unit.MILLISECONDS,
        "From the request's arrival to the end of the answer.",
    ),
    Fact(
        "request_bytes",
        "bytes of the request",
        lambda of, _: _size(of.request_bytes, of),
        Unit.BYTES,
        "Of the body as it crossed, or as it was rebuilt.",
    ),
    Fact(
        "response_bytes",
        "bytes of the answer",
        lambda of, _: _size(of.response_bytes, of),
        Unit.BYTES,
        "Of the body as it crossed, or as it was rebuilt.",
    ),
    Fact("request_id", "the provider's id", lambda of, _: of.request_id),
    Fact(
        "retry",
        "earlier tries of the same call",
        lambda of, context: max(of.retry, context.earlier_tries),
        Unit.NUMBER,
        "As the client counts them, or as many as were recorded.",
    ),
    Fact(
        "agent_type",
        "the type of the agent",
        lambda of, context: context.agent_type or of.agent_type,
        doc="Such as `Explore`: from the call that started the agent, or as the client states it.",
    ),
    Fact("agent_description", "what the agent was started for", lambda of, context: context.agent_description),
    Fact(
        "tools",
        "tools that the answer calls",
        lambda of, _: _joined(of.tools_called),
        doc="Each once, in the order of their first call.",
    ),
    Fact(
        "saved_usd",
        "what the cache saved",
        lambda of, _: of.saved,
        Unit.USD,
        "The prompt's cost without the cache, less its cost with it; negative where writing cost more than it saved. "
        "For an answer from candela's store, what it cost before.",
    ),
    Fact("cost_notes", "how far the cost can be relied on", lambda of, _: _joined(of.cost_notes, "; ")),
    Fact(
        "provider",
        "provider that ran the model",
        lambda of, _: of.provider,
        values=tuple(provider.value for provider in Provider),
    ),
    Fact("region", "region of the provider", lambda of, _: of.region, doc="A region, a multi-region or `global`."),
    Fact(
        "model_sent",
        "the model's name at the provider",
        lambda of, _: of.model_sent,
        doc="Only where candela changed the name.",
    ),
    Fact(
        "model_stated",
        "the model that the answer names",
        lambda of, _: of.model_stated,
        doc="Only where a gateway's header fields name another one.",
    ),
    Fact("gateway", "the gateway that answered", lambda of, _: of.gateway, doc="Such as `LiteLLM`."),
    Fact(
        "adapted",
        "what was changed on the way to the provider",
        lambda of, _: _joined((f"{each.what} {each.name}" for each in of.adaptations), "; "),
        doc="Such as `beta context-1m-2025-08-07; field context_management`.",
        values=("beta", "field", "message", "retry", "edit"),
    ),
    Fact(
        "ruled",
        "what rules did",
        lambda of, _: _joined(map(_ruled, of.rules), "; "),
        doc="Such as `end no pushes`, or `would end no pushes` for a rule that is only tried.",
        values=("refuse", "strip", "mark", "end", "answer", "warn", "route", "fallback", "model", "cache"),
    ),
    Fact(
        "providers_asked",
        "the providers that were asked in turn",
        lambda of, _: _joined(map(_tried, of.attempts), "; "),
        doc="Such as `anthropic 529 overloaded_error; bedrock 200`. Empty where only one was asked.",
    ),
    Fact(
        "client",
        "the program that asked",
        lambda of, _: of.client,
        doc="From its User-Agent, such as `claude-cli/2.1.332`.",
    ),
    Fact(
        "inferred",
        "facts that candela worked out",
        lambda of, _: _joined(of.inferred),
        doc="Names of facts that the client did not state: `session_id`, `agent_id` or `kind`.",
    ),
    Fact("branch", "the git branch", lambda of, context: context.branch or (of.clues.git_branch if of.clues else None)),
    Fact(
        "cost_at_least", "whether it may have cost more", lambda of, _: of.cost.at_least if of.cost else None, Unit.FLAG
    ),
    Fact("unpriced_model", "the model that has no price", lambda of, _: of.unpriced_model),
    Fact(
        "client_cost_usd",
        "the cost as the client counts it",
        lambda of, _: of.client_cost,
        Unit.USD,
        "Only where it is not the provider's bill.",
    ),
    Fact(
        "unread",
        "why the answer was not read in full",
        lambda of, _: of.unread,
        doc="Its usage, and so its cost, is not known or not complete.",
    ),
    Fact("kind", "what the request is for", lambda of, _: of.kind.value, values=tuple(each.value for each in Kind)),
    Fact(
        "request_class",
        "request class that the client states",
        lambda of, _: of.request_class,
        values=("main", "auxiliary", "subagent", "workflow", "compaction"),
    ),
    Fact("prompt_id", "the client's id of the user's prompt", lambda of, _: of.prompt_id),
    Fact(
        "tool_durations",
        "how long the tools before it took",
        lambda of, _: _joined(f"{each.tool}={each.milliseconds}" for each in of.tool_durations),
        doc="Tool and milliseconds: `Bash=3600, Read=12`.",
    ),
    Fact("call", "id of the first try of the same call", lambda of, context: context.call or of.id),
    Fact("left_out", "what this try leaves out of the first", lambda of, _: _joined(of.left_out)),
    Fact("method", "the HTTP method", _seen(lambda of: of.method)),
    Fact("path", "the path of the URL", _seen(lambda of: of.path), doc="With its query, below the route."),
    Fact("url", "where it went", lambda of, _: of.url or None, doc="Without the query."),
    Fact("streamed", "whether a stream was asked for", _seen(lambda of: of.streamed), Unit.FLAG),
    Fact(
        "prompt_tokens",
        "tokens of the whole prompt",
        _usage(lambda usage: usage.prompt_tokens),
        Unit.TOKENS,
        "Input, and tokens read from and written to the cache.",
    ),
    Fact(
        "cache_write_tokens",
        "tokens written to the cache",
        _usage(lambda usage: usage.cache_write_tokens),
        Unit.TOKENS,
        "For 5 minutes and for an hour.",
    ),
    Fact(
        "cache_hit_rate",
        "the cache's share of the prompt",
        _usage(lambda usage: _share(usage.cache_hit_rate)),
        Unit.SHARE,
        "0 to 1.",
    ),
    Fact(
        "tokens_per_second",
        "output tokens per second",
        lambda of, _: _milliseconds(of.tokens_per_second),
        Unit.RATE,
        "From the first token to the end.",
    ),
    Fact("web_searches", "web searches", _usage(lambda usage: usage.web_searches), Unit.NUMBER),
    Fact("service_tier", "the tier that served it", lambda of, _: of.usage.service_tier if of.usage else None),
    Fact("speed", "the speed that served it", lambda of, _: of.usage.speed if of.usage else None),
    Fact(
        "subscription",
        "whether a subscription pays",
        _seen(lambda of: of.subscription),
        Unit.FLAG,
        "The cost is then what the API would charge, not a bill.",
    ),
    Fact(
        "provider_status",
        "HTTP status of the provider",
        lambda of, _: of.provider_status,
        Unit.NUMBER,
        "Only where the client got another form of the answer.",
    ),
    Fact(
        "differs",
        "what was served differently from the request",
        lambda of, _: _joined(each.what for each in of.differences),
        values=("model", "speed", "service_tier", "inference_geo", "cache_ttl"),
    ),
    Fact(
        "betas",
        "beta features that it asks for",
        lambda of, _: None if of.betas is None else ", ".join(of.betas),
        doc="Empty where it asks for none; null where an older candela recorded it.",
    ),
    Fact("message_id", "the id of the answer's message", lambda of, _: of.message_id),
    Fact(
        "imported",
        "where it was imported from",
        lambda of, _: of.imported,
        doc="Empty where it crossed candela.",
        values=tuple(each.value for each in Imported),
    ),
    Fact(
        "rebuilt",
        "bodies put together from parts",
        lambda of, _: _joined(of.rebuilt),
        doc="`request`, `response`: what the client said, but not byte for byte what crossed.",
    ),
    Fact(
        "price_data",
        "price data that the cost is from",
        lambda of, _: of.price_basis.prices if of.price_basis is not None else None,
        doc="Such as `genai-prices 0.2.3`, or `config.toml` for a price of your own.",
    ),
    Fact(
        "held_ms",
        "how long you held it",
        lambda of, _: _milliseconds(of.held_ms),
        Unit.MILLISECONDS,
        "Only where an intercept made it wait; `duration_ms` and `connect_ms` contain it.",
    ),
    Fact(
        "replayed",
        "id of the request that you sent again",
        lambda of, _: of.replayed,
        doc="Empty where a client sent it.",
    ),
    Fact(
        "reported_cost_usd",
        "cost by the client's telemetry",
        lambda of, _: of.reported_cost,
        Unit.USD,
        "Empty where the client sends candela none.",
    ),
    Fact(
        "permission_ms",
        "how long its tool calls waited for a permission",
        lambda of, _: _sum(run.waited_ms for run in of.tool_runs if run.waited_ms is not None),
        Unit.MILLISECONDS,
        "The sum of its calls, as the client's telemetry measured it.",
    ),
    Fact(
        "cache_state",
        "what became of its cache",
        _diagnosed(lambda result: _text(result.diagnosis.state)),
        doc="Null until that is worked out, about a second after the end.",
        values=tuple(each.value for each in CacheState),
    ),
    Fact(
        "cache_cause",
        "why the cache was missed",
        _diagnosed(lambda result: _text(result.diagnosis.cause)),
        doc="Null for a hit. `candela why` explains it.",
        values=tuple(each.value for each in Cause),
    ),
    Fact(
        "rewritten_tokens",
        "tokens that were in the cache and written again",
        _diagnosed(lambda result: result.diagnosis.rewritten_tokens),
        Unit.TOKENS,
    ),
    Fact(
        "rewritten_usd",
        "what writing them again cost",
        _diagnosed(lambda result: result.rewritten_usd),
        Unit.USD,
        "More than reading them would have cost.",
    ),
    Fact(
        "system_tokens",
        "tokens of the system prompt",
        _in_context(lambda sums: sums.system_tokens),
        Unit.TOKENS,
        "Estimated, as `candela context` says. Null until that is worked out, about a second after the end.",
    ),
    Fact(
        "tools_tokens",
        "tokens of the tools",
        _in_context(lambda sums: sums.tools_tokens),
        Unit.TOKENS,
        "As `system_tokens`.",
    ),
    Fact(
        "messages_tokens",
        "tokens of the messages",
        _in_context(lambda sums: sums.messages_tokens),
        Unit.TOKENS,
        "As `system_tokens`; the three add up to `prompt_tokens`.",
    ),
    Fact(
        "continues",
        "the session that it continues",
        lambda of, _: of.continues.session_id if of.continues is not None else None,
        doc="In the first request of a session that sends what was said in another one.",
    ),
    Fact(
        "continues_request",
        "the request that it continues",
        lambda of, _: of.continues.exchange_id if of.continues is not None else None,
        doc="Up to its answer, the messages are the same in both sessions.",
    ),
    Fact(
        "key",
        "the key that asked",
        lambda of, _: of.key,
        doc="The name of a key of candela's (`candela keys`). Empty where the client had none.",
    ),
    Fact(
        "arrival",
        "how it came in",
        lambda of, _: None if of.imported else of.arrival,
        doc="By the base URL that the client was given, or on a connection to the provider itself.",
        values=tuple(each.value for each in Arrival),
    ),
)
"""The facts in the order of the CSV columns. Add new ones at the end."""

BY_NAME: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in FACTS})


@dataclass(frozen=True, slots=True)
class Detail:
    """A fact that does not fit in a table cell: a list or an object, given only for a single request."""

    name: str
    get: Callable[[Exchange], Any]
    json_type: str
    doc: str


DETAILS: tuple[Detail, ...] = (
    Detail(
        "cost_parts_usd",
        _cost_parts,
        "object",
        "The cost by part: `input`, `cache_read`, `cache_write`, `output`, `web_searches`.",
    ),
    Detail(
        "differences",
        lambda of: [{"what": each.what, "asked": each.asked, "served": each.served} for each in of.differences],
        "array",
        "What was served differently: `what`, `asked`, `served`.",
    ),
    Detail(
        "service_asked",
        lambda of: _stated(of.service_asked),
        "object",
        "What it asked for: `speed`, `service_tier`, `inference_geo`; without what it left to the provider.",
    ),
    Detail(
        "cache_ttls",
        lambda of: list(of.cache_ttls),
        "array",
        "The lifetimes that the cache breakpoints ask for: `5m`, `1h`.",
    ),
    Detail("task", lambda of: of.task, "string", "The first words of a sub-agent's conversation."),
    Detail(
        "delegations",
        lambda of: [
            {"task": each.task, "agent_type": each.agent_type, "description": each.description}
            for each in of.delegations
        ],
        "array",
        "The tasks that the answer gives to sub-agents: `task`, `agent_type`, `description`.",
    ),
    Detail(
        "adaptations",
        lambda of: [{"what": each.what, "name": each.name, "why": each.why} for each in of.adaptations],
        "array",
        "What candela or the user changed: `what` (`beta`, `field`, `message`, `retry`, `edit`), `name`, `why`.",
    ),
    Detail(
        "rules",
        lambda of: [
            {
                "rule": each.rule,
                "action": each.action,
                "dry_run": each.dry_run,
                "words": each.words,
                "call": each.call,
            }
            for each in of.rules
        ],
        "array",
        "What rules did: `rule`, `action` (`refuse`, `strip`, `mark`, `end`, `answer`, `warn`, `route`, `fallback`,"
        " `model`, `cache`), `dry_run`, `words`, `call` (the id of the call of a tool that it was about).",
    ),
    Detail(
        "attempts",
        lambda of: [asdict(each) for each in of.attempts],
        "array",
        "The providers that were asked in turn because one failed: `provider`, `region`, `model`, `status`,"
        " `error_type`, `error`, `started_ms`, `ended_ms`. Empty where only one was asked.",
    ),
    Detail(
        "answer_facts",
        lambda of: dict(of.answer_facts),
        "object",
        "What else the answer states, such as `thinking_tokens`, `refusal_category` or `safeguard_results`.",
    ),
    Detail(
        "provider_metrics",
        lambda of: dict(of.provider_metrics),
        "object",
        "What the provider measured and the client's form has no place for.",
    ),
    Detail(
        "kept",
        lambda of: of.kept.value,
        "string",
        "What is stored besides these facts: `full` (headers and bodies), `headers` (from the beginning, or since "
        "`history.body_days` passed), or `none`.",
    ),
    Detail(
        "request_headers",
        lambda of: _pairs(of.request_headers),
        "array",
        "Pairs of name and value; secrets are redacted. Null where they were not recorded.",
    ),
    Detail("response_headers", lambda of: _pairs(of.response_headers), "array", "As `request_headers`."),
    Detail(
        "provider_request_headers",
        lambda of: _pairs(of.provider_request_headers),
        "array",
        "What went to the provider; empty where the client's own fields did.",
    ),
    Detail(
        "provider_response_headers",
        lambda of: _pairs(of.provider_response_headers),
        "array",
        "What came from the provider, where the client got something else.",
    ),
)
