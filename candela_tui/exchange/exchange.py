"""The record of one request and its response.

An ``Exchange`` is an immutable snapshot: capture creates and publishes a new one when something has changed.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from candela_tui.exchange.cache_diagnosis import CacheResult
from candela_tui.exchange.context_sums import ContextSums
from candela_tui.pricing import Cost, PriceBasis
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.arrival import Arrival
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.kind import FREE_KINDS, NO_MESSAGE, Kind
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import Dialect, Provider, RouteName

ENDED_EARLY = "it ended before the provider stated its usage"
"""Why the usage of a response that broke off is unknown."""


class Outcome(StrEnum):
    """How an exchange ended, or that it is still live."""

    LIVE = "live"
    OK = "ok"
    ERROR = "error"
    """An error status, an ``error`` event inside the stream, or a provider that can't be reached."""
    CUT = "cut"
    """The provider broke off, or ended a stream before ``message_stop``."""
    CANCELLED = "cancelled"
    """The client disconnected before the end."""
    BLOCKED = "blocked"
    """candela refused the request itself."""
    INTERRUPTED = "interrupted"
    """candela exited while the exchange was live."""


class Imported(StrEnum):
    """Where an exchange was read from that did not cross candela's proxy."""

    TRANSCRIPT = "transcript"
    """A transcript of Claude Code."""
    HAR = "har"
    """A HAR file, as browsers and proxies write them."""


class Kept(StrEnum):
    """How much of an exchange is stored besides its facts."""

    FULL = "full"
    """The headers and the bodies."""
    HEADERS = "headers"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Marks:
    """Milliseconds since the request was received; None for events that have not happened."""

    connected: float | None = None
    """A connection to the provider was available, new or kept alive."""
    first_byte: float | None = None
    """The status and headers of the response arrived."""
    first_token: float | None = None
    """The first token of content arrived."""
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Overhead:
    """Milliseconds that candela itself took, as measured while it relayed.

    Each time begins when candela's loop has the bytes, and ends when the next connection has them. Connecting to the
    provider, waiting for it and for a client that reads slowly, and a request that the user held are not part of it.
    """

    request_ms: float | None
    """From the whole request to its being sent. None if it was sent more than once."""
    head_ms: float
    """From the head of the provider's answer to the head that the client got."""
    chunks: int
    """How many pieces of the body are measured."""
    chunks_ms: float
    """The sum for these pieces."""
    longest_ms: float
    """The longest of them."""

    @property
    def first_byte_ms(self) -> float | None:
        """What it added before the first byte of the answer."""
        return None if self.request_ms is None else self.request_ms + self.head_ms

    @property
    def chunk_ms(self) -> float | None:
        """What it added for a piece of the body, on average."""
        return self.chunks_ms / self.chunks if self.chunks else None


