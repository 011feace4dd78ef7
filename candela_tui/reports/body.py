"""A body as it is exported: with its Content-Encoding undone, and a stream's events with their times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from candela_tui.protocol.answer_form import AnswerForm, form_of
from candela_tui.protocol.encoding import BadEncoding, CutShort, answer_decoder_for, decode_whole
from candela_tui.protocol.headers import Headers, header
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event of a stream."""

    event: ServerSentEvent
    at_ms: float
    """Milliseconds since the request was received."""


@dataclass(slots=True)
class AnswerBody:
    """The body of an answer."""

    data: bytes = b""
    form: AnswerForm = AnswerForm.TEXT
    events: list[TimedEvent] = field(default_factory=list)
    """The server-sent events; empty for other forms."""
    trouble: str | None = None
    """Why the bytes, or the rest of them, can't be decoded."""


def read_answer_body(headers: Headers, chunks: Iterable[bytes], times: Iterable[float]) -> AnswerBody:
    """Decode the body of an answer. One that broke off is read as far as it arrived."""
    body = AnswerBody()
    decoded = list(_decoded(headers, zip(chunks, times, strict=True), body))
    body.data = b"".join(data for data, _ in decoded)
    content_type = (header(headers, "content-type") or "").lower()
    body.form = form_of(body.data, content_type, whole=True) or AnswerForm.TEXT
    if body.form is AnswerForm.EVENTS:
        events = SSEDecoder()
        body.events = [TimedEvent(event, at_ms) for data, at_ms in decoded for event in events.feed(data)]
    return body


def _decoded(
    headers: Headers, arrived: Iterable[tuple[bytes, float]], body: AnswerBody
) -> Iterator[tuple[bytes, float]]:
    at_ms = 0.0
    try:
        decoder = answer_decoder_for(header(headers, "content-encoding") or "")
        for chunk, at_ms in arrived:
            yield decoder.feed(chunk), at_ms
        yield decoder.finish(), at_ms
    except CutShort:
        pass
    except BadEncoding as error:
        body.trouble = str(error)


def read_request_body(headers: Headers, body: bytes) -> bytes:
    """Return the body of a request with its Content-Encoding undone, or as it is if that is not possible."""
    try:
        return decode_whole(header(headers, "content-encoding") or "", body)
    except BadEncoding:
        return body
