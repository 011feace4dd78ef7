"""The response body as it arrives, and the base of the pages that follow it.

The head of a response (status and header fields) and its body come from two sources: the head from snapshots of the
exchange, the body from its recording, which is ahead of them. The body is given out only once the head is known,
because the head says how to decode it.
"""

from collections.abc import Iterator

from candela_tui.analysis.traffic_side import TrafficSide, answer_head, answer_side
from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.protocol.encoding import BadEncoding, CutShort, Decoder, answer_decoder_for
from candela_tui.protocol.headers import Headers, header
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.widgets.text_view.lines import Lines
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

TimedChunks = list[tuple[bytes, float]]
"""Chunks as they crossed, each with its time in milliseconds since the request was received."""


class IncomingAnswer:
    """Yield each chunk of a response once, with its Content-Encoding undone."""

    def __init__(self, request: ShownRequest, side: TrafficSide | None = None) -> None:
        """``side`` says whose bytes to read; None: those in the form of the Messages API."""
        self.taken = 0
        """The number of chunks given out so far."""
        self.ended = False
        """Nothing more will come."""
        self.trouble: str | None = None
        """Why the bytes, or the rest of them, can't be decoded."""
        self._request = request
        self._side = side
        self._decoder: Decoder | None = None
        self._begun = False
        self._headed = False

    async def take(self) -> TimedChunks:
        """Return the chunks since the last call; none until the head of the response is known. Raises StoreError."""
        # Read before the chunks: if the exchange ends meanwhile, its last chunks are still to be taken.
        exchange = self._request.exchange
        live = exchange.live
        if not self._headed:
            if live and exchange.status is None:
                return []
            if exchange.response_headers is None:
                await self._request.read_head()
            self._headed = True
        chunks, times = await self._request.bodies.answer_after(self.taken, self.side)
        self.taken += len(chunks)
        self.ended = not live
        return list(zip(chunks, times, strict=True))

    @property
    def side(self) -> TrafficSide:
        """The side of these bytes: the client's if both are the same."""
        exchange = self._request.exchange
        if exchange.provider_status is None:
            return "client"
        return self._side or answer_side(exchange)

    def answer_decoder(self) -> AnswerDecoder:
        """Return a decoder for these bytes. The head of the response must be known."""
        return AnswerDecoder(answer_head(self._request.exchange, self.side)[0] or 0, self.content_type)

    @property
    def headers(self) -> Headers:
        """The response's header fields, as far as they are known."""
        return answer_head(self._request.exchange, self.side)[1]

    @property
    def content_type(self) -> str:
        """The content type in lower case; empty if it is not known."""
        return (header(self.headers, "content-type") or "").lower()

    def readable(self, chunk: bytes) -> bytes:
        """Decode the next chunk; return nothing once that has failed."""
        try:
            if not self._begun:
                self._begun = True
                encoding = header(self.headers, "content-encoding") or ""
                self._decoder = answer_decoder_for(encoding)
            return self._decoder.feed(chunk) if self._decoder else b""
        except BadEncoding as error:
            return self._undecodable(error)

    def last(self) -> bytes:
        """Return what the decoder held back, after the last chunk. A body cut short is not an error: the record
        says so."""
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
    """A page that is extended as the response arrives."""

    def __init__(self, request: ShownRequest, width: int, *, side: TrafficSide | None = None) -> None:
        self.lines: Lines = WrittenLines()
        self.follows = request.exchange.live
        self._request = request
        self._width = width
        self._incoming = IncomingAnswer(request, side)

    async def open(self) -> Iterator[None]:
        """Write what has arrived."""
        return self._write(await self._arrived())

    async def more(self) -> Iterator[None] | None:
        """Write what has arrived since, or return None at the end."""
        return None if self._incoming.ended else self._write(await self._arrived())

    async def _arrived(self) -> TimedChunks:
        return await self._incoming.take()

    def _write(self, arrived: TimedChunks) -> Iterator[None]:
        raise NotImplementedError
