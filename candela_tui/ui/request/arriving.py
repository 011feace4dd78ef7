"""An answer's body as it arrives, and what the pages that follow it have in common."""

from collections.abc import Iterator

from candela_tui.protocol.encoding import BadEncoding, Decoder, decoder_for
from candela_tui.protocol.headers import header
from candela_tui.ui.lines.lines import Lines
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.page import Subject

Arrived = list[tuple[bytes, float]]
"""Chunks as they crossed, each with its time in milliseconds since the request was received."""


class Arriving:
    """Gives each chunk of an answer once, and undoes the answer's Content-Encoding."""

    def __init__(self, subject: Subject) -> None:
        self.taken = 0
        """Chunks given out so far."""
        self.ended = False
        """Nothing more will come."""
        self.trouble: str | None = None
        """Why the bytes can't be read (any further)."""
        self._subject = subject
        self._decoder: Decoder | None = None
        self._begun = False

    async def take(self) -> Arrived:
        """The chunks since the last call. Raises StoreError."""
        # Asked before the chunks: what ends meanwhile has chunks that are still to be taken.
        live = self._subject.exchange.live
        chunks, times = await self._subject.bodies.answer_after(self.taken)
        self.taken += len(chunks)
        self.ended = not live
        return list(zip(chunks, times, strict=True))

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of events, as far as its headers are known."""
        kind = header(self._subject.exchange.response_headers, "content-type") or ""
        return kind.lower().startswith("text/event-stream")

    def readable(self, chunk: bytes) -> bytes:
        """The next chunk with its Content-Encoding undone; nothing once it can't be."""
        try:
            if not self._begun:
                self._begun = True
                encoding = header(self._subject.exchange.response_headers, "content-encoding") or ""
                self._decoder = decoder_for(encoding)
            return self._decoder.feed(chunk) if self._decoder else b""
        except BadEncoding as error:
            self.trouble = str(error)
            self._decoder = None
            return b""


class AnswerPage:
    """A page that is written on as the answer arrives."""

    def __init__(self, subject: Subject, width: int) -> None:
        self.lines: Lines = WrittenLines()
        self.follows = subject.exchange.live
        self._subject = subject
        self._width = width
        self._arriving = Arriving(subject)

    async def open(self) -> Iterator[None]:
        """What has arrived."""
        return self._write(await self._arriving.take())

    async def more(self) -> Iterator[None] | None:
        """What arrived since."""
        return None if self._arriving.ended else self._write(await self._arriving.take())

    def _write(self, arrived: Arrived) -> Iterator[None]:
        raise NotImplementedError
