"""What Claude Code says of its requests and tools, from its log records and spans (2.1.197 and 2.1.332).

A tool call has a log record for the decision whether it may run, and one for its result. If tracing is on, a span says
how long it waited for that decision, and the record of the decision is in that span.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from candela_tui.client_telemetry.payload import Document, attributes, records
from candela_tui.exchange import ClientReport, ToolRun

_MOST_WAITING: Final = 1_000
"""Decisions and waits that are not joined yet."""
_NANOSECONDS: Final = 1_000_000_000
_MOST_TEXT: Final = 200


class ReportReader:
    """Reads reports. Not for several threads."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, tuple[str, str | None, ToolRun]] = OrderedDict()
        """Decisions by the id of the span that they are in: session, request and tool."""
        self._waits: OrderedDict[str, int] = OrderedDict()
        """Milliseconds that a decision took, by the id of its span."""

    def read(self, signal: str, document: Document) -> Iterator[ClientReport]:
        """Yield what a document says of requests and tools."""
        if signal not in ("traces", "logs"):
            return
        for record in records(signal, document):
            said = attributes(record)
            session_id = _text(said, "session.id")
            if session_id is not None:
                yield from (
                    self._of_span(record, said, session_id)
                    if signal == "traces"
                    else self._of_log(record, said, session_id)
                )

    def _of_log(self, record: Mapping[str, Any], said: Mapping[str, Any], session_id: str) -> Iterator[ClientReport]:
        at, request_id, call_id = (
            _seconds(record, "timeUnixNano"),
            _text(said, "request_id"),
            _text(said, "tool_use_id"),
        )
        match said.get("event.name"):
            case "api_request" if request_id is not None:
                usd = _usd(said.get("cost_usd"))
                if usd is not None:
                    yield ClientReport(session_id, request_id, at, usd)
            case "tool_decision" if call_id is not None:
                run = ToolRun(
                    call_id,
                    _text(said, "tool_name") or "",
                    decision=_text(said, "decision"),
                    source=_text(said, "source"),
                    decided_at=at,
                )
                span_id = record.get("spanId")
                if isinstance(span_id, str) and span_id:
                    waited = self._waits.pop(span_id, None)
                    if waited is None:
                        _remember(self._calls, span_id, (session_id, request_id, run))
                    else:
                        run = run.with_wait(waited)
                yield ClientReport(session_id, request_id, at, tool=run)
            case "tool_result" if call_id is not None:
                run = ToolRun(
                    call_id,
                    _text(said, "tool_name") or "",
                    ended_at=at,
                    ran_ms=_whole(said.get("duration_ms")),
                    success=_truth(said.get("success")),
                )
                yield ClientReport(session_id, request_id, at, tool=run)

    def _of_span(self, record: Mapping[str, Any], said: Mapping[str, Any], session_id: str) -> Iterator[ClientReport]:
        if record.get("name") != "claude_code.tool.blocked_on_user":
            return
        span_id, waited = record.get("spanId"), _whole(said.get("duration_ms"))
        if not isinstance(span_id, str) or waited is None:
            return
        known = self._calls.pop(span_id, None)
        if known is None:
            _remember(self._waits, span_id, waited)
            return
        _, request_id, run = known
        yield ClientReport(session_id, request_id, run.decided_at or 0, tool=run.with_wait(waited))


def _remember(known: "OrderedDict[str, Any]", span_id: str, value: Any) -> None:
    known[span_id] = value
    if len(known) > _MOST_WAITING:
        known.popitem(last=False)


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value[:_MOST_TEXT] if isinstance(value, str) and value else None


def _seconds(record: Mapping[str, Any], name: str) -> float:
    return (_whole(record.get(name)) or 0) / _NANOSECONDS


def _whole(value: Any) -> int | None:
    """Return a number, which JSON has as text where it is a whole one of 64 bits."""
    try:
        found = int(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and 0 <= found < 2**63 else None


def _truth(value: Any) -> bool | None:
    return (
        {True: True, False: False, "true": True, "false": False}.get(value) if isinstance(value, bool | str) else None
    )


def _usd(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value)) if isinstance(value, int | float | str) else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and 0 <= found < 1_000_000 else None
