"""The record of one request and its answer.

An ``Exchange`` is a snapshot: whoever records one makes a new snapshot when something changed, and hands it on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from candela_tui.pricing import Cost as Cost
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.session_clues import SessionClues
from candela_tui.protocol.usage import Usage

NO_MESSAGE = frozenset({Kind.COUNT_TOKENS, Kind.MODELS, Kind.OTHER})
"""What is not answered with a message."""

ENDED_EARLY = "it ended before the provider stated its usage"
"""Why nothing is known of the usage of an answer that broke off."""


class Outcome(StrEnum):
    """How an exchange ended, or that it has not."""

    LIVE = "live"
    OK = "ok"
    ERROR = "error"
    """An error status, an ``error`` event inside the stream, or a provider that can't be reached."""
    CUT = "cut"
    """The provider broke off, or ended a stream before ``message_stop``."""
    CANCELLED = "cancelled"
    """The client went away."""
    BLOCKED = "blocked"
    """candela itself refused it."""
    INTERRUPTED = "interrupted"
    """candela ended while it was live."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Milliseconds since the request was received; None: has not happened."""

    connected: float | None = None
    """A connection to the provider was at hand: a new one, or one kept alive."""
    first_byte: float | None = None
    """The answer's status and headers."""
    first_token: float | None = None
    """The first token of content."""
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was served otherwise than asked: ``what`` is model, speed, service_tier, inference_geo or
    cache_ttl."""

    what: str
    asked: str
    served: str


@dataclass(frozen=True, slots=True)
class Delegation:
    """A task that an answer gives to a sub-agent of its own, by a call of the Agent (formerly Task) tool."""

    task: str
    """The beginning of the sub-agent's prompt, as ``first_user_text`` reads it from the sub-agent's requests."""
    agent_type: str | None = None
    """Such as ``Explore``."""
    description: str | None = None
    """A few words on the task."""


@dataclass(frozen=True, slots=True)
class ToolDuration:
    """How long the client says that a tool call between two requests took."""

    tool: str
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request through the proxy, as known at some moment."""

    id: str
    """Sorts by time."""
    started_at: datetime
    """When the request was received, UTC."""
    method: str
    path: str
    """Path and query below the route, secrets in the query redacted."""
    route: str
    """Such as ``anthropic-direct``."""
    dialect: str = "messages"
    """What the client speaks: messages, vertex (rawPredict), bedrock (invoke) or openai (chat completions)."""
    provider: str = "anthropic"
    """Who runs the model: anthropic, vertex or bedrock."""
    region: str | None = None
    """Where at the provider: a region, multi-region or ``global``; None: the provider has none."""
    kind: Kind = Kind.OTHER
    url: str = ""
    """Where it went, without the query."""
    session_id: str | None = None
    """Where the client names none, the id of the first request of the conversation that this one extends (then
    ``inferred`` has ``session_id``). None: no part of a conversation, such as a list of models."""
    agent_id: str | None = None
    """None: the session's main agent."""
    parent_agent_id: str | None = None
    agent_type: str | None = None
    """The kind of agent that the client names in a hint header, such as ``Explore``."""
    request_class: str | None = None
    """What the client says that the request is for: main, auxiliary, subagent or workflow."""
    prompt_id: str | None = None
    """The client's id of the user's prompt that the request works on: one turn of the user."""
    tool_durations: tuple[ToolDuration, ...] = ()
    """How long the tools took that ran before this request, as the client measured it."""
    client: str | None = None
    """The program that sent the request, from its User-Agent: ``claude-cli/2.1.332``."""
    inferred: tuple[str, ...] = ()
    """The names of fields above that candela worked out and nobody stated, such as ``agent_id``."""
    model: str | None = None
    """The model that was asked for."""
    model_sent: str | None = None
    """The model as the provider was asked for it, where candela put its name into the provider's spelling."""
    model_used: str | None = None
    """The model that answered."""
    model_stated: str | None = None
    """The model that the answer's body names, where a gateway's headers say that another one answered."""
    gateway: str | None = None
    """The gateway that answered in the provider's place, such as ``LiteLLM``."""
    adaptations: tuple[Adaptation, ...] = ()
    """What candela changed of the request so that its provider takes it."""
    streamed: bool = False
    """Whether a stream was asked for."""
    status: int | None = None
    outcome: Outcome = Outcome.LIVE
    stop_reason: str | None = None
    error: ApiError | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    """None: not priced (no usage, or a model without a price)."""
    unpriced_model: str | None = None
    """The model that has no price, where the usage could not be priced for that reason."""
    cost_notes: tuple[str, ...] = ()
    """What to know about how far the cost can be relied on, in words."""
    client_cost: Decimal | None = None
    """USD that the client itself counts, where that is not the provider's bill (``cost``)."""
    unread: str | None = None
    """Why the answer could not be read, or not to its end, in words: its usage is not known, or not all of it."""
    answer_facts: tuple[tuple[str, str], ...] = ()
    """What else the answer states, by name, such as ``thinking_tokens`` or ``refusal_category``."""
    saved: Decimal | None = None
    """USD that the prompt cache saved: what the prompt would have cost without it, less what it did cost. Negative
    where writing cost more than reading saved; None: not priced."""
    marks: Marks = field(default_factory=Marks)
    request_bytes: int = 0
    response_bytes: int = 0
    """Bytes of the bodies as they crossed."""
    output_characters: int = 0
    """Characters of the answer so far: what there is to estimate tokens from while it is live."""
    request_headers: Headers = ()
    response_headers: Headers = ()
    """Redacted."""
    provider_status: int | None = None
    """Of the provider's answer, where the client got another form of it."""
    provider_request_headers: Headers = ()
    provider_response_headers: Headers = ()
    """What crossed towards the provider, where the client's own fields did not; redacted."""
    provider_metrics: tuple[tuple[str, str], ...] = ()
    """What the provider measured and the client's form has no place for: name and value."""
    request_id: str | None = None
    """The provider's own id of the request."""
    rate_limits: Headers = ()
    retry: int = 0
    """How many tries of the same call the client says there were before this one."""
    asked: str | None = None
    """A digest of the last message that is not the system's: the same in every try of a call, whatever its form."""
    left_out: tuple[str, ...] = ()
    """What this try of a call leaves out that its first had, such as ``thinking.display``."""
    differences: tuple[Difference, ...] = ()
    cache_ttls: tuple[str, ...] = ()
    """Lifetimes that the request's ``cache_control`` marks ask for, shortest first: ``5m``, ``1h``."""
    tools_called: tuple[str, ...] = ()
    """The tools that the answer calls, each once, in the order of their first call."""
    delegations: tuple[Delegation, ...] = ()
    task: str | None = None
    """Of a sub-agent's request: the first words of its conversation, by which its delegation is found."""
    clues: SessionClues | None = None
    session_title: str | None = None
    """The title that this exchange gave its session (the answer to the client's own title request)."""
    subscription: bool = False
    """The client authenticates with an OAuth token: the cost is what the API would charge, not a bill."""
    pid: int | None = None
    """The candela process that recorded it: tells a live exchange from an interrupted one."""

    @property
    def asks_message(self) -> bool:
        """Whether it asks for a message, which is billed by the usage that its answer states."""
        return self.method == "POST" and self.kind not in NO_MESSAGE

    @property
    def live(self) -> bool:
        """Whether the answer is still to come or coming."""
        return self.outcome is Outcome.LIVE

    @property
    def failed(self) -> bool:
        """Whether the provider failed it, or broke it off: a client may try again by itself."""
        return self.outcome in (Outcome.ERROR, Outcome.CUT)

    @property
    def connect_ms(self) -> float | None:
        """From the request's receipt to a connection to the provider."""
        return self.marks.connected

    @property
    def ttfb_ms(self) -> float | None:
        """Time to first byte: from the connection (the request goes out) to the answer's headers."""
        return _since(self.marks.connected, self.marks.first_byte)

    @property
    def ttft_ms(self) -> float | None:
        """Time to first token: from the connection to the first token of content."""
        return _since(self.marks.connected, self.marks.first_token)

    @property
    def duration_ms(self) -> float | None:
        """From receipt to end."""
        return self.marks.end

    def elapsed_ms(self, now: datetime) -> float | None:
        """From receipt to end; while it is live, until now."""
        return max(0.0, (now - self.started_at).total_seconds() * 1000) if self.live else self.duration_ms

    @property
    def tokens_per_second(self) -> float | None:
        """Output tokens from the first token to the end; None while live, unknown, or where all came at once."""
        span = _since(self.marks.first_token, self.marks.end)
        tokens = self.usage.output_tokens if self.usage else None
        return tokens / span * 1000 if span is not None and span >= _LEAST_SPAN_MS and tokens else None


