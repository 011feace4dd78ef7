"""Read the beginning of a streamed answer, up to the event that shows whether it is an answer or an error."""

from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.protocol.answer_form import AnswerForm, form_by_header
from candela_tui.protocol.encoding import BadEncoding, answer_decoder_for
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.sse import ServerSentEvent

_MOST_BYTES = 256 * 1024
"""A stream without an event in so many bytes is passed on."""


class FirstEvent:
    """Judges a stream by its first event, and by what arrives together with it. Pings do not count."""

    def __init__(self, status: int, headers: HeaderList) -> None:
        kind = header(headers, "content-type") or ""
        self.known = form_by_header(kind) not in (AnswerForm.EVENTS, AnswerForm.FRAMES)
        """Whether the stream has been judged. What is not a stream needs no judgement."""
        self._answer = AnswerDecoder(status, kind, most_text=0)
        self._size = 0
        try:
            self._encoding = answer_decoder_for(header(headers, "content-encoding") or "")
        except BadEncoding:
            self.known = True

    @property
    def error(self) -> ApiError | None:
        """The error that the stream states in place of content."""
        fold = self._answer.fold
        return None if fold.has_content else fold.error

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body, as they came."""
        self._size += len(chunk)
        try:
            events = self._answer.feed(self._encoding.feed(chunk))
        except BadEncoding:
            self.known = True
        else:
            self.known = self._size > _MOST_BYTES or not all(map(_is_ping, events))


def _is_ping(event: ServerSentEvent) -> bool:
    if event.name:
        return event.name == "ping"
    document = decode_json(event.data)
    return isinstance(document, dict) and document.get("type") == "ping"