@dataclass(frozen=True, slots=True)
class ServiceAsked:
    """How a request asks to be served, beside its model. None leaves it to the provider."""

    speed: str | None = None
    service_tier: str | None = None
    inference_geo: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was served differently than requested. ``what`` is model, speed, service_tier, inference_geo or
    cache_ttl."""

    what: str
    asked: str
    served: str


@dataclass(frozen=True, slots=True)
class Delegation:
    """A task that a response gives to a sub-agent by calling the Agent (formerly Task) tool."""

    task: str
    """The beginning of the sub-agent's prompt, as ``first_user_text`` reads it from the sub-agent's requests."""
    agent_type: str | None = None
    """The type in the call, such as ``Explore``."""
    description: str | None = None
    """A few words on the delegated task."""


@dataclass(frozen=True, slots=True)
class Continued:
    """Where another session was continued: resumed under a new id, or forked."""

    session_id: str
    """The other session."""
    exchange_id: str
    """The exchange of the other session up to whose response the messages are the same."""


@dataclass(frozen=True, slots=True)
class ToolDuration:
    """The duration of a tool call between two requests, as the client measured it."""

    tool: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class ProviderAttempt:
    """One of the providers that were asked in turn because one failed."""

    provider: str
    """The provider's id."""
    region: str | None
    model: str | None
    """The provider's id of the model, if it differs from the client's."""
    status: int | None
    """The status of its answer, or candela's 502 or 504 if it did not answer; None while it is asked."""
    error_type: str | None
    """Why the next one was asked. None: its answer went to the client."""
    error: str | None
    """The message of that error."""
    started_ms: float
    """Milliseconds since the request was received."""
    ended_ms: float | None
    """When it failed, or its answer began."""


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A tool call of an answer, as the client's telemetry reports it. None: it does not say."""

    call_id: str
    """The id that the provider gave the call."""
    tool: str
    decision: str | None = None
    """``accept`` or ``reject``."""
    source: str | None = None
    """Who decided: ``config``, ``hook``, or the user (``user_temporary``, ``user_permanent``, ``user_reject`` …)."""
    decided_at: float | None = None
    """When that was decided (Unix seconds)."""
    waited_ms: int | None = None
    """How long the call waited for it."""
    ended_at: float | None = None
    """When the tool had ended (Unix seconds)."""
    ran_ms: int | None = None
    """How long it ran."""
    success: bool | None = None

    def with_wait(self, waited_ms: int) -> "ToolRun":
        """Return the call with the time that it waited."""
        return replace(self, waited_ms=waited_ms)

    def joined(self, newer: "ToolRun") -> "ToolRun":
        """Return what both say of the same call; ``newer`` wins."""
        said = {name: value for name in self.__slots__ if (value := getattr(newer, name)) not in (None, "")}
        return replace(self, **said)


