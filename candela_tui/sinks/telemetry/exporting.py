"""Turns exchanges into spans, metrics and logs, and sends them. It runs in the sink's thread."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from candela_tui.exchange import Exchange, Outcome
from candela_tui.sinks.background import SinkError
from candela_tui.sinks.context import SinkContext
from candela_tui.sinks.telemetry.attributes import (
    CONVERSATION,
    OPERATION,
    SESSION,
    Attributes,
    error_type,
    of_request,
    of_session,
    request_name,
)
from candela_tui.sinks.telemetry.content import Content, calls_of, content_of
from candela_tui.sinks.telemetry.destination import Signal, share_of_traces
from candela_tui.sinks.telemetry.identifiers import (
    is_sampled,
    parent_of,
    span_of_exchange,
    span_of_session,
    span_of_tool_call,
    span_of_turn,
    trace_of_exchange,
    trace_of_session,
)
from candela_tui.sinks.telemetry.items import Completed, Ended, Forwarded, Item
from candela_tui.sinks.telemetry.output import Fate, Output, Result
from candela_tui.sinks.telemetry.recorder import Recorder
from candela_tui.sinks.telemetry.session_spans import CalledTool, SessionSpans, TurnSpan
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader

_CACHE_PATIENCE_S: Final = 10.0
"""Seconds for which a span waits for what became of the prompt cache, which is worked out after the end."""
_MOST_HELD: Final = 2_000
_BATCH: Final = 512
_BATCH_CHARACTERS: Final = 2 * 2**20
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
_GIVE_UP_S: Final = 300.0
"""Seconds after which a batch that the collector can't take is given up."""
_CLOSING_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class _Held:
    """A span that waits for what became of the prompt cache."""

    attributes: Attributes
    """What the exchange itself does not say."""
    parent: tuple[int, int | None]
    """The ids of its trace and of its parent span."""
    remote: bool
    """Whether the parent is the client's."""
    until: float