_LEAST_SPAN_MS = 50.0
"""Below, an answer's speed is that of the network that delivered it in one piece."""


def _since(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)


def utc_now() -> datetime:
    """The current time with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ProviderSide:
    """What crossed towards a provider and was not what crossed towards the client, since it was told last."""

    request: bytes | None = None
    """The body of the request; None: told before."""
    untouched: bool = False
    """The answer passed to the client as it came: its bytes are the client's."""
    chunks: Sequence[bytes] = ()
    times: Sequence[float] = ()
    """Of the answer, as those of a recording; empty where it passed untouched."""


@dataclass(slots=True)
class Recording:
    """The bodies of one exchange as they cross, byte for byte.

    ``request`` is complete from the start. ``chunks`` and ``times`` only grow, the time first, so that another
    thread may read ``len(chunks)`` of both at any moment. Of a large answer the first chunks are let go of once they
    are stored: take a slice, then look at ``stored``.
    """

    request: bytes
    chunks: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """Milliseconds since the request was received, one for each chunk."""
    provider: "Recording | None" = None
    """What crossed on the provider's side, where a mapping is between it and the client. Where only the request is
    mapped its ``chunks`` and ``times`` are the same lists as these."""

    stored: int = 0
    """So many of the first chunks may be empty here, and are in the store."""
    decoded: int = 0
    """So many of the first chunks capture has read."""

    def let_go(self, count: int) -> None:
        """Empty the first ``count`` chunks, which are in the store, as far as capture has read them."""
        start, end = self.stored, min(count, self.decoded)
        if end <= start:
            return
        # Before they are emptied, so that whoever took a slice meanwhile sees that it may lack them.
        self.stored = end
        if self.provider is not None and self.provider.chunks is self.chunks:
            self.provider.stored = end
        self.chunks[start:end] = [b""] * (end - start)

    def add(self, chunk: bytes, at_ms: float) -> None:
        """Keep the next chunk of the answer's body."""
        self.times.append(at_ms)
        self.chunks.append(chunk)
