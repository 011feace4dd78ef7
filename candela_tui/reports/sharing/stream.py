"""Redacts a stream of server-sent events, in which a secret may be split over many events."""

from collections.abc import Iterable
from typing import Any

import msgspec

from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.sse import ServerSentEvent
from candela_tui.reports.body import TimedEvent
from candela_tui.reports.sharing.redactor import Redactor

_PIECES = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "signature_delta": "signature",
    "compaction_delta": "content",
}
"""The member of each kind of delta that has a piece of a longer text."""


def redacted_events(events: Iterable[TimedEvent], redactor: Redactor) -> list[TimedEvent]:
    """Return the events with what is private replaced. The whole text of a content block is in its first piece, the
    others are empty: the events and their times stay."""
    listed = list(events)
    pieces: dict[tuple[str, str], list[int]] = {}
    documents: dict[int, dict[str, Any]] = {}
    for at, timed in enumerate(listed):
        if (found := _piece(timed.event)) is not None:
            document, kind = found
            documents[at] = document
            pieces.setdefault((str(document.get("index")), kind), []).append(at)
    for (_, kind), places in pieces.items():
        name = _PIECES[kind]
        whole = "".join(documents[at]["delta"][name] for at in places)
        for number, at in enumerate(places):
            documents[at]["delta"][name] = "" if number else _redacted(whole, kind, redactor)
    return [
        TimedEvent(_written(timed.event, documents.get(at), redactor), timed.at_ms) for at, timed in enumerate(listed)
    ]


def _piece(event: ServerSentEvent) -> tuple[dict[str, Any], str] | None:
    document = decode_json(event.data)
    delta = document.get("delta") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(delta, dict):
        return None
    kind = str(delta.get("type"))
    name = _PIECES.get(kind)
    return (document, kind) if name is not None and isinstance(delta.get(name), str) else None


def _redacted(whole: str, kind: str, redactor: Redactor) -> str:
    if kind == "input_json_delta":
        document = redactor.json(whole.encode("utf-8", "replace"))
        if document is not None:
            return document.decode()
    return redactor.text(whole)


def _written(event: ServerSentEvent, document: dict[str, Any] | None, redactor: Redactor) -> ServerSentEvent:
    if document is not None:
        return ServerSentEvent(event.name, msgspec.json.encode(document))
    data = redactor.json(event.data)
    if data is None:
        data = redactor.text(event.data.decode("utf-8", "replace")).encode("utf-8", "replace")
    return ServerSentEvent(redactor.text(event.name), data)