class Exporting:
    """Sends everything to one collector. ``consume`` is for one thread; the attributes may be read from any."""

    def __init__(self, context: SinkContext, output: Output, name: str, closing: threading.Event) -> None:
        """``name`` is the section of config.toml."""
        settings = context.settings.telemetry
        self._name = name
        self._settings = settings
        self._share = share_of_traces(settings, context.environ)
        self._collector = output
        self._metrics = self._collector.metric_exporter()
        reader = PeriodicExportingMetricReader(self._metrics) if self._metrics is not None else None
        self._recorder = Recorder(settings.service_name, settings.project, reader)
        self._store = StoreReader(context.paths.store) if context.paths is not None else None
        self._sessions = SessionSpans(self._earlier)
        self._held: OrderedDict[str, tuple[Exchange, _Held]] = OrderedDict()
        self._logs: list[ReadableLogRecord] = []
        self._forwarded: list[Forwarded] = []
        self._kind = "collector at" if self._metrics is not None else "topic"
        self._closing = closing
        self.waiting = 0
        """Spans that are ready and not sent."""
        self.lost = 0
        """Spans that the collector did not take."""
        self.trouble: str | None = None
        """Why the collector takes nothing at the moment."""
        self.unreachable = False
        """Whether it may take what waits later."""

    def consume(self, items: Sequence[Item]) -> None:
        """Make spans of items, and send them. Raises SinkError if the collector refuses them."""
        now = time.time()
        for item in items:
            match item:
                case Ended():
                    self._take(item, now)
                case Completed(exchange):
                    _, held = self._held.pop(exchange.id, (None, None))
                    if held is not None:
                        self._request(exchange, held)
                case Forwarded(Signal.TRACES, body) if self._share < 1:
                    self._forwarded.append(Forwarded(Signal.TRACES, _sampled(body, self._share)))
                case Forwarded():
                    self._forwarded.append(item)
        self._let_go(lambda held: held.until <= now or len(self._held) > _MOST_HELD)
        for turn in self._sessions.over(now):
            self._turn(turn)
        self._send()

    def finish(self) -> None:
        """Send everything that waits, and end."""
        self._let_go(lambda _: True)
        for turn in self._sessions.all():
            self._turn(turn)
        try:
            self._send()
        finally:
            self._recorder.close(_CLOSING_S)
            self._collector.close()
            if self._store is not None:
                self._store.close()

    def abort(self) -> None:
        """Give up what is being sent, and whatever is sent after it. May be called from any thread."""
        if self._metrics is not None:
            self._metrics.shutdown()
        self._collector.close()

    def _let_go(self, which: Callable[[_Held], bool]) -> None:
        """Make the spans of the longest held exchanges for which this is true."""
        while self._held:
            exchange, held = next(iter(self._held.values()))
            if not which(held):
                return
            del self._held[exchange.id]
            self._request(exchange, held)

    def _earlier(self, session_id: str) -> Sequence[Exchange]:
        """Return a session's exchanges from before this process."""
        if self._store is None:
            return ()
        try:
            found = self._store.exchanges(ExchangeQuery(session_id))
        except StoreError:
            # The turns are then counted from here on.
            return ()
        return [exchange for exchange in found if exchange.pid != os.getpid() and not exchange.live]

    def _take(self, item: Ended, now: float) -> None:
        exchange = item.exchange
        self._recorder.measure(exchange)
        if item.request is not None:
            content = content_of(exchange, item.request, item.chunks)
        else:
            content = Content(calls=calls_of(exchange, item.chunks, full=False))
        parent = parent_of(exchange.request_headers)
        joined = parent is not None
        if parent is None:
            trace_id = trace_of_exchange(exchange)
            sampled = is_sampled(trace_id, self._share)
        else:
            trace_id = parent.trace_id
            # The client decided; of what it sends, this candela's share is sent.
            sampled = parent.sampled and is_sampled(trace_id, self._share)
        if error_type(exchange) is not None:
            ids = (trace_id, span_of_exchange(exchange.id))
            self._logs.append(self._recorder.error_record(exchange, ids, _end(exchange), of_request(exchange)))
        placed = self._sessions.place(exchange, content.calls, content.results.get, joined=joined)
        if not sampled:
            return
        above = parent.span_id if parent is not None else None
        if placed is not None and not joined:
            if placed.session_is_new:
                self._session(exchange)
            above = span_of_turn(placed.turn.session_id, placed.turn.key)
        if placed is not None:
            for turn in placed.ended:
                self._turn(turn)
            for called in placed.tools:
                self._tool(called)
        attributes = dict(content.attributes)
        if placed is not None:
            attributes["candela.turn.number"] = placed.turn.number
        held = _Held(attributes, (trace_id, above), joined, now + _CACHE_PATIENCE_S)
        if exchange.asks_message and exchange.outcome is Outcome.OK and exchange.cache is None:
            self._held[exchange.id] = (exchange, held)
        else:
            self._request(exchange, held)

    def _session(self, exchange: Exchange) -> None:
        """Add the span of a session. A session has no end: it lasts as long as its first request."""
        assert exchange.session_id is not None
        ids = (trace_of_session(exchange.session_id), span_of_session(exchange.session_id))
        attributes: Attributes = {**of_session(exchange)}
        if exchange.client is not None:
            attributes["candela.client"] = exchange.client
        self._recorder.span("session", ids, None, (exchange.started_at.timestamp(), _end(exchange)), attributes)

    def _turn(self, turn: TurnSpan) -> None:
        """Add the span of a turn that is over, unless the client has one in its own trace."""
        trace_id = trace_of_session(turn.session_id)
        if turn.joined or not is_sampled(trace_id, self._share):
            return
        attributes: Attributes = {
            OPERATION: "invoke_agent",
            CONVERSATION: turn.session_id,
            SESSION: turn.session_id,
            "candela.turn.number": turn.number,
            "candela.turn.requests": turn.requests,
            "candela.turn.cost_usd": float(turn.usd),
        }
        if turn.prompt_id is not None:
            attributes["candela.prompt.id"] = turn.prompt_id
        ids = (trace_id, span_of_turn(turn.session_id, turn.key))
        self._recorder.span("turn", ids, span_of_session(turn.session_id), (turn.start, turn.end), attributes)

    def _tool(self, called: CalledTool) -> None:
        """Add the span of a tool call, unless the client has one in its own trace."""
        exchange, call = called.exchange, called.call
        if parent_of(exchange.request_headers) is not None:
            return
        attributes: Attributes = {
            **of_session(exchange),
            OPERATION: "execute_tool",
            "gen_ai.tool.name": call.tool,
            "gen_ai.tool.call.id": call.id,
            "candela.tool.measured": called.measured,
        }
        if call.arguments is not None:
            attributes["gen_ai.tool.call.arguments"] = call.arguments
        if called.result is not None:
            attributes["gen_ai.tool.call.result"] = called.result
        if exchange.agent_id is not None:
            attributes["candela.agent.id"] = exchange.agent_id
        ids = (trace_of_exchange(exchange), span_of_tool_call(exchange.id, call.id))
        times = (called.start, called.end)
        self._recorder.span(f"execute_tool {call.tool}", ids, span_of_exchange(exchange.id), times, attributes)

    def _request(self, exchange: Exchange, held: _Held) -> None:
        trace_id, parent = held.parent
        attributes = of_request(exchange, cache_creation_name=self._settings.cache_creation_name)
        failed = error_type(exchange)
        words = exchange.error.message if exchange.error is not None else ""
        self._recorder.span(
            request_name(exchange),
            (trace_id, span_of_exchange(exchange.id)),
            parent,
            (exchange.started_at.timestamp(), _end(exchange)),
            {**attributes, **held.attributes},
            kind=SpanKind.CLIENT,
            error=(words or failed) if failed is not None else None,
            remote_parent=held.remote,
        )

    def _send(self) -> None:
        spans = self._recorder.take_spans()
        logs, self._logs = self._logs, []
        self.waiting = len(spans)
        refused: str | None = None
        for batch in _batches(spans):
            refused = self._deliver(len(batch), partial(self._collector.send_spans, batch)) or refused
            self.waiting -= len(batch)
        if logs:
            refused = self._deliver(len(logs), partial(self._collector.send_logs, logs)) or refused
        forwarded, self._forwarded = self._forwarded, []
        for each in forwarded:
            refused = self._deliver(1, partial(self._collector.forward, each.signal, each.body)) or refused
        if refused is not None:
            raise SinkError(refused)

    def _deliver(self, count: int, send: Callable[[], Result]) -> str | None:
        """Send a batch, again and again while the collector can't take it. Returns why some of it is lost."""
        pause, until = _FIRST_PAUSE_S, time.monotonic() + _GIVE_UP_S
        while True:
            result = send()
            words = f"[{self._name}] The {self._kind} {self._collector.name} {result.why}"
            if result.fate is Fate.SENT:
                self.trouble, self.unreachable = None, False
                self.lost += result.rejected
                return words if result.rejected else None
            self.trouble, self.unreachable = words, result.fate is Fate.LATER
            if result.fate is Fate.LOST or time.monotonic() >= until or self._closing.wait(pause):
                self.lost += count
                return f"{words}: spans are missing there"
            pause = min(2 * pause, _LONGEST_PAUSE_S)


def _sampled(body: bytes, share: float) -> bytes:
    """Return a client's request without the spans of traces that are not sent."""
    message = ExportTraceServiceRequest.FromString(body)
    for part in message.resource_spans:
        for scope in part.scope_spans:
            kept = [span for span in scope.spans if is_sampled(int.from_bytes(span.trace_id, "big"), share)]
            del scope.spans[:]
            scope.spans.extend(kept)
    data: bytes = message.SerializeToString()
    return data


def _batches(spans: Sequence[ReadableSpan]) -> Iterator[list[ReadableSpan]]:
    """Yield spans in batches that collectors take."""
    batch: list[ReadableSpan] = []
    size = 0
    for span in spans:
        characters = sum(len(value) for value in (span.attributes or {}).values() if isinstance(value, str))
        if batch and (len(batch) >= _BATCH or size + characters > _BATCH_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(span)
        size += characters
    if batch:
        yield batch


def _end(exchange: Exchange) -> float:
    return exchange.started_at.timestamp() + (exchange.duration_ms or 0) / 1000
