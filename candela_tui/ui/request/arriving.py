"""An answer's body as it arrives, and what the pages that follow it have in common.

The head of an answer (status and header fields) and its body come from two sources: the head from snapshots of the
exchange, the body from its recording, which is ahead of them. The body is given out only once the head is known, so
that whoever reads it knows how.
"""

from collections.abc import Iterator

from candela_tui.protocol.encoding import BadEncoding, CutShort, Decoder, answer_decoder_for
from candela_tui.protocol.headers import Headers, header
from candela_tui.protocol.messages import AnswerDecoder
from candela_tui.ui.bodies import Side
from candela_tui.ui.lines.lines import Lines
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.page import Subject
from candela_tui.ui.sides import answer_head, answered_by

Arrived = list[tuple[bytes, float]]
"""Chunks as they crossed, each with its time in milliseconds since the request was received."""


class Arriving:
    """Gives each chunk of an answer once, and undoes the answer's Content-Encoding."""

    def __init__(self, subject: Subject, side: Side | None = None) -> None:
        """``side``: whose bytes; None: whoever's are in the form of the Messages API."""
        self.taken = 0
        """Chunks given out so far."""
        self.ended = False
        """Nothing more will come."""
        self.trouble: str | None = None
        """Why the bytes can't be read (any further)."""
        self._subject = subject
        self._side = side
        self._decoder: Decoder | None = None
        self._begun = False
        self._headed = False

    async def take(self) -> Arrived:
        """The chunks since the last call; none before the answer's head is known. Raises StoreError."""
        # Asked before the chunks: what ends meanwhile has chunks that are still to be taken.
        exchange = self._subject.exchange
        live = exchange.live
        if not self._headed:
            if live and exchange.status is None:
                return []
            if not exchange.response_headers:
                await self._subject.read_head()
            self._headed = True
        chunks, times = await self._subject.bodies.answer_after(self.taken, self.side)
        self.taken += len(chunks)
        self.ended = not live
        return list(zip(chunks, times, strict=True))

    @property
    def side(self) -> Side:
        """Whose bytes these are: the client's where the provider's are the same."""
        exchange = self._subject.exchange
        if exchange.provider_status is None:
            return "client"
        return self._side or answered_by(exchange)

    def answer_decoder(self) -> AnswerDecoder:
        """A decoder of what these bytes say, for an answer whose head is known."""
        return AnswerDecoder(answer_head(self._subject.exchange, self.side)[0] or 0, self.content_type)

    @property
    def headers(self) -> Headers:
        """As far as they are known."""
        return answer_head(self._subject.exchange, self.side)[1]

    @property
    def content_type(self) -> str:
        """In small letters; empty where it is not known."""
        return (header(self.headers, "content-type") or "").lower()

    def readable(self, chunk: bytes) -> bytes:
        """The next chunk with its Content-Encoding undone; nothing once it can't be."""
        try:
            if not self._begun:
                self._begun = True
                encoding = header(self.headers, "content-encoding") or ""
                self._decoder = answer_decoder_for(encoding)
            return self._decoder.feed(chunk) if self._decoder else b""
        except BadEncoding as error:
            return self._undecodable(error)

    def last(self) -> bytes:
        """Return what the Content-Encoding held back, once everything was taken. What broke off is no trouble of its
        own: the record says so."""
        try:
            return self._decoder.finish() if self._decoder else b""
        except CutShort:
            return b""
        except BadEncoding as error:
            return self._undecodable(error)

    def _undecodable(self, error: BadEncoding) -> bytes:
        self.trouble = str(error)
        self._decoder = None
        return b""


class AnswerPage:
    """A page that is written on as the answer arrives."""

    def __init__(self, subject: Subject, width: int, *, side: Side | None = None) -> None:
        self.lines: Lines = WrittenLines()
        self.follows = subject.exchange.live
        self._subject = subject
        self._width = width
        self._arriving = Arriving(subject, side)

    async def open(self) -> Iterator[None]:
        """What has arrived."""
        return self._write(await self._arriving.take())

    async def more(self) -> Iterator[None] | None:
        """What arrived since."""
        return None if self._arriving.ended else self._write(await self._arriving.take())

    def _write(self, arrived: Arrived) -> Iterator[None]:
        raise NotImplementedError
