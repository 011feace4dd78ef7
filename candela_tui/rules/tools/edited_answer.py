"""An answer whose calls of tools are judged before the client gets them.

Everything passes as it arrives, to the byte, but for calls that a rule is about: such a call is held back from its
beginning to its end, and then passes as it came, or something else takes its place.
"""

import logging
from typing import Protocol

from candela_tui.protocol.answer_form import AnswerForm, form_of
from candela_tui.protocol.bedrock.event_stream import CorruptFrame
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.identity import Dialect
from candela_tui.providers.translations import fields_behind
from candela_tui.providers.upstream import Translation
from candela_tui.rules.tools.chat_calls import ChatCalls
from candela_tui.rules.tools.held_calls import Verdicts
from candela_tui.rules.tools.message_calls import MessageCalls
from candela_tui.rules.tools.pieces import EventPieces, FramePieces, Pieces

logger = logging.getLogger(__name__)


class Calls(Protocol):
    """Finds the calls in one format of answers."""

    mark: bytes
    """What is in the JSON of each event that begins a call, or that is changed once one was left out."""
    judged: frozenset[bytes]
    """The names of the events to look at while no call is held back."""

    @property
    def holds(self) -> bool:
        """Whether a call is held back."""

    def event(self, piece: bytes, data: bytes) -> bytes:
        """Take the next event as it came, and its JSON. Return what the client gets now."""

    def release(self) -> bytes:
        """Return what is held back, because no more will come of it."""

    def document(self, body: bytes) -> bytes:
        """Return what the client gets in place of a whole answer."""


class EditedAnswer:
    """A translation whose output, or that of another one, passes the rules.

    A fault here lets the rest of the answer pass.
    """

    def __init__(
        self, inner: Translation | None, status: int, headers: HeaderList, dialect: Dialect, verdicts: Verdicts
    ) -> None:
        self._inner = inner
        self.headers = fields_behind(inner, headers)
        self.ping = b"" if inner is None else inner.ping
        self.over = False
        self.metrics: tuple[tuple[str, str], ...] = ()
        self._content_type = header(self.headers, "content-type") or ""
        self._dialect = dialect
        self._verdicts = verdicts
        self._head = b""
        self._pieces: Pieces | None = None
        self._calls: Calls | None = None
        self._document: list[bytes] | None = None
        self._passes = status >= 300
        """Whether nothing of it is judged any more."""

    def feed(self, chunk: bytes) -> bytes:
        """Take the provider's next bytes, and return what the client gets now."""
        return self._edited(chunk if self._inner is None else self._inner.feed(chunk))

    def finish(self) -> bytes:
        """Return the last bytes for the client."""
        last = self._edited(b"" if self._inner is None else self._inner.finish(), whole=True)
        return last + self._rest()

    def _edited(self, data: bytes, *, whole: bool = False) -> bytes:
        if self._inner is not None:
            self.over, self.metrics = self._inner.over, self._inner.metrics
        if self._passes:
            return data
        if self._calls is None:
            self._head += data
            data = self._begun(whole=whole)
        if self._document is not None:
            self._document.append(data)
            return b""
        if self._passes or self._pieces is None or self._calls is None:
            return data
        if not self._calls.holds and self._pieces.are_unmarked(data):
            return data
        edited, calls = list[bytes](), self._calls
        try:
            for piece, name in self._pieces.feed(data, lambda: calls.holds):
                edited.append(self._event(self._pieces, calls, piece, name))
            if not (self._passes or calls.holds) and (early := self._pieces.early()):
                edited.append(early)
        except CorruptFrame:
            # The client finds out by itself.
            self._passes = True
            edited.append(calls.release())
        if self._passes:
            edited.append(self._pieces.rest())
        return b"".join(edited)

    def _event(self, pieces: Pieces, calls: Calls, piece: bytes, name: bytes | None) -> bytes:
        if self._passes or name is None or not (calls.holds or name in calls.judged):
            return piece
        try:
            data = pieces.data(piece)
            return piece if data is None else calls.event(piece, data)
        except Exception:
            logger.exception("the rules about tools failed on an answer, which passed on")
            self._passes = True
            held = calls.release()
            return held if held.endswith(piece) else held + piece

    def _begun(self, *, whole: bool) -> bytes:
        """Find out the form of the answer. Return the bytes that are read from here on."""
        form = form_of(self._head, self._content_type, whole=whole)
        if form is None:
            return b""
        head, self._head = self._head, b""
        if form is AnswerForm.TEXT:
            self._passes = True
            return head
        chat = self._dialect == "openai"
        mark = ChatCalls.mark if chat else MessageCalls.mark
        self._pieces = FramePieces(mark) if form is AnswerForm.FRAMES else EventPieces(mark)
        framed = self._pieces.framed
        self._calls = ChatCalls(self._verdicts) if chat else MessageCalls(self._verdicts, framed)
        if form is AnswerForm.DOCUMENT:
            self._document = []
        return head

    def _rest(self) -> bytes:
        if self._document is not None and self._calls is not None and self._pieces is not None:
            body, self._document = b"".join(self._document), None
            return self._calls.document(body) if self._pieces.has_mark(body) else body
        head, self._head = self._head, b""
        if self._passes or self._calls is None or self._pieces is None:
            return head
        return self._calls.release() + self._pieces.rest()