@dataclass(frozen=True, slots=True)
class ClientReport:
    """What the client's telemetry says of one request or of one of its tool calls."""

    session_id: str
    request_id: str | None
    """The provider's id of the request. None: the client does not say (before 2.1.3)."""
    at: float
    """When it happened (Unix seconds)."""
    usd: Decimal | None = None
    """What the client counts for the request."""
    tool: ToolRun | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request through the proxy, as known at one moment."""

    id: str
    """Ids sort by time."""
    started_at: datetime
    """When the request was received, UTC."""
    method: str
    path: str
    """Path and query after the route, with secrets in the query redacted."""
    route: RouteName
    dialect: Dialect = Dialect.MESSAGES
    """The API that the client uses."""
    provider: Provider = Provider.ANTHROPIC
    """The provider that runs the model."""
    region: str | None = None
    """A region, multi-region or ``global``; None if the provider has no regions."""
    kind: Kind = Kind.OTHER
    url: str = ""
    """The URL that the request was sent to, without the query."""
    session_id: str | None = None
    """If the client names no session, the id of the first request of the conversation that this one extends (then
    ``inferred`` has ``session_id``). None if it is not part of a conversation, such as a list of models."""
    agent_id: str | None = None
    """None for the session's main agent."""
    parent_agent_id: str | None = None
    agent_type: str | None = None
    """The kind of agent that the client names in a hint header, such as ``Explore``."""
    request_class: str | None = None
    """The purpose that the client states: main, auxiliary, subagent or workflow."""
    prompt_id: str | None = None
    """The client's id of the user's prompt that the request works on: one turn of the user."""
    tool_durations: tuple[ToolDuration, ...] = ()
    """How long the tools took that ran before this request, as the client measured it."""
    client: str | None = None
    """The program that sent the request, from its User-Agent: ``claude-cli/2.1.332``."""
    inferred: tuple[str, ...] = ()
    """The names of fields above that candela inferred because nobody stated them, such as ``agent_id``."""
    model: str | None = None
    """The model that was requested."""
    model_sent: str | None = None
    """The model name sent to the provider, if candela converted it to the provider's spelling."""
    model_used: str | None = None
    """The model that produced the response."""
    model_stated: str | None = None
    """The model that the response's body names, if a gateway's headers say that another one answered."""
    gateway: str | None = None
    """The gateway that answered instead of the provider, such as ``LiteLLM``."""
    adaptations: tuple[Adaptation, ...] = ()
    """What candela changed in the request so that its provider accepts it."""
    streamed: bool = False
    """Whether the request asks for a stream."""
    status: int | None = None
    outcome: Outcome = Outcome.LIVE
    stop_reason: str | None = None
    error: ApiError | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    """None if not priced (no usage, or a model without a price)."""
    unpriced_model: str | None = None
    """The model without a price, if that is why the usage could not be priced."""
    cost_notes: tuple[str, ...] = ()
    """Notes on how reliable the cost is."""
    client_cost: Decimal | None = None
    """The cost in USD as the client calculates it, if that differs from the provider's bill (``cost``)."""
    unread: str | None = None
    """Why the response could not be read to its end; its usage is then unknown or incomplete."""
    answer_facts: tuple[tuple[str, str], ...] = ()
    """Further facts that the response states, by name, such as ``thinking_tokens`` or ``refusal_category``."""
    saved: Decimal | None = None
    """USD saved by the prompt cache: what the prompt would have cost without it, minus what it did cost. Negative if
    writing cost more than reading saved; None if not priced. For an earlier answer given again, its cost."""
    marks: Marks = field(default_factory=Marks)
    request_bytes: int = 0
    response_bytes: int = 0
    """Bytes of the bodies as sent and received."""
    output_characters: int = 0
    """Characters of the response so far, from which tokens are estimated while it is live."""
    request_headers: Headers | None = None
    response_headers: Headers | None = None
    """The client's header fields, redacted. None if they were not read, as in lists; empty if there are none yet."""
    provider_status: int | None = None
    """The status of the provider's response, if the client got it in another form."""
    provider_request_headers: Headers | None = None
    provider_response_headers: Headers | None = None
    """The provider's header fields, redacted; empty if they are the client's own. None if they were not read."""
    provider_metrics: tuple[tuple[str, str], ...] = ()
    """Names and values of metrics that the provider measured and that have no place in the client's format."""
    request_id: str | None = None
    """The provider's own id of the request."""
    message_id: str | None = None
    """The id of the message that the response is."""
    rate_limits: Headers = ()
    retry: int = 0
    """The number of earlier tries of the same call, as counted by the client."""
    asked: str | None = None
    """A digest of the last message that is not the system's: the same in every try of a call, whatever its form."""
    left_out: tuple[str, ...] = ()
    """What this try of a call omits from its first form, such as ``thinking.display``."""
    differences: tuple[Difference, ...] = ()
    betas: tuple[str, ...] | None = None
    """The beta features that the request asks for, such as ``context-1m-2025-08-07``. None if recorded by a version of
    candela that did not record them."""
    cache_ttls: tuple[str, ...] = ()
    """Lifetimes that the request's ``cache_control`` breakpoints ask for, shortest first: ``5m``, ``1h``."""
    tools_called: tuple[str, ...] = ()
    """The tools that the response calls, each once, in the order of their first call."""
    delegations: tuple[Delegation, ...] = ()
    task: str | None = None
    """The first words of a sub-agent's conversation, by which its delegation is found."""
    clues: SessionClues | None = None
    session_title: str | None = None
    """The title that this exchange gave its session (the response to the client's own title request)."""
    subscription: bool = False
    """Whether the client authenticates with an OAuth token: the cost is then what the API would charge, not a bill."""
    imported: Imported | None = None
    """None if it crossed candela's proxy."""
    rebuilt: tuple[str, ...] = ()
    """The bodies that were put together from parts, and are not byte for byte what crossed: request, response."""
    price_basis: PriceBasis | None = None
    """What the cost was calculated from. None if recorded by a version of candela that did not record it."""
    kept: Kept = Kept.FULL
    """What is stored of its headers and bodies. They are all there while it is live."""
    held_at_ms: float | None = None
    """When the request began to wait for the user, who intercepts it: milliseconds since it was received. None if it
    was not held."""
    released_at_ms: float | None = None
    """When it no longer waited. None while it is held."""
    rules: tuple[RuleAction, ...] = ()
    """What rules did about the request and its answer."""
    cache: CacheResult | None = None
    """What became of its cache, and why. None until that is worked out, a moment after the end."""
    conversation: str | None = None
    """A digest of the main agent's conversation up to and including the response. None for anything else, and for a
    response that is not complete."""
    continues: Continued | None = None
    """The other session that this one continues, if this is its first request with messages that were sent there."""
    replayed: str | None = None
    """The id of the exchange whose request the user sent again. None if a client sent it."""
    overhead: Overhead | None = None
    """What candela added; None while it is live, if it did not cross candela, or if recorded by a version that did not
    measure it."""
    pid: int | None = None
    """The candela process that recorded it, used to distinguish live exchanges from interrupted ones."""
    attempts: tuple[ProviderAttempt, ...] = ()
    """The providers that were asked in turn because one failed; empty if only one was asked."""
    key: str | None = None
    """The name of the key of candela's that the client had. None if it had none."""
    arrival: Arrival = Arrival.BASE_URL
    """How the request came in. Means nothing for what was imported."""
    reported_cost: Decimal | None = None
    """The cost in USD that the client's telemetry states for it."""
    tool_runs: tuple[ToolRun, ...] = ()
    """The tool calls in its answer, as the client's telemetry reports them."""
    context: ContextSums | None = None
    """What fills its context window, by source. None until that is worked out, a moment after the end."""
    service_asked: ServiceAsked | None = None
    """How it asked to be served. None if it left all of that to the provider, or if recorded by a version of candela
    that did not record it."""

    @property
    def asks_message(self) -> bool:
        """Whether it asks for a message, which is billed by the usage that its response states."""
        return self.method == "POST" and self.kind not in NO_MESSAGE

    @property
    def free(self) -> bool:
        """Whether it is of a kind that costs nothing, such as a token count, whatever the response states."""
        return self.kind in FREE_KINDS or self.method == "HEAD"

    @property
    def live(self) -> bool:
        """Whether the response has not ended yet."""
        return self.outcome is Outcome.LIVE

    @property
    def held(self) -> bool:
        """Whether candela holds the request until the user lets it go."""
        return self.live and self.held_at_ms is not None and self.released_at_ms is None

    @property
    def held_ms(self) -> float | None:
        """How long the request was held. None if it was not, or still is."""
        return _since(self.held_at_ms, self.released_at_ms)

    @property
    def failed(self) -> bool:
        """Whether the provider answered with an error or broke off, so that the client may retry automatically."""
        return self.outcome in (Outcome.ERROR, Outcome.CUT)

    @property
    def connect_ms(self) -> float | None:
        """The time from the request's arrival to a connection to the provider."""
        return self.marks.connected

    @property
    def ttfb_ms(self) -> float | None:
        """Time to first byte: from the connection (the request is sent) to the response's headers."""
        return _since(self.marks.connected, self.marks.first_byte)

    @property
    def ttft_ms(self) -> float | None:
        """Time to first token: from the connection to the first token of content."""
        return _since(self.marks.connected, self.marks.first_token)

    @property
    def duration_ms(self) -> float | None:
        """The time from the request's arrival to the end of the response."""
        return self.marks.end

    def elapsed_ms(self, now: datetime) -> float | None:
        """Return the time from the request's arrival to the end of the response, or to ``now`` while it is live."""
        return max(0.0, (now - self.started_at).total_seconds() * 1000) if self.live else self.duration_ms

    @property
    def tokens_per_second(self) -> float | None:
        """Output tokens per second, from the first token to the end; None if live, unknown, or if all came at once."""
        span = _since(self.marks.first_token, self.marks.end)
        tokens = self.usage.output_tokens if self.usage else None
        return tokens / span * 1000 if span is not None and span >= _LEAST_SPAN_MS and tokens else None


_LEAST_SPAN_MS = 50.0
"""Milliseconds. A response shorter than this was delivered in one piece, so its speed is that of the network."""


def _since(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)
