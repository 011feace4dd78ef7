"""What Claude Code 2.1.332 sends, in the form of JSON, less what is alike everywhere."""

from typing import Any

TRACE = "d104455555d364cbf21c8c02793ee650"
NANOSECONDS = 1_000_000_000
Document = dict[str, Any]
_RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]}


def logs(*records: Document) -> Document:
    """A request for /v1/logs."""
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": _pairs({"service.name": "claude-code"})},
                "scopeLogs": [{"logRecords": list(records)}],
            }
        ]
    }


def traces(*spans: Document) -> Document:
    """A request for /v1/traces."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _pairs({"service.name": "claude-code"})},
                "scopeSpans": [{"spans": list(spans)}],
            }
        ]
    }


def log(name: str, at: float, said: Document, span_id: str | None = None) -> Document:
    """A log record."""
    record = {
        "timeUnixNano": str(round(at * NANOSECONDS)),
        "body": {"stringValue": f"claude_code.{name}"},
        "attributes": _pairs({"event.name": name, **said}),
    }
    return record | ({"traceId": TRACE, "spanId": span_id} if span_id is not None else {})


def span(name: str, span_id: str, start: float, end: float, said: Document, parent: str | None = None) -> Document:
    """A span."""
    return {
        "traceId": TRACE,
        "spanId": span_id,
        **({"parentSpanId": parent} if parent is not None else {}),
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(round(start * NANOSECONDS)),
        "endTimeUnixNano": str(round(end * NANOSECONDS)),
        "attributes": _pairs(said),
    }


def of_tool(session: str, request_id: str | None, call_id: str, at: float) -> tuple[Document, Document]:
    """The logs and traces of a call of Bash, for which the user was asked for two seconds, and which ran for one."""
    common = {"session.id": session, "tool_use_id": call_id, "tool_name": "Bash", "prompt.id": "p1"}
    common |= {"request_id": request_id} if request_id is not None else {}
    decided = log(
        "tool_decision", at + 2, {**common, "decision": "accept", "source": "user_temporary"}, "52444f717228c568"
    )
    ended = log("tool_result", at + 3, {**common, "success": "true", "duration_ms": "1000"})
    waited = span(
        "claude_code.tool.blocked_on_user",
        "52444f717228c568",
        at,
        at + 2,
        {"session.id": session, "duration_ms": 2000},
        "d5fb98394c7b756c",
    )
    return logs(decided, ended), traces(waited)


def _pairs(said: Document) -> list[Document]:
    return [{"key": key, "value": _value(value)} for key, value in said.items()]


def _value(value: Any) -> Document:
    kind = {bool: "boolValue", int: "intValue", float: "doubleValue"}.get(type(value), "stringValue")
    return {kind: value}
