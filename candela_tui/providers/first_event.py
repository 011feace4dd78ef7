"""Read the beginning of a streamed answer, up to the event that shows whether it is an answer or an error.

Providers send ``message_start`` as soon as they have taken a request, and an ``overloaded_error`` may follow it at once
(https://docs.claude.com/en/docs/build-with-claude/streaming, "Error events"). So it shows as little as a ping does.
"""

from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.protocol.answer_form import AnswerForm, form_by_header
from candela_tui.protocol.encoding import BadEncoding, answer_decoder_for
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.sse import ServerSentEvent

_MOST_BYTES = 256 * 1024
"""A stream without an event in so many bytes is passed on."""
_AT_ONCE = 512
"""How many bytes are read before the next look: what comes after the first event need not be read."""
_SHOWS_NOTHING = frozenset({"ping", "message_start"})


class FirstEvent:
    """Judges a stream by its first event that begins content or states an error."""

    def __init__(self, status: int, headers: HeaderList) -> None:
        kind = header(headers, "content-type") or ""
        self.known = form_by_header(kind) not in (AnswerForm.EVENTS, AnswerForm.FRAMES)
        """Whether the stream has been judged. What is not a stream needs no judgement."""
        self.message_began = False
        """Whether the message has begun, of which there is no content yet."""
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
            data = self._encoding.feed(chunk)
        except BadEncoding:
            self.known = True
            return
        self.known = self._size > _MOST_BYTES
        for start in range(0, len(data), _AT_ONCE):
            for event in self._answer.feed(data[start : start + _AT_ONCE]):
                kind = _type_of(event)
                self.message_began = self.message_began or kind == "message_start"
                self.known = self.known or kind not in _SHOWS_NOTHING
            if self.known:
                return


def _type_of(event: ServerSentEvent) -> str | None:
    if event.name:
        return event.name
    document = decode_json(event.data)
    kind = document.get("type") if isinstance(document, dict) else None
    return kind if isinstance(kind, str) else None
